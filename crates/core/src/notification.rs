/*! The body of an SQS message goes in; the objects that it names come out.

A notification comes in many envelopes: S3's own event, an SNS message around it, an EventBridge event, any of these
as a JSON string, or the `Records` of a Lambda invocation. `read` removes envelopes until it meets S3's event. It
never fails: a part that names no object is explained in `Notification::ignored` (well-formed, nothing to fetch) or
in `Notification::invalid` (not a notification; the queue's redrive policy should move the message). */

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::Serialize;
use serde_json::Value;

/// A created object as its notification describes it. The values are untrusted input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// Bucket name, as the notification writes it.
    pub bucket: String,
    /// Object key, URL-decoded.
    pub key: String,
    /// Size of the stored object in bytes.
    pub size: Option<u64>,
    /// Entity tag without its quotes.
    pub etag: Option<String>,
    /// Version id, if the bucket has versioning.
    pub version_id: Option<String>,
    /// S3's sequencer, hexadecimal. It orders the events of one key only.
    pub sequencer: Option<String>,
    /// The event's name as the notification writes it: `ObjectCreated:Put`, or `Object Created` in EventBridge events.
    pub event_name: Option<String>,
    /// AWS region of the bucket.
    pub region: Option<String>,
}

impl ObjectRef {
    /// The object of a bucket's key, of which nothing else is known.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        ObjectRef {
            bucket: bucket.into(),
            key: key.into(),
            size: None,
            etag: None,
            version_id: None,
            sequencer: None,
            event_name: None,
            region: None,
        }
    }
}

/// The content of one message body. At least one of the three lists has an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    /// Objects to fetch.
    pub objects: Vec<ObjectRef>,
    /// Reasons why a part names no object to fetch, such as `Records[0]: ObjectRemoved:Delete creates no object`.
    pub ignored: Vec<String>,
    /// Reasons why a part is not a notification, such as `Records[1]: key is not a string`.
    pub invalid: Vec<String>,
}

/// Maximum nesting of envelopes: SQS event → SNS → EventBridge → JSON string, and some to spare.
const MAX_DEPTH: usize = 8;

/// Reads one message body (JSON text). It never fails; see [`Notification`].
pub fn read(body: &str) -> Notification {
    let mut notification = Notification::default();
    notification.read_text(body, &Position::BODY);
    notification
}

/// The lines that `logferry explain notification` prints: one JSON object for each S3 object. If parts are invalid or
/// the body names no object, a last line gives the reasons.
pub fn explain(notification: &Notification) -> Vec<String> {
    #[derive(Serialize)]
    struct Object<'a> {
        bucket: &'a str,
        key: &'a str,
        size: Option<u64>,
        event_name: Option<&'a str>,
        region: Option<&'a str>,
    }
    let object = |object: &ObjectRef| {
        serde_json::to_string(&Object {
            bucket: &object.bucket,
            key: &object.key,
            size: object.size,
            event_name: object.event_name.as_deref(),
            region: object.region.as_deref(),
        })
        .expect("strings and numbers always have a JSON form")
    };
    let mut lines: Vec<String> = notification.objects.iter().map(object).collect();
    if !notification.invalid.is_empty() {
        lines.push(serde_json::json!({"invalid": notification.invalid.join("; ")}).to_string());
    } else if lines.is_empty() {
        lines.push(serde_json::json!({"ignored": notification.ignored.join("; ")}).to_string());
    }
    lines
}

/// The position of a part in the body: its path for the reasons, and its depth in envelopes.
struct Position {
    path: String,
    depth: usize,
}

impl Position {
    const BODY: Position = Position {
        path: String::new(),
        depth: 0,
    };

    fn inside(&self, step: &str) -> Position {
        let path = if self.path.is_empty() {
            step.to_owned()
        } else {
            format!("{}.{step}", self.path)
        };
        Position {
            path,
            depth: self.depth + 1,
        }
    }

    /// The same path, one envelope deeper.
    fn deeper(&self) -> Position {
        Position {
            path: self.path.clone(),
            depth: self.depth + 1,
        }
    }

