//! Which time a document has, and which index that puts it in.

use super::*;

#[test]
fn the_time_and_the_index_follow_the_file_before_the_line() {
    let mut known = origin();
    known.stream_day = None;
    let known = Arc::new(known);
    let day = 86_400_000;
    let modified = Some(TIME + 1);
    // event, line, object → @timestamp, index, flags
    let cases = [
        (
            Some(TIME),
            Some(0),
            modified,
            "2026-11-23T10:11:12.345Z",
            "2026.11.23",
            vec![],
        ),
        (
            None,
            Some(TIME - day),
            modified,
            "2026-11-22T10:11:12.345Z",
            "2026.11.22",
            vec![],
        ),
        (
            None,
            Some(TIME + day),
            modified,
            "2026-11-24T10:11:12.345Z",
            "2026.11.24",
            vec![],
        ),
        (
            None,
            Some(TIME + 3 * day),
            modified,
            "2026-11-26T10:11:12.345Z",
            "2026.11.23",
            vec!["time_implausible"],
        ),
        (
            None,
            Some(0),
            modified,
            "1970-01-01T00:00:00.000Z",
            "2026.11.23",
            vec!["time_implausible"],
        ),
        (
            None,
            Some(TIME),
            None,
            "2026-11-23T10:11:12.345Z",
            "2026.11.23",
            vec![],
        ),
        (
            None,
            None,
            modified,
            "2026-11-23T10:11:12.346Z",
            "2026.11.23",
            vec!["no_timestamp"],
        ),
        (
            None,
            None,
            None,
            "1970-01-01T00:00:00.000Z",
            "1970.01.01",
            vec!["no_timestamp"],
        ),
        (
            Some(-1),
            None,
            modified,
            "1969-12-31T23:59:59.999Z",
            "1970.01.01",
            vec!["time_out_of_range"],
        ),
        (
            Some(i64::MAX),
            None,
            modified,
            "9999-12-31T23:59:59.999Z",
            "1970.01.01",
            vec!["time_out_of_range"],
        ),
        (
            Some(i64::MIN),
            None,
            modified,
            "0000-01-01T00:00:00.000Z",
            "1970.01.01",
            vec!["time_out_of_range"],
        ),
        (
            None,
            Some(i64::MAX),
            Some(i64::MAX),
            "9999-12-31T23:59:59.999Z",
            "1970.01.01",
            vec!["time_out_of_range"],
        ),
    ];
    for (time, line, last_modified, timestamp, index, flags) in cases {
        let event = Event {
            time,
            ..event("x", &known)
        };
        let record = Record {
            time: line,
            ..said("x")
        };
        let object = ObjectFacts {
            last_modified,
            ..object()
        };
        let found = with(
            &object,
            &options(),
            &event,
            false,
            &record,
            &Surroundings::default(),
        );
        let case = format!("{time:?} {line:?} {last_modified:?}");
        assert_eq!(found["source"]["@timestamp"], timestamp, "{case}");
        assert_eq!(
            found["action"]["create"]["_index"],
            format!("logferry-logs-{index}"),
            "{case}"
        );
        let shown = &found["source"]["logferry"]["flags"];
        assert_eq!(
            *shown,
            if flags.is_empty() {
                Value::Null
            } else {
                json!(flags)
            },
            "{case}"
        );
    }
    let of_stream = Arc::new(origin());
    let timeless = Event {
        time: None,
        ..event("x", &of_stream)
    };
    let object = ObjectFacts {
        last_modified: None,
        ..object()
    };
    let found = with(
        &object,
        &options(),
        &timeless,
        false,
        &said("x"),
        &Surroundings::default(),
    );
    assert_eq!(found["source"]["@timestamp"], "2026-11-23T00:00:00.000Z");
}
