use std::collections::HashSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::notification::*;

fn cases(file: &str) -> Vec<Value> {
    let path = format!(
        "{}/fixtures/notifications/{file}",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn objects(found: &Notification) -> Value {
    let object = |object: &ObjectRef| json!({"bucket": object.bucket, "key": object.key, "size": object.size, "event_name": object.event_name, "region": object.region});
    found.objects.iter().map(object).collect()
}

fn matches(found: &Notification, expected: &Value) -> bool {
    match expected {
        Value::Array(_) => {
            objects(found) == *expected && found.ignored.is_empty() && found.invalid.is_empty()
        }
        Value::String(word) if word == "ignored" => {
            found.objects.is_empty() && !found.ignored.is_empty() && found.invalid.is_empty()
        }
        Value::String(word) if word == "invalid" => {
            found.objects.is_empty() && found.ignored.is_empty() && !found.invalid.is_empty()
        }
        Value::Object(fields) => match fields.get("any_of") {
            Some(choices) => choices
                .as_array()
                .unwrap()
                .iter()
                .any(|choice| matches(found, choice)),
            None => {
                objects(found) == fields["objects"]
                    && json!(found.ignored.len()) == fields["ignored"]
                    && json!(found.invalid.len()) == fields["invalid"]
            }
        },
        _ => panic!("case expects {expected}"),
    }
}

#[test]
fn every_fixture_is_read_as_expected() {
    let mut ids = HashSet::new();
    let mut wrong = Vec::new();
    for case in cases("cases.jsonl")
        .into_iter()
        .chain(cases("more.jsonl"))
        .chain(cases("aws2026.jsonl"))
    {
        let id = case["id"].as_str().unwrap().to_owned();
        let found = read(case["input"].as_str().unwrap());
        if !matches(&found, &case["expected"]) {
            wrong.push(format!("{id}: {found:?}, expected {}", case["expected"]));
        }
        assert!(ids.insert(id), "two cases with one id");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ids.len() > 120, "only {} cases were read", ids.len());
}

#[test]
fn reasons_name_the_path_of_the_part() {
    let body = json!({"Message": json!({"Records": [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "a"}}},
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": 1}}},
        {"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}, "object": {"key": "a"}}},
    ]}).to_string()})
    .to_string();
    let found = read(&body);
    assert_eq!(found.invalid, ["Message.Records[1]: key is not a string"]);
    assert_eq!(
        found.ignored,
        ["Message.Records[2]: ObjectRemoved:Delete creates no object"]
    );
    assert_eq!(found.objects.len(), 1);
}

#[test]
fn etags_lose_their_quotes_and_empty_versions_are_absent() {
    let record = json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"},
        "object": {"key": "k", "eTag": "\"abc-1\"", "versionId": "", "sequencer": "00AF"}}});
    let found = read(&record.to_string());
    assert_eq!(found.objects[0].etag.as_deref(), Some("abc-1"));
    assert_eq!(found.objects[0].version_id, None);
    assert_eq!(found.objects[0].sequencer.as_deref(), Some("00AF"));
    let event = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": "b"},
        "object": {"key": "k", "etag": "abc", "version-id": "v7"}}});
    let found = read(&event.to_string());
    assert_eq!(found.objects[0].etag.as_deref(), Some("abc"));
    assert_eq!(found.objects[0].version_id.as_deref(), Some("v7"));
}

#[test]
fn explain_prints_a_line_for_each_object_and_one_for_the_reasons() {
    let good = r#"{"eventName":"ObjectCreated:Put","awsRegion":"r","s3":{"bucket":{"name":"b"},"object":{"key":"a+b","size":3}}}"#;
    let bad =
        r#"{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":1}}}"#;
    let gone = r#"{"eventName":"ObjectRemoved:Delete"}"#;
    let lines =
        |records: &[&str]| explain(&read(&format!(r#"{{"Records":[{}]}}"#, records.join(","))));
    let object =
        r#"{"bucket":"b","key":"a b","size":3,"event_name":"ObjectCreated:Put","region":"r"}"#;
    assert_eq!(lines(&[good, gone]), [object]);
    assert_eq!(
        lines(&[bad, good]),
        [object, r#"{"invalid":"Records[0]: key is not a string"}"#]
    );
    assert_eq!(
        lines(&[gone]),
        [r#"{"ignored":"Records[0]: ObjectRemoved:Delete creates no object"}"#]
    );
    assert_eq!(
        explain(&read(
            r#"{"source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#
        )),
        [r#"{"bucket":"b","key":"k","size":null,"event_name":null,"region":null}"#]
    );
    assert_eq!(explain(&read("")), [r#"{"invalid":"empty"}"#]);
}

proptest! {
    #[test]
    fn any_text_is_read_and_explained(body in "\\PC*|[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        let found = read(&body);
        prop_assert!(!found.objects.is_empty() || !found.ignored.is_empty() || !found.invalid.is_empty());
        prop_assert!(!explain(&found).is_empty());
    }

    #[test]
    fn a_fixture_cut_or_changed_anywhere_does_not_panic(case in 0usize..40, at in 0.0..1.0f64, put in ".{0,3}") {
        let all = cases("cases.jsonl");
        let input = all[case % all.len()]["input"].as_str().unwrap();
        let mut at = (input.len() as f64 * at) as usize;
        while !input.is_char_boundary(at) {
            at -= 1;
        }
        read(&input[..at]);
        read(&format!("{}{put}{}", &input[..at], &input[at..]));
    }

    #[test]
    fn encoded_keys_are_decoded(key in "\\PC{1,40}|[+ %/\\[\\]$a-z0-9]{1,40}") {
        let percent = utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string();
        let form = percent.replace("%20", "+").replace("%2F", "/").replace("%2D", "-");
        for encoded in [percent, form] {
            let record = json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": encoded}}});
            let found = read(&json!({"Records": [record]}).to_string());
            prop_assert_eq!(&found.objects[0].key, &key);
        }
        let event = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": key}}});
        let found = read(&event.to_string());
        prop_assert_eq!(&found.objects[0].key, &key);
    }
}
