/*! The cost of each stage of the pipeline: MB/s (10^6 bytes of input) and allocations per event. `make bench`. */
#![forbid(unsafe_code)]

use std::alloc::System;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use logferry::source::decompress::Unpacked;
use logferry::source::{OpenError, Opened, Store};
use logferry_core::bulk;
use logferry_core::decode::{DecodeOptions, Decoder, Event, Format, Identity, Origin};
use logferry_core::document::{DocumentOptions, LineContext, LogDocumentWriter, ObjectInfo};
use logferry_core::invocation::{Tracker, TrackerLimits};
use logferry_core::notification;
use logferry_core::notification::ObjectRef;
use logferry_core::parse;
use logferry_core::parse::{Kind, Record};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[allow(dead_code, reason = "the worker's bench uses the rest of it")]
mod data;
use data::{Generator, Line};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SEED: u64 = 20_261_121;
const OBJECT: usize = 4_000_000;
const KEY: &str = "exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2026-11-21-[$LATEST]9fd319804879d5a21c09e460cc0c91b5/000000.gz";

/// A stage with its input; `run` makes one pass.
struct Stage {
    name: String,
    bytes: usize,
    /// Number of units that allocations are divided by: events, documents or messages.
    events: usize,
    run: Box<dyn FnMut() -> usize>,
}

impl Stage {
    fn new(
        name: impl Into<String>,
        bytes: usize,
        events: usize,
        run: impl FnMut() -> usize + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            bytes,
            events,
            run: Box::new(run),
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut stages = vec![a_notification(), gunzip()];
    stages.extend(decoders());
    stages.extend(lines());
    stages.push(bulk_response());
    for stage in &mut stages {
        // The first run lets the buffers grow to their size.
        black_box((stage.run)());
        let region = Region::new(ALLOCATOR);
        black_box((stage.run)());
        let counted = region.change();
        let of = |n: usize| n as f64 / stage.events as f64;
        let (name, reallocations) = (&stage.name, of(counted.reallocations));
        println!(
            "allocations  {name:32} {:8.3} an event, {reallocations:.3} grown, {:9.1} bytes",
            of(counted.allocations),
            of(counted.bytes_allocated)
        );
    }
    for mut stage in stages {
        let (group, name) = stage.name.split_once('/').expect("named group/name");
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::BytesDecimal(stage.bytes as u64));
        group.sample_size(20);
        group.bench_function(name, |bencher| bencher.iter(|| (stage.run)()));
        group.finish();
    }
    criterion.final_summary();
}

