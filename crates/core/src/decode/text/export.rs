/*! CloudWatch export text: an event begins at a line with a time and a blank; all other lines belong to the event before. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, TakenEvent};
use crate::time::iso8601::{EXPORT_PREFIX, export_time};

#[derive(Debug, Default)]
pub(crate) struct Export {
    /// The pending event's time, once its pending_time was looked at.
    pending_time: Option<Option<i64>>,
    /// Bytes of line breaks before the first event.
    pub blank: u64,
}

impl Export {
    /// The next event and its time; none if more bytes are needed or the end is reached.
    #[inline]
    pub fn next(&mut self, buffer: &mut Buffer) -> Option<(TakenEvent, Option<i64>)> {
        let time = match self.pending_time {
            Some(time) => time,
            None => self.begin(buffer)?,
        };
        let prefix = time.map_or(0, |_| EXPORT_PREFIX);
        let data = buffer.data();
        let mut scanned = buffer.scanned;
        let next = loop {
            let Some(i) = memchr(b'\n', &data[scanned..]) else {
                buffer.scanned = data.len();
                if !buffer.finished {
                    buffer.shed(prefix);
                    return None;
                }
                break None;
            };
            let line = scanned + i + 1;
            // KeysOfKind a digit can begin an event, and most lines that begin none are blank.
            if data.get(line).is_some_and(|b| !b.is_ascii_digit()) {
                scanned = line;
                continue;
            }
            if data.len() - line < EXPORT_PREFIX && !buffer.finished {
                buffer.scanned = line - 1;
                buffer.shed(prefix);
                return None;
            }
            scanned = line;
            let time = export_time(&data[line..]);
            if time.is_some() {
                buffer.scanned = line;
                break time;
            }
        };
        self.pending_time = next.map(Some);
        let taken = buffer.take(prefix);
        if time.is_none() && taken.text.is_empty() && taken.truncated == 0 {
            self.blank += buffer.offset() - taken.offset;
            return if next.is_some() {
                self.next(buffer)
            } else {
                None
            };
        }
        Some((taken, time))
    }

    /// Looks at the pending_time of the first event.
    fn begin(&mut self, buffer: &Buffer) -> Option<Option<i64>> {
        let data = buffer.data();
        if data.is_empty() || (data.len() < EXPORT_PREFIX && !buffer.finished) {
            return None;
        }
        let time = export_time(data);
        self.pending_time = Some(time);
        Some(time)
    }
}
