//! JSON that holds many events in one value.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::decode::tests::firehose::failed;
use crate::decode::tests::*;

pub(crate) fn envelope(n: usize, events: usize, length: usize) -> Value {
    let event = |i: usize| {
        json!({"id": format!("{n:03}{i:053}"), "timestamp": 1_795_773_600_000u64 + i as u64,
               "message": format!("event {n} {i} {}\n", "x".repeat(length))})
    };
    json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/lambda/orders",
           "logStream": "2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef", "subscriptionFilters": ["all"],
           "logEvents": (0..events).map(event).collect::<Vec<_>>()})
}

fn listed(i: usize, message: &str) -> Value {
    json!({"timestamp": 1_795_773_600_000u64 + i as u64, "message": message, "ingestionTime": 1_795_773_601_000u64})
}

pub(crate) fn found(i: usize, message: &str) -> Value {
    json!({"logStreamName": "2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef", "timestamp": 1_795_773_600_000u64 + i as u64,
           "message": message, "ingestionTime": 1_795_773_601_000u64, "eventId": format!("{i:056}")})
}

/// Decoded in one piece and in small ones, which must come to the same.
pub(crate) fn read(input: &str) -> Outcome {
    read_with(input, &DecodeOptions::default())
}

pub(crate) fn read_with(input: &str, options: &DecodeOptions) -> Outcome {
    let outcome = decode("x.json", options, input.as_bytes(), &[usize::MAX]);
    for chunks in [&[4099][..], &[64 * 1024, 1, 777]] {
        assert_eq!(decode("x.json", options, input.as_bytes(), chunks), outcome);
    }
    let ids: std::collections::HashSet<_> = outcome
        .events
        .iter()
        .map(|event| event.id.clone().ok_or((event.offset, event.inner)))
        .collect();
    assert_eq!(
        ids.len(),
        outcome.events.len(),
        "two events are told apart by nothing"
    );
    outcome
}

pub(crate) fn texts(outcome: &Outcome) -> Vec<&str> {
    assert_eq!(outcome.error, None);
    assert!(outcome.events.iter().all(|event| event.truncated == 0));
    let text = |event| std::str::from_utf8(event).unwrap();
    outcome
        .events
        .iter()
        .map(|event| text(&event.text))
        .collect()
}

#[test]
fn an_array_of_envelopes_is_read_whatever_its_size() {
    let envelopes: Vec<Value> = (0..30).map(|n| envelope(n, 200, 400)).collect();
    let expected: Vec<String> = (0..30)
        .flat_map(|n| (0..200).map(move |i| format!("event {n} {i} {}", "x".repeat(400))))
        .collect();
    for input in [
        serde_json::to_string(&envelopes).unwrap(),
        format!(
            "\u{feff}\n\n{}\n",
            serde_json::to_string_pretty(&envelopes).unwrap()
        ),
        // Several arrays, and arrays of arrays.
        format!(
            "{}\n{}",
            json!(envelopes[..10]),
            json!([envelopes[10..20], envelopes[20..]])
        ),
        // One array a line.
        envelopes
            .chunks(3)
            .map(|three| format!("{}\n", json!(three)))
            .collect(),
    ] {
        let outcome = read(&input);
        assert_eq!(texts(&outcome), expected);
        assert_eq!(outcome.format, Some(Format::Subscription));
        let first = &outcome.events[0];
        assert_eq!(first.time, Some(1_795_773_600_000));
        assert_eq!(first.id.as_deref(), Some(format!("{:056}", 0).as_str()));
        assert_eq!(
            first.origin.log_group.as_deref(),
            Some("/aws/lambda/orders")
        );
    }
}

#[test]
fn an_array_of_records_or_strings_gives_each_element() {
    let record =
        |i: usize| json!({"level": "INFO", "message": format!("m{i}"), "rest": "x".repeat(500)});
    let records: Vec<Value> = (0..5000).map(record).collect();
    let expected: Vec<String> = records.iter().map(Value::to_string).collect();
    assert_eq!(texts(&read(&json!(records).to_string())), expected);
    let outcome = read(&serde_json::to_string_pretty(&records[..3]).unwrap());
    let parsed: Vec<Value> = texts(&outcome)
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert_eq!(parsed, records[..3]);
    let outcome = read("[\"a \\\"b\\\"\\n\", \"\\u00e9\",\n 5, null, [1, 2], {\"a\":[1]}]\n[]\n");
    assert_eq!(
        texts(&outcome),
        ["a \"b\"", "é", "5", "null", "[1, 2]", "{\"a\":[1]}"]
    );
    let messages: Vec<String> = (0..4000)
        .map(|i| format!("message {i} {}", "y".repeat(300)))
        .collect();
    assert_eq!(texts(&read(&json!(messages).to_string())), messages);
}

