/*! Objects of every kind that a bucket may hold, and the messages that name them. Some objects can never be loaded. */

use fastrand::Rng;
use serde_json::json;

use crate::letters::Planted;
use crate::support::{by_eventbridge, by_sns, direct, gzip};

/// Documents with a level are refused in the index of this day: see [`crate::reference`].
pub const REFUSED_DAY: &str = "2026-11-22";
/// Keys whose events are identified by their offset.
pub const PLAIN: &str = "plain/";

const TASK: &str = "0f0f0f0f-1111-4222-8333-444444444444";

pub struct Object {
    pub key: String,
    pub bytes: Vec<u8>,
    pub planted: Vec<Planted>,
}

impl Object {
    pub fn sound(key: String, bytes: Vec<u8>) -> Self {
        let planted = Vec::new();
        Self {
            key,
            bytes,
            planted,
        }
    }
}

/// About one and a half objects for each stream.
pub fn objects(rng: &mut Rng, streams: u32) -> Vec<Object> {
    let mut objects = Vec::new();
    for stream in 0..streams {
        match stream % 12 {
            0 => objects.push(subscription(stream, rng)),
            1 => objects.push(plain(stream, rng)),
            2 => objects.push(cut(stream, rng)),
            3 => objects.push(refused(stream, rng)),
            4 if stream % 48 == 4 => objects.push(large(stream, rng)),
            _ => objects.extend(chunks(stream, rng)),
        }
    }
    objects
}

/// Messages that name each object once, some of them several objects, in different envelopes.
pub fn messages(bucket: &str, objects: &[Object], rng: &mut Rng) -> Vec<String> {
    let mut keys: Vec<&str> = objects.iter().map(|o| &*o.key).collect();
    rng.shuffle(&mut keys);
    let mut messages = Vec::new();
    while !keys.is_empty() {
        let taken = match rng.u32(..8) {
            0 => keys.len().min(3),
            _ => 1,
        };
        let together = keys.split_off(keys.len() - taken);
        messages.push(match rng.u32(..4) {
            0 => by_sns(bucket, &together),
            1 if taken == 1 => by_eventbridge(bucket, together[0]),
            _ => direct(bucket, &together),
        });
    }
    messages
}

pub fn export_key(task: &str, stream: u32, chunk: u32) -> String {
    export_key_under("exports/fn", task, stream, chunk)
}

pub fn export_key_under(prefix: &str, task: &str, stream: u32, chunk: u32) -> String {
    format!("{prefix}/{task}/2026-11-23-[$LATEST]{stream:032x}/{chunk:06}.gz")
}

/// Export text.
#[derive(Default)]
pub struct Text(String);

impl Text {
    /// Adds an event and returns its offset.
    pub fn event(&mut self, time: &str, message: &str) -> u64 {
        let offset = self.0.len() as u64;
        self.0.push_str(&format!("{time} {message}\n\n"));
        offset
    }

    pub fn gzip(&self) -> Vec<u8> {
        gzip(self.0.as_bytes())
    }
}

/// The events of one invocation, in their order.
pub fn invocation(stream: u32, i: u32, day: &str, words: &str) -> Vec<(String, String)> {
    let id = format!("{stream:08x}-0000-4000-8000-{i:012x}");
    let time = |ms: u32| {
        let at = i * 1000 + ms;
        let (minute, second) = (at / 60_000 % 60, at / 1000 % 60);
        format!("{day}T10:{minute:02}:{second:02}.{:03}Z", at % 1000)
    };
    let line = |level, text: String| format!("{}\t{id}\t{level}\t{text}", time(10));
    let mut events = vec![
        (time(0), format!("START RequestId: {id} Version: $LATEST")),
        (
            time(10),
            line("INFO", format!("line {i} of {stream} {words}")),
        ),
    ];
    if i % 5 == 4 {
        events.push((time(20), line("ERROR", format!("failure {i} of {stream}"))));
    }
    events.push((time(30), format!("END RequestId: {id}")));
    events.push((
        time(30),
        format!(
            "REPORT RequestId: {id}\tDuration: 30.50 ms\tBilled Duration: 31 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t"
        ),
    ));
    events
}