    fn reason(&self, message: &str) -> String {
        if self.path.is_empty() {
            message.to_owned()
        } else {
            format!("{}: {message}", self.path)
        }
    }
}

impl Notification {
    fn add_ignored(&mut self, position: &Position, reason: &str) {
        self.ignored.push(position.reason(reason));
    }

    fn add_invalid(&mut self, position: &Position, reason: &str) {
        self.invalid.push(position.reason(reason));
    }

    fn read_text(&mut self, text: &str, position: &Position) {
        match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(value) => self.read_value(&value, position),
            Err(_) if text.trim().is_empty() => self.add_invalid(position, "empty"),
            Err(error) => self.add_invalid(position, &format!("not JSON: {error}")),
        }
    }

    fn read_value(&mut self, value: &Value, position: &Position) {
        if position.depth > MAX_DEPTH {
            return self.add_invalid(position, "too many envelopes inside one another");
        }
        match value {
            Value::String(text) => self.read_text(text, &position.deeper()),
            Value::Object(_) => self.read_envelope(value, position),
            // EventBridge Pipes writes a batch as an array.
            Value::Array(parts) if !parts.is_empty() => {
                for (i, part) in parts.iter().enumerate() {
                    self.read_value(part, &position.inside(&format!("[{i}]")));
                }
            }
            Value::Array(_) => self.add_invalid(position, "an empty JSON array"),
            _ => self.add_invalid(position, "not a JSON object"),
        }
    }

    fn read_envelope(&mut self, value: &Value, position: &Position) {
        let sns_type = text_of(value, "Type");
        if text_of(value, "Event") == Some("s3:TestEvent") {
            self.add_ignored(position, "s3:TestEvent");
        } else if let Some(records) = value.get("Records") {
            self.read_records(records, &position.inside("Records"));
        } else if matches!(
            sns_type,
            Some("SubscriptionConfirmation" | "UnsubscribeConfirmation")
        ) {
            let topic = text_of(value, "TopicArn").unwrap_or("an unnamed topic");
            let kind = sns_type.unwrap_or_default();
            self.add_ignored(position, &format!("SNS {kind} of {topic}"));
        } else if value.get("detail").is_some() || value.get("detail-type").is_some() {
            self.read_eventbridge(value, position);
        } else if value.get("s3").is_some() {
            self.read_record(value, position);
        } else if let Some(message) = value.get("Message") {
            self.read_value(message, &position.inside("Message"));
        } else if let Some(body) = value.get("body").or_else(|| value.get("Body")) {
            self.read_value(body, &position.inside("body"));
        } else if let Some(messages @ Value::Array(_)) = value.get("Messages") {
            // `aws sqs receive-message` prints `Messages`.
            self.read_value(messages, &position.inside("Messages"));
        } else {
            self.add_invalid(position, "neither an S3, an SNS nor an EventBridge event");
        }
    }

    fn read_records(&mut self, records: &Value, position: &Position) {
        let Value::Array(records) = records else {
            return self.add_invalid(position, "not an array");
        };
        if records.is_empty() {
            self.add_ignored(position, "empty");
        }
        for (i, record) in records.iter().enumerate() {
            let position = Position {
                path: format!("{}[{i}]", position.path),
                depth: position.depth,
            };
            if let Some(body) = record.get("body") {
                self.read_value(body, &position.inside("body"));
            } else if let Some(message) = record.get("Sns").and_then(|sns| sns.get("Message")) {
                self.read_value(message, &position.inside("Sns.Message"));
            } else {
                self.read_record(record, &position);
            }
        }
    }

    /// Reads one record of an S3 event.
    fn read_record(&mut self, record: &Value, position: &Position) {
        if !record.is_object() {
            return self.add_invalid(position, "not a JSON object");
        }
        if let Some(source) = text_of(record, "eventSource").or(text_of(record, "EventSource"))
            && source != "s3"
            && !source.ends_with(":s3")
        {
            return self.add_ignored(position, &format!("an event of {source}, not of S3"));
        }
        let major = match record.get("eventVersion") {
            None | Some(Value::Null) => Cow::Borrowed("2"),
            Some(Value::String(version)) => Cow::Borrowed(version.as_str()),
            Some(other) => Cow::Owned(other.to_string()),
        };
        if major.split('.').next() != Some("2") {
            return self.add_invalid(
                position,
                &format!("eventVersion {major} is not supported, only 2.x"),
            );
        }
        let Some(event) = text_of(record, "eventName").filter(|event| !event.is_empty()) else {
            return self.add_invalid(position, "eventName is missing");
        };
        let name = event.strip_prefix("s3:").unwrap_or(event);
        if name == "TestEvent" {
            return self.add_ignored(position, "s3:TestEvent");
        }
        if name != "ObjectCreated" && !name.starts_with("ObjectCreated:") {
            return self.add_ignored(position, &format!("{event} creates no object"));
        }
        let region = text_of(record, "awsRegion");
        let s3 = record.get("s3").unwrap_or(&Value::Null);
        match object_ref(s3, form_decode) {
            Ok(object) => self.objects.push(ObjectRef {
                event_name: Some(event.to_owned()),
                region: owned(region),
                ..object
            }),
            Err(reason) => self.add_invalid(position, reason),
        }
    }

    fn read_eventbridge(&mut self, event: &Value, position: &Position) {
        let source = text_of(event, "source");
        let kind = text_of(event, "detail-type");
        match (source, kind) {
            (None, None) => {
                return self.add_invalid(position, "detail without source or detail-type");
            }
            (Some(source), _) if source != "aws.s3" => {
                return self.add_ignored(position, &format!("an event of {source}, not of S3"));
            }
            (_, Some(kind)) if kind != "Object Created" => {
                return self.add_ignored(position, &format!("{kind} creates no object"));
            }
            // Security Lake omits `detail-type`.
            _ => {}
        }
        let detail = event.get("detail").unwrap_or(&Value::Null);
        match object_ref(detail, |key| Ok(key.to_owned())) {
            Ok(object) => self.objects.push(ObjectRef {
                event_name: owned(kind),
                region: owned(text_of(event, "region")),
                ..object
            }),
            Err(reason) => self.add_invalid(position, reason),
        }
    }
}

