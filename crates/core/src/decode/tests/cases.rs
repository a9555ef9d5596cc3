use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::decode::tests::*;

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/../../fixtures/decode/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

fn cases(file: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap();
    fixture(file).lines().map(parse).collect()
}

/// A field of an event, by the name that cases give it.
fn field(event: &Got, name: &str) -> Value {
    let time = event.time.map(jiff::Timestamp::from_millisecond);
    match name {
        "offset" => json!(event.offset),
        "timestamp_ms" => json!(event.time),
        "timestamp" => json!(time.map(|time| format!("{:.3}", time.unwrap()))),
        "message" => json!(std::str::from_utf8(&event.text).ok()),
        "message_base64" => json!(STANDARD.encode(&event.text)),
        "truncated" => json!(event.truncated),
        "id" => json!(event.id),
        "identity" => match (&event.id, event.by_content) {
            (Some(_), _) => json!("id"),
            (None, true) => json!("content"),
            (None, false) => json!("offset"),
        },
        "account" | "owner" => json!(event.origin.account),
        "region" => json!(event.origin.region),
        "log_group" => json!(event.origin.log_group),
        "log_stream" => json!(event.origin.log_stream),
        "function_name" => json!(event.origin.function_name),
        "function_version" => json!(event.origin.function_version),
        "extracted" => {
            let extracted = event.origin.subscription.extracted.as_deref();
            json!(extracted.map(|fields| serde_json::from_str::<Value>(fields).unwrap()))
        }
        other => panic!("case expects {other}"),
    }
}

fn compare(id: &str, outcome: &Outcome, expected: &[Value], wrong: &mut Vec<String>) {
    if outcome.events.len() != expected.len() {
        let texts = outcome
            .events
            .iter()
            .map(|e| String::from_utf8_lossy(&e.text));
        wrong.push(format!("{id}: {:?}", texts.collect::<Vec<_>>()));
    }
    for (i, (event, expected)) in outcome.events.iter().zip(expected).enumerate() {
        for (name, value) in expected.as_object().unwrap() {
            let got = field(event, name);
            let same = match (name.as_str(), &got, value) {
                ("message", Value::String(got), Value::String(value)) => {
                    got == value.trim_end_matches(['\n', '\r'])
                        || (event.truncated > 0 && got == value)
                }
                _ => got == *value,
            };
            if !same {
                wrong.push(format!("{id}, event {i}: {name} is {got}, not {value}"));
            }
        }
    }
}

