/*! A seed goes in; log objects like those of a real account come out. The same seed gives the same bytes on every
machine.

45 % of the invocations are Node's, 35 % Python's and 20 % of functions that log JSON. gzip (level 6) shrinks the
objects to a fifth to an eighth. */

use std::fmt::Write;

use fastrand::Rng;
use jiff::Timestamp;

mod messages;

/// 2026-11-21T08:00:00Z in milliseconds.
const START: i64 = 1_795_248_000_000;
const STREAM: &str = "2026/11/21/[$LATEST]9fd319804879d5a21c09e460cc0c91b5";

/// Runtime or log format of a function.
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
    /// Text as CloudWatch received it, with its final line break.
    pub text: String,
}

/// A function of the account.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub runtime: Runtime,
    /// Memory size in megabytes.
    pub memory: u16,
}

const fn function(name: &'static str, runtime: Runtime, memory: u16) -> Function {
    Function {
        name,
        runtime,
        memory,
    }
}

/// Twenty functions, so that each runtime has its share.
pub const FUNCTIONS: [Function; 20] = {
    use Runtime::{Json, Node, Python};
    [
        function("checkout", Node, 512),
        function("orders-api", Node, 1024),
        function("orders-stream", Python, 256),
        function("thumbnails", Python, 2048),
        function("inventory", Json, 256),
        function("customers-api", Node, 512),
        function("session-authorizer", Node, 128),
        function("invoices-render", Python, 1769),
        function("payments-webhook", Node, 256),
        function("payments-settle", Json, 512),
        function("shipment-tracker", Python, 256),
        function("search-indexer", Python, 1024),
        function("email-sender", Node, 128),
        function("notifier", Json, 256),
        function("reports-nightly", Python, 3008),
        function("stock-sync", Node, 512),
        function("price-rules", Json, 512),
        function("gdpr-export", Python, 512),
        function("edge-redirects", Node, 128),
        function("audit-trail", Node, 256),
    ]
};