/// The bucket and object of `value`: S3's `s3` object and EventBridge's `detail` object have the same form.
fn object_ref(
    value: &Value,
    decode: impl Fn(&str) -> Result<String, &'static str>,
) -> Result<ObjectRef, &'static str> {
    let bucket = value.get("bucket").ok_or("bucket is missing")?;
    let object = value.get("object").ok_or("object is missing")?;
    let bucket = match bucket.get("name") {
        Some(Value::String(name)) => name.as_str(),
        None | Some(Value::Null) => text_of(bucket, "arn")
            .and_then(|arn| arn.rsplit_once(":::"))
            .map(|(_, name)| name)
            .ok_or("bucket name is missing")?,
        Some(_) => return Err("bucket name is not a string"),
    };
    if bucket.is_empty() {
        return Err("bucket name is empty");
    }
    let key = match object.get("key") {
        Some(Value::String(key)) if key.is_empty() => return Err("key is empty"),
        Some(Value::String(key)) => decode(key)?,
        None | Some(Value::Null) => return Err("key is missing"),
        Some(_) => return Err("key is not a string"),
    };
    let either = |a, b| text_of(object, a).or(text_of(object, b));
    Ok(ObjectRef {
        size: object.get("size").and_then(Value::as_u64),
        etag: owned(either("eTag", "etag").map(|etag| etag.trim_matches('"'))),
        version_id: owned(either("versionId", "version-id")),
        sequencer: owned(text_of(object, "sequencer")),
        ..ObjectRef::new(bucket, key)
    })
}

/// Decodes a key. S3 encodes keys like HTML forms: `+` stands for a blank, then percent-encoding.
fn form_decode(key: &str) -> Result<String, &'static str> {
    let blanks: Vec<u8> = key
        .bytes()
        .map(|b| if b == b'+' { b' ' } else { b })
        .collect();
    let bytes: Vec<u8> = percent_decode(&blanks).collect();
    String::from_utf8(bytes).map_err(|_| "key does not decode to UTF-8")
}

fn text_of<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// An owned copy; an empty string counts as absent (S3 writes `"versionId": ""`).
fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
