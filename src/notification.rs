/*! The body of an SQS message → the objects that it names.

A notification comes in many envelopes: S3's own, inside an SNS message, inside an EventBridge event, any of these as a JSON
string, or as the `Records` that Lambda would have been given. [`read`] takes envelopes off until it meets S3's event and never
fails: whatever it cannot use is named in [`Notification::ignored`] (well-formed, nothing to fetch) or
[`Notification::invalid`] (not a notification; the queue's redrive policy is to have it). */

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::Serialize;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// An object that was created, as its notification names it. Nothing here is trusted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// Bucket name, as it came.
    pub bucket: String,
    /// Object key, decoded.
    pub key: String,
    /// Size in bytes, as stored.
    pub size: Option<u64>,
    /// Entity tag without its quotes.
    pub etag: Option<String>,
    /// Version, in a bucket that has versions.
    pub version_id: Option<String>,
    /// Hexadecimal, comparable for one key only.
    pub sequencer: Option<String>,
    /// Such as `ObjectCreated:Put`, as it came; `Object Created` in EventBridge events.
    pub event_name: Option<String>,
    /// AWS region of the bucket.
    pub region: Option<String>,
}

/// All that one message body says. At least one of the three lists has an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    /// Objects to fetch.
    pub objects: Vec<ObjectRef>,
    /// Why a part names no object to fetch, such as `Records[0]: ObjectRemoved:Delete creates no object`.
    pub ignored: Vec<String>,
    /// Why a part is not a notification, such as `Records[1]: key is not a string`.
    pub invalid: Vec<String>,
}

/// Envelopes inside envelopes, at most: SQS event → SNS → EventBridge → JSON string and some to spare.
const MAX_DEPTH: usize = 8;

/// Reads one message body. Never fails; see [`Notification`].
pub fn read(body: &str) -> Notification {
    let mut found = Notification::default();
    found.text(body, &Place::BODY);
    found
}

/// What `logferry explain notification` prints: one JSON object a line for each object named, and if parts are invalid or no
/// object is named, one line that says why.
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

/// Where in the body a part was found, for reasons.
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    const BODY: Place = Place {
        path: String::new(),
        depth: 0,
    };

    fn inside(&self, step: &str) -> Place {
        let path = if self.path.is_empty() {
            step.to_owned()
        } else {
            format!("{}.{step}", self.path)
        };
        Place {
            path,
            depth: self.depth + 1,
        }
    }

    /// The same place, one envelope further in.
    fn deeper(&self) -> Place {
        Place {
            path: self.path.clone(),
            depth: self.depth + 1,
        }
    }

    fn reason(&self, what: &str) -> String {
        if self.path.is_empty() {
            what.to_owned()
        } else {
            format!("{}: {what}", self.path)
        }
    }
}

impl Notification {
    fn ignore(&mut self, place: &Place, why: &str) {
        self.ignored.push(place.reason(why));
    }

    fn refuse(&mut self, place: &Place, why: &str) {
        self.invalid.push(place.reason(why));
    }

