/*! The bytes of a CloudWatch export go in; its events come out. An event begins at a line with a time and a blank; all
other lines belong to the event before them. */

use memchr::memchr;

use crate::decode::buffer::{Buffer, TakenEvent};
use crate::time::iso8601::{EXPORT_PREFIX, export_time};

/// The decoder of one export file.
#[derive(Debug, Default)]
pub(crate) struct Export {
    /// The pending event's time (`None` for text before the first event), once its first line was read.
    pending_time: Option<Option<i64>>,
    /// Number of bytes of line breaks before the first event.
    pub blank: u64,
}

impl Export {
    /// The next event and its time; `None` if more bytes are needed, or at the end.
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
            // An event begins with a digit. Most other lines are blank.
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

    /// Reads the time of the first event; `None` if more bytes are needed.
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
