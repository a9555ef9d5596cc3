/*! Notifications in every envelope, and messages that are none. */

use std::fmt::Write;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::faults::choose;
use crate::objects::Planned;

/// As S3 does: like an HTML form.
fn form_encoded(key: &str) -> String {
    let mut text = String::new();
    for byte in key.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                text.push(byte as char)
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

fn record(object: &Planned) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-22T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "logs",
            "bucket": {"name": object.bucket, "arn": format!("arn:aws:s3:::{}", object.bucket)},
            "object": {
                "key": form_encoded(&object.key), "size": object.version.bytes.len(),
                "eTag": object.version.etag, "sequencer": "0055AED6DCD90281E5",
            },
        },
    })
}

/// A notification of some objects, in one envelope or another.
pub fn notification(rng: &mut Rng, objects: &[&Planned]) -> String {
    let mut records: Vec<Value> = objects.iter().map(|o| record(o)).collect();
    if rng.u8(0..6) == 0 {
        let mut removed = record(objects[0]);
        removed["eventName"] = json!("ObjectRemoved:Delete");
        records.insert(rng.usize(0..=records.len()), removed);
    }
    let s3 = json!({ "Records": records });
    match rng.u8(0..7) {
        0 => json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": s3.to_string()}).to_string(),
        1 if objects.len() == 1 => json!({
            "version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3", "account": "1", "region": "eu-central-1",
            "detail": {
                "version": "0", "bucket": {"name": objects[0].bucket}, "reason": "PutObject",
                // EventBridge does not encode keys.
                "object": {"key": objects[0].key, "size": objects[0].version.bytes.len(), "etag": objects[0].version.etag},
            },
        })
        .to_string(),
        2 => json!(s3.to_string()).to_string(),
        3 => json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": s3.to_string()}]}).to_string(),
        _ => s3.to_string(),
    }
}

/// Well-formed, with nothing to fetch.
pub fn idle(rng: &mut Rng) -> String {
    choose(
        rng,
        &[
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T00:00:00.000Z","Bucket":"logs-of-ours"}"#,
            r#"{"Type":"Notification","Message":"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\"}"}"#,
            r#"{"Records":[]}"#,
        ],
    )
    .to_string()
}

/// No notification at all.
pub fn garbage(rng: &mut Rng) -> String {
    choose(
        rng,
        &[
            "",
            "hello",
            "{",
            "{}",
            "[]",
            "null",
            r#"{"Records":"none"}"#,
            r#"{"Records":[{"eventVersion":"9.0","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}]}"#,
            r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"%FF"}}}]}"#,
        ],
    )
    .to_string()
}