    fn text(&mut self, text: &str, place: &Place) {
        match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(value) => self.value(&value, place),
            Err(_) if text.trim().is_empty() => self.refuse(place, "empty"),
            Err(error) => self.refuse(place, &format!("not JSON: {error}")),
        }
    }

    fn value(&mut self, value: &Value, place: &Place) {
        if place.depth > MAX_DEPTH {
            return self.refuse(place, "too many envelopes inside one another");
        }
        match value {
            Value::String(text) => self.text(text, &place.deeper()),
            Value::Object(_) => self.envelope(value, place),
            // A batch, as EventBridge Pipes writes it.
            Value::Array(parts) if !parts.is_empty() => {
                for (i, part) in parts.iter().enumerate() {
                    self.value(part, &place.inside(&format!("[{i}]")));
                }
            }
            Value::Array(_) => self.refuse(place, "an empty JSON array"),
            _ => self.refuse(place, "not a JSON object"),
        }
    }

    fn envelope(&mut self, value: &Value, place: &Place) {
        let sns_type = text_of(value, "Type");
        if text_of(value, "Event") == Some("s3:TestEvent") {
            self.ignore(place, "s3:TestEvent");
        } else if let Some(records) = value.get("Records") {
            self.records(records, &place.inside("Records"));
        } else if matches!(
            sns_type,
            Some("SubscriptionConfirmation" | "UnsubscribeConfirmation")
        ) {
            let topic = text_of(value, "TopicArn").unwrap_or("an unnamed topic");
            let kind = sns_type.unwrap_or_default();
            self.ignore(place, &format!("SNS {kind} of {topic}"));
        } else if value.get("detail").is_some() || value.get("detail-type").is_some() {
            self.eventbridge(value, place);
        } else if value.get("s3").is_some() {
            self.record(value, place);
        } else if let Some(message) = value.get("Message") {
            self.value(message, &place.inside("Message"));
        } else if let Some(body) = value.get("body").or_else(|| value.get("Body")) {
            self.value(body, &place.inside("body"));
        } else if let Some(messages @ Value::Array(_)) = value.get("Messages") {
            // As `aws sqs receive-message` prints it.
            self.value(messages, &place.inside("Messages"));
        } else {
            self.refuse(place, "neither an S3, an SNS nor an EventBridge event");
        }
    }

    fn records(&mut self, records: &Value, place: &Place) {
        let Value::Array(records) = records else {
            return self.refuse(place, "not an array");
        };
        if records.is_empty() {
            self.ignore(place, "empty");
        }
        for (i, record) in records.iter().enumerate() {
            let place = Place {
                path: format!("{}[{i}]", place.path),
                depth: place.depth,
            };
            if let Some(body) = record.get("body") {
                self.value(body, &place.inside("body"));
            } else if let Some(message) = record.get("Sns").and_then(|sns| sns.get("Message")) {
                self.value(message, &place.inside("Sns.Message"));
            } else {
                self.record(record, &place);
            }
        }
    }

    /// One of S3's own records.
    fn record(&mut self, record: &Value, place: &Place) {
        if !record.is_object() {
            return self.refuse(place, "not a JSON object");
        }
        if let Some(source) = text_of(record, "eventSource").or(text_of(record, "EventSource"))
            && source != "s3"
            && !source.ends_with(":s3")
        {
            return self.ignore(place, &format!("an event of {source}, not of S3"));
        }
        let major = match record.get("eventVersion") {
            None | Some(Value::Null) => Cow::Borrowed("2"),
            Some(Value::String(version)) => Cow::Borrowed(version.as_str()),
            Some(other) => Cow::Owned(other.to_string()),
        };
        if major.split('.').next() != Some("2") {
            return self.refuse(
                place,
                &format!("eventVersion {major} is not supported, only 2.x"),
            );
        }
        let Some(event) = text_of(record, "eventName").filter(|event| !event.is_empty()) else {
            return self.refuse(place, "eventName is missing");
        };
        let name = event.strip_prefix("s3:").unwrap_or(event);
        if name == "TestEvent" {
            return self.ignore(place, "s3:TestEvent");
        }
        if name != "ObjectCreated" && !name.starts_with("ObjectCreated:") {
            return self.ignore(place, &format!("{event} creates no object"));
        }
        let region = text_of(record, "awsRegion");
        let s3 = record.get("s3").unwrap_or(&Value::Null);
        match object_ref(s3, form_decode) {
            Ok(object) => self.objects.push(ObjectRef {
                event_name: Some(event.to_owned()),
                region: owned(region),
                ..object
            }),
            Err(why) => self.refuse(place, why),
        }
    }

    fn eventbridge(&mut self, event: &Value, place: &Place) {
        let source = text_of(event, "source");
        let kind = text_of(event, "detail-type");
        match (source, kind) {
            (None, None) => return self.refuse(place, "detail without source or detail-type"),
            (Some(source), _) if source != "aws.s3" => {
                return self.ignore(place, &format!("an event of {source}, not of S3"));
            }
            (_, Some(kind)) if kind != "Object Created" => {
                return self.ignore(place, &format!("{kind} creates no object"));
            }
            // Security Lake leaves the type out.
            _ => {}
        }
        let detail = event.get("detail").unwrap_or(&Value::Null);
        match object_ref(detail, |key| Ok(key.to_owned())) {
            Ok(object) => self.objects.push(ObjectRef {
                event_name: owned(kind),
                region: owned(text_of(event, "region")),
                ..object
            }),
            Err(why) => self.refuse(place, why),
        }
    }
}

/// The bucket and object that S3's record (under `s3`) and EventBridge's (under `detail`) describe alike.
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
        bucket: bucket.to_owned(),
        key,
        size: object.get("size").and_then(Value::as_u64),
        etag: owned(either("eTag", "etag").map(|etag| etag.trim_matches('"'))),
        version_id: owned(either("versionId", "version-id")),
        sequencer: owned(text_of(object, "sequencer")),
        event_name: None,
        region: None,
    })
}

/// S3 encodes keys as HTML forms do: first `+` to blanks, then percent signs.
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

/// Empty strings stand for nothing (S3 writes `"versionId": ""`).
fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