fn a_notification() -> Stage {
    let body = serde_json::json!({"Records": [{
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-21T08:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:session"},
        "requestParameters": {"sourceIPAddress": "10.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "logs",
            "bucket": {"name": "logs", "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": "arn:aws:s3:::logs"},
            "object": {"key": KEY.replace('[', "%5B").replace('$', "%24").replace(']', "%5D"), "size": 81234, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0055AED6DCD90281E5"},
        },
    }]})
    .to_string();
    Stage::new("notification/s3", body.len(), 1, move || {
        notification::read(black_box(&body)).objects.len()
    })
}

/// An object in memory, read in chunks of a socket's size.
struct InMemory(Bytes);

#[async_trait]
impl Store for InMemory {
    async fn open(&self, _: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        let whole = self.0.clone();
        let chunks = (0..whole.len())
            .step_by(16 * 1024)
            .map(move |at| Ok(whole.slice(at..whole.len().min(at + 16 * 1024))));
        Ok(Opened {
            chunks: Box::pin(futures_util::stream::iter(chunks)),
            etag: None,
            last_modified: None,
            size: Some(self.0.len() as u64),
        })
    }
}

fn gunzip() -> Stage {
    let object = Generator::new(SEED).export(OBJECT);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&object).expect("memory takes it");
    let packed = Bytes::from(gzip.finish().expect("memory takes it"));
    println!(
        "data         gzip makes {:.1} of 1, {} bytes",
        object.len() as f64 / packed.len() as f64,
        object.len()
    );
    let named = notification::read(
        r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#,
    );
    let (named, store) = (named.objects[0].clone(), Arc::new(InMemory(packed)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut buffer = vec![0; 128 * 1024];
    let whole = object.len();
    Stage::new("gunzip/streaming", whole, 1, move || {
        runtime.block_on(async {
            let opened = store.open(&named, 0, None).await.expect("it is there");
            let mut unpacked = Unpacked::new(store.clone(), named.clone(), opened)
                .await
                .expect("it is gzip");
            let mut total = 0;
            loop {
                match unpacked.read(&mut buffer).await.expect("it is whole") {
                    0 => break,
                    n => total += n,
                }
            }
            assert_eq!(total, whole);
            total
        })
    })
}

fn decoders() -> impl Iterator<Item = Stage> {
    let export = Generator::new(SEED).export(OBJECT);
    let subscription = Generator::new(SEED).subscription(OBJECT);
    let json_lines = Generator::new(SEED).json_lines(OBJECT);
    let all = [
        (KEY, Format::Export, export),
        ("firehose", Format::Subscription, subscription),
        ("app", Format::JsonLines, json_lines),
    ];
    all.into_iter().map(|(key, format, object)| {
        let events = decode(key, &object, format);
        Stage::new(
            format!("decode/{format}"),
            object.len(),
            events,
            move || decode(key, &object, format),
        )
    })
}

/// Counts an object's events and checks its format.
fn decode(key: &str, mut object: &[u8], format: Format) -> usize {
    let mut decoder = Decoder::new(key, &DecodeOptions::default());
    let mut events = 0;
    loop {
        while let Some(event) = decoder.next().expect("nothing is broken") {
            black_box(event);
            events += 1;
        }
        if decoder.is_finished() {
            assert_eq!(decoder.format(), Some(format));
            return events;
        }
        let space = decoder.space();
        let n = object.len().min(space.len());
        let (now, later) = object.split_at(n);
        space[..n].copy_from_slice(now);
        object = later;
        match n {
            0 => decoder.finish(),
            n => decoder.filled(n),
        }
    }
}

/// The stages `parse`, `document` and `invocation`, over the events of each kind and over all events.
fn lines() -> Vec<Stage> {
    let lines = Generator::new(SEED).lines(OBJECT);
    let has = |line: &&Line, start: &str| line.text.starts_with(start);
    let kinds: [(&str, Vec<Line>); 7] = [
        ("all", lines.clone()),
        (
            "node",
            lines
                .iter()
                .filter(|line| has(line, "20"))
                .cloned()
                .collect(),
        ),
        (
            "python",
            lines
                .iter()
                .filter(|line| has(line, "["))
                .cloned()
                .collect(),
        ),
        (
            "start",
            lines
                .iter()
                .filter(|line| has(line, "START"))
                .cloned()
                .collect(),
        ),
        (
            "report",
            lines
                .iter()
                .filter(|line| has(line, "REPORT"))
                .cloned()
                .collect(),
        ),
        (
            "json",
            lines
                .iter()
                .filter(|line| has(line, "{\"timestamp"))
                .cloned()
                .collect(),
        ),
        (
            "platform_json",
            lines
                .iter()
                .filter(|line| has(line, "{\"time\""))
                .cloned()
                .collect(),
        ),
    ];
    let origin = Origin {
        log_stream: Some("2026/11/21/[$LATEST]9fd319804879d5a21c09e460cc0c91b5".to_owned()),
        ..Origin::default()
    };
    // Leaked: the stages borrow it until the program ends.
    let origin: &'static Arc<Origin> = Box::leak(Box::new(Arc::new(origin)));
    let mut stages = [Vec::new(), Vec::new(), Vec::new()];
    for (name, lines) in kinds {
        let lines: &'static [Line] = Vec::leak(lines);
        let bytes = lines.iter().map(|line| line.text.len()).sum();
        let parse = move || {
            lines
                .iter()
                .filter(|line| parse::parse(black_box(&line.text)).kind == Kind::Function)
                .count()
        };
        stages[0].push(Stage::new(
            format!("parse/{name}"),
            bytes,
            lines.len(),
            parse,
        ));
        let parsed: &'static [(Event<'_>, Record<'_>)] =
            Vec::leak(lines.iter().map(|line| parsed(line, origin)).collect());
        let mut out = Vec::new();
        let document = move || documents(parsed, &mut out);
        stages[1].push(Stage::new(
            format!("document/{name}"),
            bytes,
            lines.len(),
            document,
        ));
        if name == "all" {
            stages[2].push(Stage::new(
                "invocation/observe",
                bytes,
                lines.len(),
                move || observe(parsed),
            ));
        }
    }
    stages.into_iter().flatten().collect()
}

fn parsed<'a>(line: &'a Line, origin: &'a Arc<Origin>) -> (Event<'a>, Record<'a>) {
    let text = line.text.trim_end();
    let event = Event {
        offset: 0,
        time: Some(line.time),
        text: text.as_bytes(),
        truncated: 0,
        identity: Identity::Content,
        origin,
    };
    (event, parse::parse(text))
}

/// Writes ids and documents. Returns the bytes of the body.
fn documents(events: &[(Event<'_>, Record<'_>)], out: &mut Vec<u8>) -> usize {
    let object = ObjectInfo {
        bucket: "logs".to_owned(),
        key: KEY.to_owned(),
        id_scope: "exports".to_owned(),
        ..ObjectInfo::default()
    };
    let options = DocumentOptions {
        index_prefix: "logferry".to_owned(),
        ..DocumentOptions::default()
    };
    let mut writer = LogDocumentWriter::new(&object, &options);
    let mut total = 0;
    for (event, record) in events {
        // A parcel has this size.
        if out.len() > 512 * 1024 {
            total += out.len();
            out.clear();
        }
        let id = writer.identify(event);
        writer.write(event, false, record, id, &LineContext::default(), out);
    }
    total + out.len()
}

/// Tracks invocations. Returns the number of summaries.
fn observe(events: &[(Event<'_>, Record<'_>)]) -> usize {
    let mut tracker = Tracker::new(TrackerLimits::default());
    let mut summaries = 0;
    for (number, (event, record)) in events.iter().enumerate() {
        let hash = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        black_box(tracker.observe(event, record, hash, event.time.unwrap_or_default()));
        summaries += tracker.closed().count();
    }
    summaries + tracker.finish().count()
}

fn bulk_response() -> Stage {
    const ITEMS: usize = 10_000;
    // A response filtered by `filter_path=items.*.status,items.*.error`.
    let items = vec![r#"{"create":{"status":201}}"#; ITEMS].join(",");
    let answer = format!(r#"{{"items":[{items}]}}"#);
    Stage::new("bulk/response", answer.len(), ITEMS, move || {
        bulk::read(black_box(answer.as_bytes()), ITEMS)
            .expect("a whole answer")
            .len()
    })
}
