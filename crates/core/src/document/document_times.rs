/*! The times of a document: the one that it shows, and the one that chooses its index. */

use crate::decode;
use crate::decode::{Event, Identity};
use crate::document::ObjectInfo;
use crate::document::flags::{Flag, Flags};
use crate::document::index_name::INDEXED_TIMES;
use crate::parse::Record;
use crate::time::calendar::DAY_MS;
use crate::time::rfc3339;

/// Times that a line's text may put into an index of their own: from 2014-11-13, when Lambda opened, to 2049, so that
/// wild texts cannot open an index each. Fixed: what an index is chosen by must be the same whenever the line is read.
/// Milliseconds since 1970.
const PLAUSIBLE: std::ops::Range<i64> = 1_415_836_800_000..2_524_608_000_000;

/// What an object tells of times, so far.
#[derive(Debug)]
pub(crate) struct Clock {
    last_modified: Option<i64>,
    /// The date in the object's key, milliseconds since 1970.
    key_day: Option<i64>,
    /// The last plausible time of an event.
    last: Option<i64>,
}

/// The times of a document, milliseconds since 1970.
pub(crate) struct DocumentTimes {
    pub timestamp: i64,
    /// The same without the object's LastModified.
    pub event_time: i64,
    /// Its day names the index.
    pub index_time: i64,
}

impl Clock {
    pub fn new(object: &ObjectInfo) -> Self {
        let key_day = decode::date_in(&object.key).map(|day| i64::from(day) * DAY_MS);
        Self {
            last_modified: object.last_modified,
            key_day: key_day.filter(|time| PLAUSIBLE.contains(time)),
            last: None,
        }
    }

    /// `@timestamp` is the file's time of an event, else the line's, else the object's LastModified. The index is
    /// chosen by what the id is made of and by nothing else, so that one event cannot come to two: the same bytes may
    /// be stored again later, a re-export has other neighbours, and a cap may cut a line's time off.
    pub fn when(&self, event: &Event<'_>, record: &Record<'_>, flags: &mut Flags) -> DocumentTimes {
        let stream_day = event.origin.stream_day.map(|day| i64::from(day) * DAY_MS);
        let (of_text, of_object) = match event.identity {
            // The object's key and all of its bytes.
            Identity::Offset | Identity::Inner(_) => (
                record.time.filter(|time| PLAUSIBLE.contains(time)),
                self.last.or(self.key_day),
            ),
            Identity::Content | Identity::CutContent(_) | Identity::EventId(_) => (None, None),
        };
        let known = of_object.or(stream_day).unwrap_or_default();
        let index_time = event.time.or(of_text).unwrap_or(known);
        let event_time = event.time.or(record.time).unwrap_or(known);
        let timestamp = match (event.time, record.time) {
            (None, None) => {
                flags.set(Flag::NoTimestamp);
                self.last_modified.unwrap_or(event_time)
            }
            (None, Some(time)) if !PLAUSIBLE.contains(&time) => {
                flags.set(Flag::TimeImplausible);
                event_time
            }
            _ => event_time,
        };
        if !INDEXED_TIMES.contains(&index_time) || !rfc3339::WRITABLE.contains(&timestamp) {
            flags.set(Flag::TimeOutOfRange);
        }
        DocumentTimes {
            timestamp,
            event_time,
            index_time,
        }
    }

    /// The event's document is written: the next event may have no time of its own.
    pub fn tick(&mut self, event: &Event<'_>, record: &Record<'_>) {
        let stated = event.time.or(record.time);
        self.last = stated.filter(|time| PLAUSIBLE.contains(time)).or(self.last);
    }
}
