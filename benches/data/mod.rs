/*! Log objects as a real account's, made from a seed: the same bytes for the same seed, everywhere.

Of the invocations 45 % are Node's, 35 % Python's and 20 % of functions that log JSON; gzip makes 5 to 8 of 1. */

use std::fmt::Write;

use fastrand::Rng;
use jiff::Timestamp;

/// 2026-11-21T08:00:00Z in milliseconds.
const START: i64 = 1_795_248_000_000;
const STREAM: &str = "2026/11/21/[$LATEST]9fd319804879d5a21c09e460cc0c91b5";
const WORDS: [&str; 40] = [
    "order",
    "payment",
    "customer",
    "received",
    "processed",
    "cache",
    "miss",
    "hit",
    "retrying",
    "queue",
    "message",
    "item",
    "invoice",
    "rendering",
    "pages",
    "from",
    "table",
    "query",
    "took",
    "status",
    "response",
    "request",
    "upstream",
    "validated",
    "schema",
    "version",
    "loading",
    "configuration",
    "sending",
    "notification",
    "user",
    "session",
    "token",
    "refreshed",
    "batch",
    "of",
    "records",
    "written",
    "to",
    "stream",
];

/// How a function logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    Node,
    Python,
    Json,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Line {
    /// Milliseconds since 1970.
    pub time: i64,
    /// As CloudWatch got it, with its final line break.
    pub text: String,
}

