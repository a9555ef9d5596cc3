/*! Records made by hand, so that these tests do not depend on the parser. */

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::decode::{Event, Identity, Origin};
use crate::invocation::{Architecture, LineContext, Prices, Summary, Tracker, TrackerLimits};
use crate::parse::{Durable, ErrorInfo, IdSource, Kind, Level, Platform, Record, Xray};

pub const A: &str = "aaaaaaaa-1111-4222-8333-444444444444";
pub const B: &str = "bbbbbbbb-1111-4222-8333-444444444444";
pub const EXECUTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:checkout:7/durable-execution/order-1/550e8400-e29b-41d4-a716-446655440004";
/// 2026-10-08T07:30:27.768Z.
pub const T0: i64 = 1_791_444_627_768;

/// One event with its record.
#[derive(Debug, Clone)]
pub struct Sample {
    pub at: i64,
    pub text: String,
    pub record: Record<'static>,
    /// The line needs the line before it: an object that begins here cannot attribute it.
    pub glued: bool,
}

impl Sample {
    pub fn after(mut self, ms: i64) -> Sample {
        self.at += ms;
        self
    }

    pub fn glued(mut self) -> Sample {
        self.glued = true;
        self
    }

    pub fn hash(&self) -> u64 {
        xxh3_64(format!("{} {}", self.at, self.text).as_bytes())
    }