/// A generator of invocations.
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

    /// The next invocation starts at this time, in milliseconds since 1970.
    pub fn set_time(&mut self, time: i64) {
        self.time = time;
    }

    /// Time of the next event in milliseconds since 1970.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// An export object of about `bytes` bytes, with invocations of all kinds.
    pub fn export(&mut self, bytes: usize) -> Vec<u8> {
        let mut object = String::with_capacity(bytes + 8192);
        while object.len() < bytes {
            exported(&self.any_invocation(), &mut object);
        }
        object.into_bytes()
    }

    /// Appends one invocation of a function in export format. Returns its number of events.
    pub fn exported_invocation(&mut self, function: &Function, out: &mut String) -> usize {
        let lines = self.invocation_of(function);
        exported(&lines, out);
        lines.len()
    }

    /// The export's key for a new stream of a function.
    pub fn export_key(&mut self, function: &Function) -> String {
        let (task, stream) = (uuid(&mut self.rng), hex(&mut self.rng, 16));
        let (name, time) = (function.name, shown(self.time));
        let day = &time[..10];
        format!("exports/aws-lambda-{name}/{task}/{day}-[$LATEST]{stream}/000000.gz")
    }

    /// Consecutive envelopes of a subscription, of about `bytes` bytes.
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

    /// Bare JSON lines of a log group in JSON format, of about `bytes` bytes.
    pub fn json_lines(&mut self, bytes: usize) -> Vec<u8> {
        let mut object = String::with_capacity(bytes + 8192);
        while object.len() < bytes {
            for line in self.invocation_of(&FUNCTIONS[4]) {
                object.push_str(&line.text);
            }
        }
        object.into_bytes()
    }

    /// Events of a mixed stream, of about `bytes` bytes.
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
        let function = FUNCTIONS[self.rng.usize(0..FUNCTIONS.len())];
        self.invocation_of(&function)
    }

    /// All events of one invocation.
    pub fn invocation_of(&mut self, function: &Function) -> Vec<Line> {
        let id = uuid(&mut self.rng);
        let mut lines = Vec::new();
        let count = 2 + self.rng.usize(0..9);
        let cold = self.rng.u8(0..30) == 0;
        if cold {
            let start = self.init_start(function);
            self.say(&mut lines, start);
        }
        let began = self.time;
        self.say(
            &mut lines,
            match function.runtime {
                Runtime::Json => platform(
                    began,
                    "start",
                    &format!(r#"{{"requestId":"{id}","version":"$LATEST"}}"#),
                ),
                _ => format!("START RequestId: {id} Version: $LATEST\n"),
            },
        );
        for _ in 0..count {
            let line = match function.runtime {
                Runtime::Node => self.node(&id),
                Runtime::Python => self.python(&id),
                Runtime::Json => self.json(&id, function),
            };
            self.say(&mut lines, line);
        }
        if function.runtime != Runtime::Json {
            self.say(&mut lines, format!("END RequestId: {id}\n"));
        }
        let report = self.report(function, &id, began, cold);
        self.say(&mut lines, report);
        self.time += self.rng.i64(5..900);
        lines
    }

    fn say(&mut self, lines: &mut Vec<Line>, text: String) {
        let time = self.time;
        lines.push(Line { time, text });
        self.time += self.rng.i64(0..40);
    }

    fn init_start(&mut self, function: &Function) -> String {
        let runtime = match function.runtime {
            Runtime::Python => "python:3.13.v61",
            _ => "nodejs:22.v57",
        };
        let arn = "arn:aws:lambda:eu-central-1::runtime:8df6a1e5b0c3f7a94de2c1b86a53d90fe7214c6b";
        match function.runtime {
            Runtime::Json => platform(
                self.time,
                "initStart",
                &format!(
                    r#"{{"initializationType":"on-demand","phase":"init","runtimeVersion":"{runtime}","runtimeVersionArn":"{arn}","functionName":"{}","functionVersion":"$LATEST"}}"#,
                    function.name
                ),
            ),
            _ => format!("INIT_START Runtime Version: {runtime}\tRuntime Version ARN: {arn}\n"),
        }
    }

    fn node(&mut self, id: &str) -> String {
        let level = self.level();
        let mut text = format!("{}\t{id}\t{level}\t", shown(self.time));
        match self.rng.u8(0..20) {
            _ if level == "ERROR" => {
                text.push_str("Error: ");
                messages::sentence(&mut self.rng, 5, &mut text);
                messages::node_stack(&mut self.rng, &mut text);
            }
            0 => {
                _ = write!(
                    text,
                    "{{\n  statusCode: 200,\n  headers: {{ 'content-type': 'application/json', 'content-length': {} }},\n  retries: {}\n}}",
                    self.rng.u16(..),
                    self.rng.u8(0..3)
                )
            }
            1..4 => {
                let (order, amount) = (messages::number(&mut self.rng), self.rng.u32(1..90_000));
                _ = write!(
                    text,
                    r#"{{"orderId":{order},"amount":{amount},"currency":"EUR","stage":"prod","items":{},"correlationId":"{}"}}"#,
                    self.rng.u8(1..9),
                    uuid(&mut self.rng)
                );
            }
            _ => messages::say(&mut self.rng, &mut text),
        }
        text.push('\n');
        text
    }

    fn python(&mut self, id: &str) -> String {
        if self.rng.u8(0..120) == 0 {
            let mut text = "[ERROR] KeyError: 'customer'\r".to_owned();
            messages::traceback(&mut self.rng, &mut text);
            text.push('\n');
            return text;
        }
        let mut text = String::new();
        // Printed lines have no prefix.
        if self.rng.u8(0..8) > 0 {
            let level = match self.level() {
                "WARN" => "WARNING",
                level => level,
            };
            _ = write!(text, "[{level}]\t{}\t{id}\t", shown(self.time));
            if level == "ERROR" {
                messages::sentence(&mut self.rng, 5, &mut text);
                text.push('\r');
                messages::traceback(&mut self.rng, &mut text);
                text.push('\n');
                return text;
            }
        }
        messages::say(&mut self.rng, &mut text);
        text.push('\n');
        text
    }

    fn json(&mut self, id: &str, function: &Function) -> String {
        let (level, time) = (self.level(), shown(self.time));
        let mut message = String::new();
        messages::say(&mut self.rng, &mut message);
        let customer = messages::number(&mut self.rng);
        let (plan, took) = (
            ["free", "pro", "team"][self.rng.usize(0..3)],
            self.rng.u32(1..800),
        );
        // Members in the order of Lambda's JSON format: level before message.
        let mut line = format!(
            r#"{{"timestamp":"{time}","level":"{level}","requestId":"{id}","message":{},"service":"{}","customer":{{"id":{customer},"plan":"{plan}"}},"tookMs":{took}"#,
            serde_json::Value::from(message),
            function.name,
        );
        if level == "ERROR" {
            let mut stack = "UpstreamError: upstream closed the connection".to_owned();
            messages::node_stack(&mut self.rng, &mut stack);
            let stack: serde_json::Value = stack.split('\n').map(str::trim).collect();
            _ = write!(
                line,
                r#","errorType":"UpstreamError","errorMessage":"upstream closed the connection","stackTrace":{stack}"#
            );
        }
        line.push_str("}\n");
        line
    }

    fn report(&mut self, function: &Function, id: &str, began: i64, cold: bool) -> String {
        let took = (self.time - began) as f64 + f64::from(self.rng.u8(0..100)) / 100.0;
        let memory = function.memory;
        let (billed, used) = (took.ceil(), self.rng.u16(60..memory.max(100)));
        let init = self.rng.u16(150..900);
        if function.runtime == Runtime::Json {
            let init = match cold {
                true => format!(r#","initDurationMs":{init}.52"#),
                false => String::new(),
            };
            let record = format!(
                r#"{{"requestId":"{id}","metrics":{{"durationMs":{took:?},"billedDurationMs":{billed},"memorySizeMB":{memory},"maxMemoryUsedMB":{used}{init}}},"status":"success"}}"#,
            );
            return platform(self.time, "report", &record);
        }
        let init = match cold {
            true => format!("Init Duration: {init}.52 ms\t"),
            false => String::new(),
        };
        // Some functions are traced.
        let xray = match memory {
            512 => format!(
                "\nXRAY TraceId: 1-{}-{}\tSegmentId: {}\tSampled: true\t",
                hex(&mut self.rng, 4),
                hex(&mut self.rng, 12),
                hex(&mut self.rng, 8)
            ),
            _ => String::new(),
        };
        format!(
            "REPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\t{init}{xray}\n"
        )
    }

    fn level(&mut self) -> &'static str {
        match self.rng.u16(0..1000) {
            0..12 => "ERROR",
            12..60 => "WARN",
            60..200 => "DEBUG",
            _ => "INFO",
        }
    }

    fn log_event(&mut self, line: &Line) -> serde_json::Value {
        self.event_id += 1 + u128::from(self.rng.u64(..));
        serde_json::json!({"id": self.event_id.to_string(), "timestamp": line.time, "message": line.text})
    }
}

/// Appends events in export format: the event's own line break, then the exporter's.
pub fn exported(lines: &[Line], out: &mut String) {
    for line in lines {
        _ = writeln!(out, "{} {}", shown(line.time), line.text);
    }
}

fn uuid(rng: &mut Rng) -> String {
    let (a, b) = (rng.u64(..), rng.u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// Random bytes as hexadecimal digits; `bytes` is their number.
fn hex(rng: &mut Rng, bytes: usize) -> String {
    let mut out = String::with_capacity(2 * bytes);
    for _ in 0..bytes {
        _ = write!(out, "{:02x}", rng.u8(..));
    }
    out
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