/// A source of invocations, one after another.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    time: i64,
    event_id: u128,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            time: START,
            event_id: 38_000_000_000_000_000_000_000_000_000_000_000_000,
        }
    }

    /// An object of an export of about this many bytes.
    pub fn export(&mut self, bytes: usize) -> Vec<u8> {
        let mut object = String::with_capacity(bytes + 8192);
        while object.len() < bytes {
            for line in self.any_invocation() {
                _ = write!(object, "{} {}", shown(line.time), line.text);
                // The event's own line break, then the export's.
                object.push('\n');
            }
        }
        object.into_bytes()
    }

    /// Envelopes of a subscription, one behind the other, of about this many bytes.
    pub fn subscription(&mut self, bytes: usize) -> Vec<u8> {
        let mut object = String::with_capacity(bytes + 8192);
        while object.len() < bytes {
            let events: Vec<_> = self
                .any_invocation()
                .into_iter()
                .map(|line| self.log_event(&line))
                .collect();
            let envelope = serde_json::json!({
                "messageType": "DATA_MESSAGE",
                "owner": "123456789012",
                "logGroup": "/aws/lambda/checkout",
                "logStream": STREAM,
                "subscriptionFilters": ["to-firehose"],
                "logEvents": events,
            });
            object.push_str(&envelope.to_string());
        }
        object.into_bytes()
    }

    /// Lines of a group of JSON format without anything around them, of about this many bytes.
    pub fn json_lines(&mut self, bytes: usize) -> Vec<u8> {
        let mut object = String::with_capacity(bytes + 8192);
        while object.len() < bytes {
            for line in self.invocation(Runtime::Json) {
                object.push_str(&line.text);
            }
        }
        object.into_bytes()
    }

    /// Events of a mixed stream, of about this many bytes.
    pub fn lines(&mut self, bytes: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut length = 0;
        while length < bytes {
            let more = self.any_invocation();
            length += more.iter().map(|line| line.text.len()).sum::<usize>();
            lines.extend(more);
        }
        lines
    }

    fn any_invocation(&mut self) -> Vec<Line> {
        let runtime = match self.rng.u8(0..100) {
            0..45 => Runtime::Node,
            45..80 => Runtime::Python,
            _ => Runtime::Json,
        };
        self.invocation(runtime)
    }

    /// All events of one invocation.
    pub fn invocation(&mut self, runtime: Runtime) -> Vec<Line> {
        let id = self.uuid();
        let mut lines = Vec::new();
        let count = 3 + self.rng.usize(0..12);
        let began = self.time;
        self.say(
            &mut lines,
            match runtime {
                Runtime::Json => platform(
                    began,
                    "start",
                    &format!(r#"{{"requestId":"{id}","version":"$LATEST"}}"#),
                ),
                _ => format!("START RequestId: {id} Version: $LATEST\n"),
            },
        );
        for _ in 0..count {
            let line = match runtime {
                Runtime::Node => self.node(&id),
                Runtime::Python => self.python(&id),
                Runtime::Json => self.json(&id),
            };
            self.say(&mut lines, line);
        }
        if runtime != Runtime::Json {
            self.say(&mut lines, format!("END RequestId: {id}\n"));
        }
        let report = self.report(runtime, &id, began);
        self.say(&mut lines, report);
        self.time += self.rng.i64(5..5_000);
        lines
    }

    fn say(&mut self, lines: &mut Vec<Line>, text: String) {
        let time = self.time;
        lines.push(Line { time, text });
        self.time += self.rng.i64(0..40);
    }

    fn node(&mut self, id: &str) -> String {
        let level = self.level();
        let mut text = format!("{}\t{id}\t{level}\t", shown(self.time));
        match self.rng.u8(0..20) {
            0 => text.push_str("{\n  statusCode: 200,\n  headers: { 'content-type': 'application/json' },\n  retries: 0\n}"),
            1 if level == "ERROR" => text.push_str(
                "Error: upstream closed the connection\n    at TLSSocket.onend (node:internal/tls:541:9)\n    at call (/var/task/index.js:41:17)\n    at async Runtime.handler (/var/task/index.js:12:5)",
            ),
            2..5 => {
                let (order, amount) = (self.number(), self.rng.u32(1..90_000));
                _ = write!(text, r#"{{"orderId":{order},"amount":{amount},"currency":"EUR","stage":"prod"}}"#);
            }
            _ => self.sentence(&mut text),
        }
        text.push('\n');
        text
    }

    fn python(&mut self, id: &str) -> String {
        if self.rng.u8(0..60) == 0 {
            return "[ERROR] KeyError: 'customer'\rTraceback (most recent call last):\r\u{a0}\u{a0}File \"/var/task/app.py\", line 41, in handler\r\u{a0}\u{a0}\u{a0}\u{a0}return load(event[\"customer\"])\n".to_owned();
        }
        let mut text = String::new();
        if self.rng.u8(0..8) > 0 {
            let level = match self.level() {
                "WARN" => "WARNING",
                level => level,
            };
            _ = write!(text, "[{level}]\t{}\t{id}\t", shown(self.time));
        }
        self.sentence(&mut text);
        text.push('\n');
        text
    }

    fn json(&mut self, id: &str) -> String {
        let (level, time) = (self.level(), shown(self.time));
        let mut said = String::new();
        self.sentence(&mut said);
        let (customer, took) = (self.number(), self.rng.u32(1..800));
        format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"requestId\":\"{id}\",\"message\":\"{said}\",\"service\":\"checkout\",\"customer\":{{\"id\":{customer},\"plan\":\"pro\"}},\"tookMs\":{took}}}\n",
        )
    }

    fn report(&mut self, runtime: Runtime, id: &str, began: i64) -> String {
        let took = (self.time - began) as f64 + f64::from(self.rng.u8(0..100)) / 100.0;
        let (billed, used) = (took.ceil(), self.rng.u16(80..250));
        if runtime == Runtime::Json {
            let record = format!(
                r#"{{"requestId":"{id}","metrics":{{"durationMs":{took},"billedDurationMs":{billed},"memorySizeMB":512,"maxMemoryUsedMB":{used}}},"status":"success"}}"#,
            );
            return platform(self.time, "report", &record);
        }
        let init = match self.rng.u8(0..25) {
            0 => format!("Init Duration: {}.5 ms\t", self.rng.u16(150..900)),
            _ => String::new(),
        };
        format!(
            "REPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: 512 MB\tMax Memory Used: {used} MB\t{init}\n"
        )
    }

    fn sentence(&mut self, out: &mut String) {
        for place in 0..self.rng.usize(4..14) {
            if place > 0 {
                out.push(' ');
            }
            match self.rng.u8(0..9) {
                0 => _ = write!(out, "{}", self.number()),
                _ => out.push_str(WORDS[self.rng.usize(..WORDS.len())]),
            }
        }
    }

    fn level(&mut self) -> &'static str {
        match self.rng.u8(0..100) {
            0..3 => "ERROR",
            3..10 => "WARN",
            10..25 => "DEBUG",
            _ => "INFO",
        }
    }

    /// Of an order or a customer: the same ones come back.
    fn number(&mut self) -> u32 {
        200_000 + self.rng.u32(0..500)
    }

    fn log_event(&mut self, line: &Line) -> serde_json::Value {
        self.event_id += 1 + u128::from(self.rng.u64(..));
        serde_json::json!({"id": self.event_id.to_string(), "timestamp": line.time, "message": line.text})
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.rng.u64(..), self.rng.u64(..));
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

fn shown(time: i64) -> String {
    let time = Timestamp::from_millisecond(time).expect("years of this century");
    format!("{time:.3}")
}

fn platform(time: i64, name: &str, record: &str) -> String {
    format!(
        "{{\"time\":\"{}\",\"type\":\"platform.{name}\",\"record\":{record}}}\n",
        shown(time)
    )
}