#[test]
fn lines_of_text_that_begin_like_arrays_stay_lines() {
    for line in [
        "[INFO] started",
        "[1, 2, 3]",
        "[\"a\", \"b\"] was the list",
        "[{'a': 1}]",
        "[[x]]",
        "[]",
        "[\"unfinished",
    ] {
        let input = format!("{line}\nnext line\n");
        let outcome = decode("x", &DecodeOptions::default(), input.as_bytes(), &[5]);
        let whole: Vec<u8> = outcome
            .events
            .iter()
            .flat_map(|event| [&event.text[..], b"\n"].concat())
            .collect();
        assert_eq!(String::from_utf8(whole).unwrap(), input);
        assert_eq!(outcome.format, Some(Format::Text));
    }
}

#[test]
fn what_the_cli_prints_of_a_stream_is_read_event_by_event() {
    let messages: Vec<String> = (0..3000)
        .map(|i| format!("line {i} {}", "z".repeat(500)))
        .collect();
    let events: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(i, m)| listed(i, m))
        .collect();
    let documents = [
        json!({"events": events, "nextForwardToken": "f/1", "nextBackwardToken": "b/1"})
            .to_string(),
        serde_json::to_string_pretty(&json!({"events": events, "nextForwardToken": "f/1"}))
            .unwrap(),
        format!(
            "{{\"nextForwardToken\":\"f/1\",\"nextBackwardToken\":\"b/1\",\"events\":{}}}\n",
            json!(events)
        ),
        // One page a line, and pages in an array.
        events
            .chunks(100)
            .map(|page| format!("{}\n", json!({"events": page, "nextForwardToken": "f"})))
            .collect(),
        json!(
            events
                .chunks(100)
                .map(|page| json!({"events": page}))
                .collect::<Vec<_>>()
        )
        .to_string(),
        // `--query events`
        json!(events).to_string(),
    ];
    for document in documents {
        let outcome = read(&document);
        assert_eq!(texts(&outcome), messages);
        assert_eq!(outcome.events[7].time, Some(1_795_773_600_007));
        assert_eq!(outcome.events[7].id, None);
    }
}

#[test]
fn what_the_cli_finds_in_a_group_has_streams_and_ids() {
    let messages = ["one", "two\nthree", "four"];
    let events: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(i, m)| found(i, m))
        .collect();
    let streams: Vec<Value> = (0..3000)
        .map(|i| json!({"logStreamName": format!("s{i}"), "searchedCompletely": true}))
        .collect();
    for document in [
        serde_json::to_string_pretty(&json!({"events": events, "searchedLogStreams": []})).unwrap(),
        format!(
            "{{\"searchedLogStreams\":{},\"events\":{}}}",
            json!(streams),
            json!(events)
        ),
        format!(
            "{{\"searchedLogStreams\":[],\"events\":[]}}\n{}",
            json!({"events": events, "nextToken": "t"})
        ),
        // Behind a record.
        format!("{}\n", json!({"events": events})),
    ] {
        let outcome = read(&document);
        assert_eq!(texts(&outcome), messages);
        let last = &outcome.events[2];
        assert_eq!(last.id.as_deref(), Some(format!("{:056}", 2).as_str()));
        assert_eq!(
            last.origin.log_stream.as_deref(),
            Some("2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef")
        );
        assert_eq!(last.origin.function_version.as_deref(), Some("$LATEST"));
    }
}

#[test]
fn a_listed_event_behind_an_envelope_has_no_group_of_it() {
    for bare in [listed(5, "bare"), found(5, "bare")] {
        let outcome = read(&json!([envelope(0, 1, 0), bare]).to_string());
        assert_eq!(texts(&outcome), ["event 0 0 ", "bare"]);
        let origin = &outcome.events[1].origin;
        assert_eq!((&origin.log_group, &origin.account), (&None, &None));
        let stream = bare["logStreamName"].as_str();
        assert_eq!(origin.log_stream.as_deref(), stream);
    }
}