#[test]
fn every_case_of_our_own() {
    let mut wrong = Vec::new();
    for case in cases("more.jsonl")
        .into_iter()
        .chain(cases("aws2026.jsonl"))
    {
        let id = case["id"].as_str().unwrap();
        let input = match case.get("input_base64") {
            Some(data) => STANDARD.decode(data.as_str().unwrap()).unwrap(),
            None => case["input"].as_str().unwrap().as_bytes().to_vec(),
        };
        let force = case["force"].as_str().map(|name| name.parse().unwrap());
        let max = case["max"].as_u64().unwrap_or(1 << 20) as usize;
        let expected = &case["expected"];
        let key = case["key"].as_str().unwrap();
        let outcome = decode(key, &options(max, force), &input, &[usize::MAX]);
        for size in [1, 7, 30] {
            let known = options(max, outcome.format);
            let window = if known.format == Some(Format::Tail) {
                150
            } else {
                3
            };
            let pieces = decode_after(window, key, &known, &input, &[size]);
            assert_eq!(pieces, outcome, "{id} in chunks of {size}");
        }
        compare(
            id,
            &outcome,
            expected["events"].as_array().unwrap(),
            &mut wrong,
        );
        let facts = [
            (
                "format",
                json!(outcome.format.map(|format| format.to_string())),
            ),
            ("error", json!(outcome.error.is_some())),
            ("blank_bytes", json!(outcome.counters.blank_bytes)),
            ("control_messages", json!(outcome.counters.control_messages)),
        ];
        for (name, got) in facts {
            let default = if name == "error" {
                json!(false)
            } else {
                got.clone()
            };
            let value = expected.get(name).unwrap_or(&default);
            if got != *value {
                wrong.push(format!(
                    "{id}: {name} is {got}, not {value}: {:?}",
                    outcome.error
                ));
            }
        }
        assert_eq!(outcome.counters.events, outcome.events.len() as u64);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_public_case() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in cases("cases.jsonl") {
        let id = case["id"].as_str().unwrap();
        let input = case["input"].as_str().unwrap();
        let expected = &case["expected"];
        seen += 1;
        match case["category"].as_str().unwrap() {
            "file_export" => {
                for key in [EXPORT_KEY, "any.txt"] {
                    let outcome = decode(
                        key,
                        &options(1 << 20, None),
                        input.as_bytes(),
                        &[usize::MAX],
                    );
                    assert_eq!(outcome.format, Some(Format::Export), "{id}");
                    compare(
                        id,
                        &outcome,
                        expected["events"].as_array().unwrap(),
                        &mut wrong,
                    );
                }
            }
            "file_subscription" => {
                let outcome = decode(
                    "x",
                    &options(1 << 20, None),
                    input.as_bytes(),
                    &[usize::MAX],
                );
                assert_eq!(outcome.format, Some(Format::Subscription), "{id}");
                assert_eq!(outcome.error, None, "{id}");
                let one = [expected.clone()];
                let envelopes = expected["objects"]
                    .as_array()
                    .map_or(&one[..], Vec::as_slice);
                let events: Vec<Value> = envelopes.iter().flat_map(with_origin).collect();
                compare(id, &outcome, &events, &mut wrong);
            }
            "sam_tail_prefixed" => {
                let outcome = decode(
                    "x",
                    &options(1 << 20, None),
                    input.as_bytes(),
                    &[usize::MAX],
                );
                assert_eq!(outcome.format, Some(Format::Tail), "{id}");
                let request = expected["request_id"].as_str().unwrap();
                let version = expected["version"].as_str().unwrap();
                let event = json!({"log_stream": expected["log_stream"], "timestamp": expected["timestamp"],
                    "function_version": version, "message": format!("START RequestId: {request} Version: {version}")});
                compare(id, &outcome, &[event], &mut wrong);
            }
            "key_layout" => {
                let facts = KeyInfo::read(input, &[]);
                let got = json!({"export_task_id": facts.export_task_id, "log_stream": facts.log_stream, "chunk": facts.chunk, "is_write_test": facts.is_write_test});
                for (name, value) in expected.as_object().unwrap() {
                    assert_eq!(&got[name], value, "{id}: {name}");
                }
            }
            "stream_name" => {
                let name = log_stream::parse(input).unwrap();
                let got = json!({"date": name.date.replace('/', "-"), "function_name": name.function_name, "version": name.version, "environment_id": name.environment_id});
                assert_eq!(got, *expected, "{id}");
            }
            other => panic!("{id} is of an unknown kind: {other}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 16, "only {seen} cases were read");
}

/// The expected events of an envelope, with what its header says.
fn with_origin(envelope: &Value) -> Vec<Value> {
    let events = envelope["events"].as_array().unwrap().iter();
    let event = |event: &Value| {
        let mut event = event.clone();
        event["log_group"] = envelope["log_group"].clone();
        event["log_stream"] = envelope["log_stream"].clone();
        event
    };
    events.map(event).collect()
}

#[test]
fn extracted_fields_name_the_account() {
    let case = cases("cases.jsonl")
        .into_iter()
        .find(|case| case["id"] == "c352-501524");
    let input = case.unwrap()["input"].as_str().unwrap().to_owned();
    let outcome = decode(
        "x",
        &DecodeOptions::default(),
        input.as_bytes(),
        &[usize::MAX],
    );
    let origin = &outcome.events[0].origin;
    assert_eq!(origin.account.as_deref(), Some("999888777666"));
    assert_eq!(origin.region.as_deref(), Some("us-west-2"));
}

#[test]
fn whole_files() {
    let text = fixture("files/calo_node20.txt");
    let outcome = decode(
        EXPORT_KEY,
        &DecodeOptions::default(),
        text.as_bytes(),
        &[100],
    );
    assert_eq!(outcome.events.len(), 6);
    assert!(outcome.events[3].text.ends_with(b"\n}"));
    assert_eq!(
        outcome.events[0].origin.log_stream.as_deref(),
        Some("2026/11/23/[$LATEST]072b")
    );
    let text = fixture("files/cloudwatch_log_timeout.json");
    let outcome = decode("x", &DecodeOptions::default(), text.as_bytes(), &[100]);
    assert_eq!(outcome.events.len(), 4);
    assert_eq!(
        outcome.events[0].origin.function_name.as_deref(),
        Some("storms-cloudwatch-event")
    );
}

#[test]
fn a_pattern_names_the_group() {
    let key = "exports/aws-lambda-checkout/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2026-11-23-[9]072b/000003.gz";
    let options = DecodeOptions {
        log_groups: vec!["exports/{log_group}/".parse().unwrap()],
        ..DecodeOptions::default()
    };
    let outcome = decode(
        key,
        &options,
        b"2026-11-23T10:00:00.000Z a\n",
        &[usize::MAX],
    );
    let origin = &outcome.events[0].origin;
    assert_eq!(origin.log_group.as_deref(), Some("/aws/lambda/checkout"));
    assert_eq!(origin.function_name.as_deref(), Some("checkout"));
    assert_eq!(origin.function_version.as_deref(), Some("9"));
    assert_eq!(origin.stream_day, Some(20_780));
    assert_eq!(Decoder::new(key, &options).key().chunk, Some(3));
}

#[test]
fn binary_data_is_no_export_and_no_tail() {
    let export = b"\x852026-11-23T10:11:12.345Z text\n\xf0\x03\x012026-11-23T10:11:12.346Z next\n";
    let mut data = vec![0xff, 0x06, 0x00, 0x00, 0x9a, 0x01, 0x02];
    data.extend(export.repeat(3));
    data.extend(b"2026-11-23T10:11:12.345Z text\n");
    data.extend([0x00, 0xf1].repeat(2000));
    let outcome = decode(EXPORT_KEY, &DecodeOptions::default(), &data, &[usize::MAX]);
    assert!(outcome.error.unwrap().reason.starts_with("looks binary: "));
    let mut printed = b"2026-11-23T10:11:12.345Z text\n".to_vec();
    printed.extend([0x00, 0xf1].repeat(2000));
    let outcome = decode(
        EXPORT_KEY,
        &DecodeOptions::default(),
        &printed,
        &[usize::MAX],
    );
    assert_eq!((outcome.error, outcome.events.len()), (None, 1));
}
