/*! An event, its record and its object go in; the times of the document come out: its `@timestamp`, and the time that
selects its index. */

use crate::decode;
use crate::decode::{Event, Identity};
use crate::document::ObjectInfo;
use crate::document::flags::{Flag, Flags};
use crate::document::index_name::INDEXED_TIMES;
use crate::document::log::line_time;
use crate::parse::Record;
use crate::time::calendar::{self, DAY_MS};
use crate::time::rfc3339;

/// Times of a line's text that may select an index, in milliseconds since 1970: from 2014-11-13, when Lambda was
/// launched, to 2049. So arbitrary texts cannot create arbitrary indices. The range is constant, because a line must
/// select the same index whenever it is read.
const PLAUSIBLE: std::ops::Range<i64> = 1_415_836_800_000..2_524_608_000_000;

/// The times that an object has shown so far.
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
    /// As `timestamp`, without the object's LastModified and without what the head of a long line does not show.
    pub event_time: i64,
    /// The time whose day is the index's.
    pub index_time: i64,
    /// The time that the file or the line states, the same for any limit of a text's length.
    stated: Option<i64>,
    /// What is unusual about the times.
    pub flags: Flags,
}

impl DocumentTimes {
    /// Day of the index, in days since 1970-01-01.
    pub fn index_day(&self) -> i64 {
        calendar::day_of(self.index_time)
    }
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

    /// The times of an event. `@timestamp` is the file's time of the event, else the line's, else the object's
    /// LastModified. Only the parts of the id select the index, so that one event cannot be in two indices: the same
    /// bytes may be stored again later, a re-export has other neighbours, and a limit may cut a line's time off: of a
    /// long line, only a time in its head selects the index (see [`line_time`]).
    pub fn when(&self, event: &Event<'_>, record: &Record<'_>) -> DocumentTimes {
        let mut flags = Flags::default();
        let stream_day = event.origin.stream_day.map(|day| i64::from(day) * DAY_MS);
        let stated = event.time.or_else(|| line_time::stable(event, record));
        let (of_text, of_object) = match event.identity {
            // The id is made of the object's key and bytes.
            Identity::Offset | Identity::Inner(_) => (
                stated.filter(|time| PLAUSIBLE.contains(time)),
                self.last.or(self.key_day),
            ),
            Identity::Content | Identity::CutContent(_) | Identity::EventId(_) => (None, None),
        };
        let known = of_object.or(stream_day).unwrap_or_default();
        let index_time = event.time.or(of_text).unwrap_or(known);
        let event_time = stated.unwrap_or(known);
        let timestamp = match (event.time, record.time) {
            (None, None) => {
                flags.set(Flag::NoTimestamp);
                self.last_modified.unwrap_or(event_time)
            }
            (None, Some(time)) if !PLAUSIBLE.contains(&time) => {
                flags.set(Flag::TimeImplausible);
                time
            }
            (time, line) => time.or(line).unwrap_or(event_time),
        };
        if !INDEXED_TIMES.contains(&index_time) || !rfc3339::WRITABLE.contains(&timestamp) {
            flags.set(Flag::TimeOutOfRange);
        }
        DocumentTimes {
            timestamp,
            event_time,
            index_time,
            stated,
            flags,
        }
    }

    /// Keeps the event's time for the events behind it that have none.
    pub fn tick(&mut self, times: &DocumentTimes) {
        let plausible = times.stated.filter(|time| PLAUSIBLE.contains(time));
        self.last = plausible.or(self.last);
    }
}