    pub fn platform(mut self, change: impl FnOnce(&mut Platform<'static>)) -> Sample {
        change(self.record.platform.get_or_insert_default());
        self
    }

    pub fn error(mut self, kind: &'static str, message: &'static str) -> Sample {
        self.record.error = Some(Box::new(ErrorInfo {
            kind: Some(kind.into()),
            message: Some(message.into()),
            stack_trace: None,
        }));
        self
    }

    pub fn level(mut self, level: Level) -> Sample {
        self.record.level = Some(level);
        self
    }

    pub fn durable(self, operation: &str, attempt: u8) -> Sample {
        let durable = Durable {
            execution_arn: EXECUTION.into(),
            execution_name: Some("order-1".into()),
            operation: Some(operation.to_owned().into()),
            attempt: Some(attempt.into()),
        };
        self.platform(|platform| platform.durable = Some(Box::new(durable)))
    }

    pub fn traced(mut self, trace_id: &'static str) -> Sample {
        self.record.xray = Some(Box::new(Xray {
            trace_id: Some(trace_id.into()),
            segment_id: Some("31255c3b19bd3637".into()),
            sampled: Some(true),
        }));
        self
    }
}

fn sample(kind: Kind<'static>, id: Option<&str>, text: String) -> Sample {
    Sample {
        at: T0,
        record: Record {
            kind,
            request_id: id.map(|id| Cow::Owned(id.to_owned())),
            message: Cow::Owned(text.clone()),
            ..Record::default()
        },
        text,
        glued: false,
    }
}

pub fn init_start() -> Sample {
    let text = "INIT_START Runtime Version: nodejs:20.v15\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:379c";
    sample(Kind::InitStart, None, text.to_owned())
        .platform(|platform| platform.runtime_version = Some("nodejs:20.v15".into()))
}

pub fn start(id: &str) -> Sample {
    let mut start = sample(
        Kind::Start,
        Some(id),
        format!("START RequestId: {id} Version: 7"),
    );
    start.record.version = Some("7".into());
    start
}

pub fn json_start(id: &str) -> Sample {
    let text = format!(r#"{{"type":"platform.start","record":{{"requestId":"{id}"}}}}"#);
    let mut start = sample(Kind::Start, Some(id), text);
    start.record.version = Some("$LATEST".into());
    start.platform(|platform| {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:tenner-notifier";
        platform.function_arn = Some(arn.into());
    })
}

pub fn json_done(id: &str, status: &'static str) -> Sample {
    let text = format!(r#"{{"type":"platform.runtimeDone","record":{{"requestId":"{id}"}}}}"#);
    sample(Kind::RuntimeDone, Some(id), text).platform(|platform| {
        platform.status = Some(status.into());
        platform.produced_bytes = Some(50.0);
    })
}

pub fn end(id: &str) -> Sample {
    sample(Kind::End, Some(id), format!("END RequestId: {id}"))
}

pub fn report(id: &str, duration: f64) -> Sample {
    let text = format!("REPORT RequestId: {id}\tDuration: {duration} ms\tMemory Size: 128 MB");
    sample(Kind::Report, Some(id), text).platform(|platform| measured(platform, duration))
}

pub fn json_report(id: &str, duration: f64, status: &'static str) -> Sample {
    let text = format!(r#"{{"type":"platform.report","record":{{"requestId":"{id}"}}}}"#);
    sample(Kind::Report, Some(id), text).platform(|platform| {
        measured(platform, duration);
        platform.status = Some(status.into());
    })
}

fn measured(platform: &mut Platform<'static>, duration: f64) {
    platform.duration_ms = Some(duration);
    platform.billed_duration_ms = Some(duration.ceil());
    platform.memory_size_mb = Some(128.0);
    platform.max_memory_used_mb = Some(98.0);
}

/// A line of Node's console, which names its request.
pub fn log(id: &str, message: &str) -> Sample {
    let text = format!("2026-10-08T07:30:27.768Z\t{id}\tINFO\t{message}");
    let mut log = sample(Kind::Function, Some(id), text).level(Level::Info);
    log.record.message = Cow::Owned(message.to_owned());
    log.record.id_source = IdSource::Runtime;
    log
}

pub fn json_log(id: &str, message: &str) -> Sample {
    let text = format!(r#"{{"level":"INFO","requestId":"{id}","message":"{message}"}}"#);
    sample(Kind::Function, Some(id), text).level(Level::Info)
}

/// A printed line, without a request id.
pub fn print(message: &str) -> Sample {
    sample(Kind::Function, None, message.to_owned()).glued()
}

pub fn python_error() -> Sample {
    let text = "[ERROR] KeyError: 'order'\rTraceback (most recent call last):\r\u{a0}\u{a0}File \"/var/task/app.py\", line 7";
    sample(Kind::Function, None, text.to_owned())
        .level(Level::Error)
        .error("KeyError", "'order'")
        .glued()
}

pub fn timeout(id: &str) -> Sample {
    let text = format!("2026-10-08T07:30:30.768Z {id} Task timed out after 3.00 seconds\n");
    let mut timeout = sample(Kind::Timeout, Some(id), text)
        .platform(|platform| platform.timeout_seconds = Some(3.0));
    timeout.record.message = "Task timed out after 3.00 seconds".into();
    timeout
}

pub fn killed(id: &str) -> Sample {
    let message = "Error: Runtime exited with error: signal: killed\nRuntime.ExitError";
    sample(Kind::Fault, Some(id), format!("RequestId: {id} {message}")).error(
        "Runtime.ExitError",
        "Runtime exited with error: signal: killed",
    )
}

pub fn origin() -> Arc<Origin> {
    Arc::new(Origin {
        account: None,
        region: None,
        log_group: Some("/aws/lambda/checkout".to_owned()),
        log_stream: Some("2026/10/08/[7]3f9c0bb1e0c74f2e9cf6d4c3b7a0e111".to_owned()),
        function_name: Some("checkout".to_owned()),
        function_version: Some("7".to_owned()),
        stream_day: Some(20_734),
        ..Origin::default()
    })
}

pub fn prices() -> Prices {
    Prices::builtin(Architecture::X86)
}

/// A tracker's answer for one event, copied.
#[derive(Debug, PartialEq)]
pub struct Seen {
    pub inferred: Option<String>,
    pub cold_start: Option<bool>,
}

/// Moves each sample one millisecond after the previous one.
pub fn timed(samples: Vec<Sample>) -> Vec<Sample> {
    let each = samples.into_iter().enumerate();
    each.map(|(index, sample)| sample.after(index as i64))
        .collect()
}

pub fn observe<'t>(
    tracker: &'t mut Tracker,
    sample: &Sample,
    origin: &Arc<Origin>,
) -> LineContext<'t> {
    let event = Event {
        offset: 0,
        time: Some(sample.at),
        text: sample.text.as_bytes(),
        truncated: 0,
        identity: Identity::Content,
        origin,
    };
    tracker.observe(&event, &sample.record, sample.hash(), sample.at)
}

/// The parts of one object, and the tracker's answers for its events.
pub fn track(
    samples: &[Sample],
    origin: &Arc<Origin>,
    options: TrackerLimits,
) -> (Vec<Summary>, Vec<Seen>) {
    let mut tracker = Tracker::new(options);
    let mut parts = Vec::new();
    let mut seen = Vec::new();
    for sample in samples {
        let context = observe(&mut tracker, sample, origin);
        seen.push(Seen {
            inferred: context.request_id_inferred.map(str::to_owned),
            cold_start: context.cold_start,
        });
        parts.extend(tracker.closed());
    }
    parts.extend(tracker.finish());
    (parts, seen)
}

/// The summaries of one object, by request.
pub fn summaries(samples: &[Sample]) -> BTreeMap<String, Summary> {
    let (parts, _) = track(samples, &origin(), TrackerLimits::default());
    let mut merged = BTreeMap::<String, Summary>::new();
    for part in parts {
        match merged.get_mut(part.request_id()) {
            Some(known) => known.merge(&part),
            None => {
                merged.insert(part.request_id().to_owned(), part);
            }
        }
    }
    merged
}

/// The summary of samples of one request.
pub fn summary(samples: Vec<Sample>) -> Summary {
    let mut all = summaries(&timed(samples));
    assert_eq!(all.len(), 1);
    all.pop_first().expect("there is one").1
}

/// The summary's document, without its state.
pub fn shown(summary: &Summary) -> serde_json::Value {
    let mut document: serde_json::Value =
        serde_json::from_slice(&summary.write(&prices())).expect("documents are JSON");
    let invocation = document["invocation"].as_object_mut().expect("an object");
    assert!(invocation.remove("merge").is_some());
    document
}