#[test]
fn records_that_only_look_like_lists_stay_whole() {
    for record in [
        json!({"events": [{"type": "message", "timestamp": 5, "message": {"text": "hi"}}], "destination": "U1"}),
        json!({"events": []}),
        json!({"events": [1, 2]}),
        json!({"events": [{"timestamp": 5, "message": "m"}]}),
        json!({"a level": "INFO", "events": [listed(1, "m")]}),
        json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]}),
        json!({"rawData": 5, "attemptsMade": 1}),
        json!({"sequenceNumber": "5", "rawDate": "x"}),
    ] {
        let input = format!("{record}\n{record}\n");
        assert_eq!(
            texts(&read(&input)),
            [record.to_string(), record.to_string()]
        );
    }
}

/// Lines that look like containers, and are none.
const NO_CONTAINERS: [&str; 13] = [
    r#"{"rawData":"temperature=21"}"#,
    r#"{"errorCode":"E42","errorMessage":"bad frame","rawData":"A5 00 FF"}"#,
    r#"{"rawData":"abcd"}"#,
    r#"{"attemptsMade":3,"rawData":"no base64!"}"#,
    r#"{"attemptsMade":3,"arrivalTimestamp":1,"rawData":null}"#,
    r#"{"awslogs":{"data":"not base64 at all"}}"#,
    r#"{"awslogs":{"data":"abcd"}}"#,
    r#"{"awslogs":{}}"#,
    r#"{"logEvents":[{"id":"1","ti...(truncated)"#,
    r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{"id":"1","ti...(truncated)"#,
    r#"{"events":[],"nextToken":null}"#,
    r#"{"messageType":"CONTROL_MESSAGE","user":"bob"}"#,
    r#"{"messageType":"DATA_MESSAGE","user":"bob"}"#,
];

#[test]
fn a_line_that_is_no_valid_container_is_an_event_like_any_other() {
    let (json, text) = ("{\"level\":\"INFO\"}", "2026-11-27T10:00:00 text");
    for line in NO_CONTAINERS {
        for other in [json, text] {
            let before = format!("{other}\n{line}\n{other}\n{line}\n{other}\n");
            let outcome = read(&before);
            assert_eq!(texts(&outcome), [other, line, other, line, other]);
            assert_eq!(outcome.counters.control_messages, 0);
            // As the first line, and behind a container.
            let first = format!("{line}\n{other}\n");
            assert_eq!(texts(&read(&first)), [line, other]);
            let behind = format!("{}\n{line}\n{other}\n{line}", envelope(0, 1, 0));
            assert_eq!(texts(&read(&behind)), ["event 0 0 ", line, other, line]);
        }
    }
}

#[test]
fn an_envelope_that_is_torn_far_behind_its_start_condemns_nothing() {
    let sorted = envelope(0, 300, 500).to_string();
    let events = sorted.find(",\"logGroup\"").unwrap();
    let whole = format!(
        "{{{},{}",
        &sorted[events + 1..sorted.len() - 1],
        &sorted[1..events]
    );
    let torn = &whole[..whole.len() - 200];
    let input = format!("text\n{torn}...(truncated)\n[INFO] next\n  and its rest\n");
    let outcome = read(&input);
    let texts = texts(&outcome);
    assert_eq!(texts.len(), 1 + 299 + 2);
    assert!(texts[300].starts_with("{\"id\":") && texts[300].ends_with("...(truncated)"));
    assert_eq!(texts[301], "[INFO] next\n  and its rest");
    // Where the header stands behind the events, none of them is read.
    let torn = &sorted[..sorted.len() - 1000];
    let outcome = read(&format!("text\n{torn}...(truncated)\nnext\n"));
    let torn = format!("{torn}...(truncated)");
    assert_eq!(self::texts(&outcome), ["text", &torn, "next"]);
}

#[test]
fn containers_do_not_change_how_later_lines_are_read() {
    let lines = "ERROR got {\"a\":1} here\n    at foo (x.js:1)\n    at bar (x.js:2)\n[\"a\"] b\n\nTraceback (most recent call last):\n  File x\nValueError: {x}\n{\"b\":\n 2}\nlast\n";
    let expected = read(&format!("text\n{lines}"));
    let expected = texts(&expected);
    for before in ["text\n", ""] {
        let input = format!("{before}{}\n{lines}", envelope(1, 1, 0));
        let outcome = read(&input);
        let got = texts(&outcome);
        let skipped = usize::from(!before.is_empty());
        assert_eq!(got[skipped], "event 1 0 ");
        assert_eq!(got[skipped + 1..], expected[1..]);
    }
    // The control messages and empty pages of a file of containers are still skipped.
    let control = json!({"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "",
                         "subscriptionFilters": [], "logEvents": [{"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE"}]});
    let input = format!(
        "{control}\n{{\"events\":[],\"nextToken\":\"x\"}}\n{}",
        envelope(1, 1, 0)
    );
    let outcome = read(&input);
    assert_eq!(texts(&outcome), ["event 1 0 "]);
    assert_eq!(outcome.counters.control_messages, 1);
    assert_eq!(
        texts(&read("{\"events\":[],\"nextToken\":null}\n")),
        [""; 0]
    );
}

#[test]
fn a_listed_event_behind_an_envelope_does_not_inherit_from_it() {
    let input = json!([
        envelope(0, 1, 0),
        listed(1, "bare"),
        envelope(1, 1, 0),
        found(2, "own")
    ]);
    let outcome = read(&input.to_string());
    assert_eq!(texts(&outcome), ["event 0 0 ", "bare", "event 1 0 ", "own"]);
    assert_eq!(outcome.events[1].origin, Origin::default());
    assert_eq!(outcome.events[3].origin.log_group, None);
    assert!(outcome.events[3].origin.log_stream.is_some());
}

#[test]
fn a_container_behind_records_is_read_too() {
    let record = json!({"level": "INFO", "message": "m"}).to_string();
    let list = json!({"events": [listed(0, "a"), listed(1, "b")], "nextForwardToken": "f"});
    let input = format!("{record}\n{list}\n{record}\n{}\n", envelope(1, 2, 0));
    assert_eq!(
        texts(&read(&input)),
        [&record, "a", "b", &record, "event 1 0 ", "event 1 1 "]
    );
    let long = format!("{}\n{input}", "text\n".repeat(20_000));
    assert_eq!(read(&long).events.len(), 20_000 + 6);
}

fn element() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0usize..4, 0usize..30).prop_map(|(n, length)| envelope(n, n, length)),
        prop::collection::vec("[a\"é\n]{0,9}", 1..4).prop_map(|messages| {
            let events: Vec<Value> = messages
                .iter()
                .enumerate()
                .map(|(i, m)| listed(i, m))
                .collect();
            json!({"events": events, "nextForwardToken": "f"})
        }),
        "[a-z\"{}\\[\\],]{0,20}".prop_map(|text| json!(text)),
        any::<i32>().prop_map(|n| json!({"n": n, "list": [1, [2], {"a": "]"}]})),
        "[a-z]{1,40}".prop_map(|text| failed(text.as_bytes())),
        Just(json!([1, 2])),
    ]
}

