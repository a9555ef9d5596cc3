//! Which time a document has, and which index that puts it in.

use crate::document::tests::*;
use crate::time::calendar::DAY_MS;

#[test]
fn the_time_and_the_index_follow_the_file_before_the_line() {
    let mut known = origin();
    known.stream_day = None;
    let known = Arc::new(known);
    let day = DAY_MS;
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
            "2026.11.26",
            vec![],
        ),
        (
            None,
            Some(30_000 * day),
            modified,
            "2052-02-20T00:00:00.000Z",
            "1970.01.01",
            vec!["time_implausible"],
        ),
        (
            None,
            Some(0),
            modified,
            "1970-01-01T00:00:00.000Z",
            "1970.01.01",
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
            "1970.01.01",
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
            vec!["time_out_of_range", "time_implausible"],
        ),
    ];
    for (time, line, last_modified, timestamp, index, flags) in cases {
        let event = Event {
            time,
            identity: Identity::Offset,
            ..event("x", &known)
        };
        let record = Record {
            time: line,
            ..printed("x")
        };
        let object = ObjectInfo {
            key: "app.log".into(),
            last_modified,
            ..object()
        };
        let found = with(
            &object,
            &options(),
            &event,
            false,
            &record,
            &LineContext::default(),
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
    let object = ObjectInfo {
        last_modified: None,
        ..object()
    };
    let found = with(
        &object,
        &options(),
        &timeless,
        false,
        &printed("x"),
        &LineContext::default(),
    );
    assert_eq!(found["source"]["@timestamp"], "2026-11-23T00:00:00.000Z");
}

/// Indices of events without a time from the file; of each its identity, and the time that its text tells.
fn indices(key: &str, origin: &Arc<Origin>, events: &[(Identity<'_>, Option<i64>)]) -> Vec<String> {
    let of_object = |last_modified| {
        let object = ObjectInfo {
            key: key.to_owned(),
            last_modified,
            ..object()
        };
        let mut writer = LogDocumentWriter::new(&object, &options());
        let mut out = Vec::new();
        let mut indices = Vec::new();
        for (identity, time) in events {
            let event = Event {
                time: None,
                identity: *identity,
                ..event("x", origin)
            };
            let record = Record {
                time: *time,
                ..printed("x")
            };
            let id = writer.identify(&event);
            let place = writer.times(&event, &record).event_time;
            let context = LineContext::default();
            let written = writer.write(&event, false, &record, id, &context, &mut out);
            let action = one_line(&out[written.start..written.source]);
            let index = action["create"]["_index"].as_str().unwrap();
            let day = index.strip_prefix("logferry-logs-").unwrap().to_owned();
            indices.push((day, place));
        }
        indices
    };
    let told = of_object(Some(TIME));
    for last_modified in [None, Some(0), Some(TIME + 40 * DAY_MS)] {
        assert_eq!(of_object(last_modified), told, "{key}: by LastModified");
    }
    told.into_iter().map(|(day, _)| day).collect()
}

#[test]
fn an_index_does_not_depend_on_when_an_object_was_stored() {
    let nowhere = Arc::new(Origin::default());
    let stream = Arc::new(origin());
    let day = DAY_MS;
    let offset = |time| (Identity::Offset, time);
    let inner = |time| (Identity::Inner(3), time);
    // The fixed day; the text's time; the last time before; not one that no line can be from.
    assert_eq!(
        indices(
            "app.log",
            &nowhere,
            &[
                offset(None),
                offset(Some(TIME)),
                inner(None),
                offset(Some(TIME - 3 * day)),
                offset(Some(0)),
                offset(Some(i64::MAX)),
                inner(None),
            ]
        ),
        [
            "1970.01.01",
            "2026.11.23",
            "2026.11.23",
            "2026.11.20",
            "2026.11.20",
            "2026.11.20",
            "2026.11.20"
        ]
    );
    // The key's date, but for one that no object of Lambda's can have.
    assert_eq!(
        indices("f/2026/11/27/13/x", &nowhere, &[offset(None)]),
        ["2026.11.27"]
    );
    assert_eq!(
        indices("f/2096/11/27/13/x", &nowhere, &[offset(None)]),
        ["1970.01.01"]
    );
    assert_eq!(indices("app.log", &stream, &[offset(None)]), ["2026.11.23"]);
    // What lies beside the event in one object, or in its key, does not lie beside it in another; and a cap may cut a
    // text's time off.
    let by_id = Identity::EventId("7");
    for identity in [Identity::Content, Identity::CutContent(1), by_id] {
        let events = [
            offset(Some(TIME - day)),
            (identity, Some(TIME - 2 * day)),
            (identity, None),
        ];
        assert_eq!(
            indices("f/2026/11/27/13/x", &stream, &events)[1..],
            ["2026.11.23", "2026.11.23"]
        );
        assert_eq!(
            indices("f/2026/11/27/13/x", &nowhere, &events)[1..],
            ["1970.01.01", "1970.01.01"]
        );
    }
}
