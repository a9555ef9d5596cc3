//! JSON that holds many events in one value, and more than the caps allow or less than a whole.

use serde_json::{Value, json};

use crate::decode::tests::containers::{envelope, found, read, read_with};
use crate::decode::tests::*;

#[test]
fn a_list_over_the_cap_is_refused_and_not_cut() {
    let records: Vec<Value> = (0..3000)
        .map(|i| json!({"id": i, "text": "x".repeat(500)}))
        .collect();
    let strings: Vec<Value> = (0..3000).map(|_| json!("x".repeat(500))).collect();
    let before = "{\"a\":1}\n";
    for list in [
        json!({"Records": records}).to_string(),
        serde_json::to_string_pretty(&json!({"Records": records})).unwrap(),
        json!({"logs": strings}).to_string(),
        json!({"total": 3000, "hits": records}).to_string(),
        json!([1, 2, {"Records": records}]).to_string(),
        format!(
            "[{{\"Records\":{}}},5]",
            json!((0..30).flat_map(|_| records.clone()).collect::<Vec<_>>())
        ),
        json!(records).to_string(),
        json!({"results": [records], "statistics": {}}).to_string(),
        // A logger's key does not make a record of a list.
        format!("{{\"message\":\"ok\",\"Records\":{}}}", json!(records)),
        format!(
            "{{\"time\":1,\"hits\":{{\"total\":5,\"hits\":{}}}}}",
            json!(records)
        ),
        format!("{{\"level\":5,\"some items\":{}}}", json!(records)),
    ] {
        // An array alone is no line: its elements are read.
        let alone = read(&list);
        let input = format!("{before}{list}\n{before}");
        let outcome = read(&input);
        let error = outcome.error.expect("an error");
        assert!(error.reason.contains("--max-event-bytes"), "{error}");
        assert_eq!(error.offset, before.len() as u64);
        assert_eq!(outcome.events.len(), 1);
        assert_eq!(
            alone.error.is_none(),
            list.starts_with("[{\"id\""),
            "{:?}",
            alone.error
        );
        assert!(alone.events.iter().all(|event| event.truncated == 0));
    }
}

#[test]
fn a_listed_event_that_cannot_be_held_is_refused() {
    let fields: serde_json::Map<String, Value> = (0..4000)
        .map(|i| (format!("f{i}"), json!("x".repeat(50))))
        .collect();
    let event = json!({"extractedFields": fields, "timestamp": 1, "message": "m", "eventId": "7"});
    let input = format!("[{},{event}]", found(0, "a"));
    let outcome = read_with(&input, &options(1024, None));
    assert_eq!(outcome.events.len(), 1);
    assert_eq!(
        outcome.error.unwrap().reason,
        "a listed event that is too long beside its message"
    );
    assert_eq!(read(&input).events[1].id.as_deref(), Some("7"));
}

#[test]
fn events_before_a_header_that_is_too_far_away_are_refused() {
    let whole = envelope(1, 300, 1000).to_string();
    // serde_json sorts keys, so the list comes first.
    assert!(whole.starts_with("{\"logEvents\":"));
    let outcome = read(&whole);
    assert_eq!((outcome.events.len(), outcome.error), (300, None));
    let outcome = read_with(&whole, &options(1024, None));
    assert_eq!(outcome.events, []);
    let reason = outcome.error.unwrap().reason;
    assert!(
        reason.contains("logEvents before its header") && reason.contains("--max-event-bytes"),
        "{reason}"
    );
    let outcome = read(&whole[..whole.len() / 2]);
    assert_eq!(outcome.events, []);
    assert_eq!(
        outcome.error.unwrap().reason,
        "an envelope that is cut off before its header is complete"
    );
}

#[test]
fn a_long_record_is_cut_as_any_event_is() {
    let long = "x".repeat(1_500_000);
    for record in [
        json!({"message": long, "level": "INFO"}),
        json!({"level": 5, "trace": long, "user items": vec![json!({"a": "y".repeat(1000)}); 1500]}),
        json!({"level": 5, "some words": vec!["y".repeat(1000); 1500]}),
        json!({"body": {"text": long}}),
    ] {
        for input in [format!("{record}\n"), format!("[{record}]")] {
            let outcome = read(&input);
            assert_eq!(outcome.error, None);
            assert_eq!(outcome.events.len(), 1);
            let event = &outcome.events[0];
            assert_eq!(event.text, record.to_string().as_bytes()[..1 << 20]);
            assert_eq!(
                event.truncated as usize,
                record.to_string().len() - (1 << 20)
            );
        }
    }
    let huge = json!(["x".repeat(8_000_000), "next"]).to_string();
    let outcome = read(&huge);
    assert_eq!(
        (outcome.events[0].text.len(), outcome.events[0].truncated),
        (1 << 20, 8_000_000 - (1 << 20))
    );
    assert_eq!(outcome.events[1].text, b"next");
}

#[test]
fn an_array_that_is_cut_or_broken_gives_what_came_before() {
    let whole = json!([envelope(0, 2, 5), envelope(1, 2, 5)]).to_string();
    for (input, events) in [
        (&whole[..whole.len() - 1], 4),
        // The header of the second envelope is not whole.
        (&whole[..whole.len() - 2], 2),
        (&whole[..whole.len() / 2], 1),
    ] {
        let outcome = read(input);
        assert!(outcome.error.is_some());
        assert!(outcome.events.len() >= events, "{}", outcome.events.len());
    }
    let forced = options(1 << 20, Some(Format::Subscription));
    let outcome = read_with("[{\"a\":1} {\"a\":2}]", &forced);
    assert_eq!(outcome.events.len(), 1);
    assert_eq!(
        outcome.error.unwrap().reason,
        "no comma between elements of an array"
    );
}