proptest! {
    #[test]
    fn containers_of_any_kind(elements in prop::collection::vec(element(), 1..6), pretty in any::<bool>(), depth in 0usize..3, junk in prop::collection::vec(any::<u8>(), 0..3), at in any::<prop::sample::Index>(), chunk in 1usize..60, max in 1usize..200) {
        let mut value = json!([json!({"n": 0})]);
        value.as_array_mut().unwrap().extend(elements.clone());
        for _ in 0..depth {
            value = json!([value]);
        }
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let options = options(1 << 20, Some(Format::Subscription));
        let outcome = decode("x", &options, text.as_bytes(), &[chunk]);
        prop_assert_eq!(&outcome, &decode("x", &options, text.as_bytes(), &[usize::MAX]));
        prop_assert_eq!(&outcome.error, &None);
        let events = |element: &Value| match element {
            Value::Object(map) if map.contains_key("logEvents") => map["logEvents"].as_array().unwrap().len(),
            Value::Object(map) if map.contains_key("events") => map["events"].as_array().unwrap().len(),
            _ => 1,
        };
        prop_assert_eq!(outcome.events.len(), 1 + elements.iter().map(events).sum::<usize>());
        // Damaged, or with a cap: the same however it is cut.
        let mut damaged = text.into_bytes();
        let at = at.index(damaged.len());
        damaged.splice(at..at, junk);
        for options in [options, crate::decode::tests::options(max, None)] {
            let pieces = decode("x", &options, &damaged, &[chunk]);
            prop_assert_eq!(pieces, decode("x", &options, &damaged, &[usize::MAX]));
        }
    }
}
