/*! An event and its record go in; the time of the line comes out, the same for any limit of a text's length. */

use crate::decode::Event;
use crate::decode::end_of_whole_members;
use crate::parse::{self, Record};

/// The time of a longer text is searched in this number of its first bytes, cut or not. It is less than the least
/// `--max-event-bytes` (1 KiB), so it does not depend on where a text is cut.
const HEAD: usize = 1000;

/// The time that the line states. Of a text of more than [`HEAD`] bytes, only the head counts.
pub(crate) fn stable(event: &Event<'_>, record: &Record<'_>) -> Option<i64> {
    if event.text.len() <= HEAD {
        record.time
    } else {
        of_head(&event.text[..HEAD])
    }
}

/// The time of a text as if its head were all of it. Of a JSON object, the members that the head has whole count.
#[cold]
fn of_head(head: &[u8]) -> Option<i64> {
    let head = String::from_utf8_lossy(head);
    match end_of_whole_members(head.trim_start().as_bytes()) {
        Some(end) => parse::parse(&format!("{}}}", &head.trim_start()[..end])).time,
        None => parse::parse(&head).time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_shows_a_time_or_there_is_none() {
        const TIME: i64 = 1_795_428_672_345;
        let long = "x".repeat(1200);
        let iso = "2026-11-23T10:11:12.345Z";
        for (text, time) in [
            (
                format!(r#"{{"timestamp":"{iso}","message":"{long}"}}"#),
                Some(TIME),
            ),
            (
                format!(r#"  {{"a":{{"b":[1]}},"time":"{iso}","m":"{long}"#),
                Some(TIME),
            ),
            (
                format!(r#"{{"message":"{long}","timestamp":"{iso}"}}"#),
                None,
            ),
            (
                format!(r#"{{"message":"{}","timestamp":"{iso}"}}"#, "x".repeat(960)),
                None,
            ),
            (
                format!("{iso}\t8a3c5f10-1111-4222-8333-aaaaaaaaaaaa\tINFO\t{long}"),
                Some(TIME),
            ),
            (
                format!("{iso}\t8a3c5f10-1111-4222-8333-aaaaaaaaaaaa\tINFO\t{{\"a\":\"{long}"),
                Some(TIME),
            ),
            (format!("{long} {iso}"), None),
            ("é".repeat(600), None),
        ] {
            assert_eq!(of_head(&text.as_bytes()[..HEAD]), time, "{text}");
        }
    }
}