/// A stream whose export has two chunks; the last request of the first ends in the second.
fn chunks(stream: u32, rng: &mut Rng) -> Vec<Object> {
    let (mut first, mut second) = (Text::default(), Text::default());
    let (before, after) = (rng.u32(2..12), rng.u32(2..12));
    for i in 0..before + after {
        let events = invocation(stream, i, "2026-11-23", "");
        let split = if i + 1 == before { 2 } else { events.len() };
        for (n, (time, message)) in events.iter().enumerate() {
            match i < before && n < split {
                true => first.event(time, message),
                false => second.event(time, message),
            };
        }
    }
    vec![
        Object::sound(export_key(TASK, stream, 0), first.gzip()),
        Object::sound(export_key(TASK, stream, 1), second.gzip()),
    ]
}

/// The keys of the large objects.
pub fn large_keys(objects: &[Object]) -> Vec<&str> {
    let large = objects.iter().filter(|o| o.bytes.len() > 100_000);
    large.map(|o| &*o.key).collect()
}

/// Larger than a connection's buffers, so that its body can break.
fn large(stream: u32, rng: &mut Rng) -> Object {
    let mut text = Text::default();
    for i in 0..150 {
        let words: String = (0..240).map(|_| format!("{:016x}", rng.u64(..))).collect();
        for (time, message) in invocation(stream, i, "2026-11-24", &words) {
            text.event(&time, &message);
        }
    }
    Object::sound(export_key(TASK, stream, 0), text.gzip())
}

/// An object as a subscription filter writes it.
fn subscription(stream: u32, rng: &mut Rng) -> Object {
    let mut events = Vec::new();
    for i in 0..rng.u32(2..20) {
        for (n, (_, message)) in invocation(stream, i, "2026-11-23", "").iter().enumerate() {
            let timestamp = 1_795_428_000_000_u64 + u64::from(i) * 1000 + n as u64;
            let id = format!("{:056}", u64::from(stream) * 10_000 + events.len() as u64);
            events.push(json!({"id": id, "timestamp": timestamp, "message": message}));
        }
    }
    let envelope = json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/lambda/subscribed",
        "logStream": format!("2026/11/23/[$LATEST]{stream:032x}"), "subscriptionFilters": ["all"],
        "logEvents": events,
    });
    let key = format!("firehose/2026/11/23/10/{stream:08x}");
    Object::sound(key, gzip(envelope.to_string().as_bytes()))
}

/// Uncompressed lines under a key that says nothing about them.
fn plain(stream: u32, rng: &mut Rng) -> Object {
    let mut text = String::new();
    for i in 0..rng.u32(1..60) {
        text.push_str(&format!(
            "2026-11-23T11:00:{:02}.000Z plain line {i}\n",
            i % 60
        ));
    }
    Object::sound(format!("{PLAIN}{stream}.log"), text.into_bytes())
}

/// An object whose compressed stream is cut: it gives one dead letter.
fn cut(stream: u32, rng: &mut Rng) -> Object {
    let mut text = Text::default();
    for i in 0..rng.u32(20..60) {
        for (time, message) in invocation(stream, i, "2026-11-23", "") {
            text.event(&time, &message);
        }
    }
    let mut bytes = text.gzip();
    bytes.truncate(bytes.len() * 2 / 3);
    let key = export_key(TASK, stream, 0);
    let planted = vec![Planted::object(&key)];
    Object {
        key,
        bytes,
        planted,
    }
}

/// An object with some lines that the index refuses: each gives a dead letter.
fn refused(stream: u32, rng: &mut Rng) -> Object {
    let key = export_key(TASK, stream, 0);
    let (mut text, mut planted) = (Text::default(), Vec::new());
    for i in 0..rng.u32(2..12) {
        let day = if i % 4 == 3 {
            REFUSED_DAY
        } else {
            "2026-11-23"
        };
        for (time, message) in invocation(stream, i, day, "") {
            let offset = text.event(&time, &message);
            if day == REFUSED_DAY && message.contains(" of ") {
                planted.push(Planted::document(&key, offset));
            }
        }
    }
    let bytes = text.gzip();
    Object {
        key,
        bytes,
        planted,
    }
}
