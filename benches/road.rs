/*! The whole pipeline in one process, without servers: gzip bytes in memory → pipeline → a sink that checks bodies and
drops them. Its CPU time is compared with a lower bound, measured in alternation: gunzip of the same bytes, and one
write of as many bytes of bodies. `make bench-road`.

    cargo bench --bench road -- [LOAD…] [--rounds N]      LOAD: large, typical, tiny; default: all */
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use logferry::cli::{Cli, Command};
use logferry::observe::Metrics;
use logferry::pipeline;
use logferry::pipeline::{Ends, PipelineConfig};
use logferry::sink::{Index, IndexError, Stored};
use logferry::source::{
    Attributes, Depth, Handle, Message, OpenError, Opened, Outcome, Queue, QueueError, Store,
};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::notification::ObjectRef;
use tokio_util::sync::CancellationToken;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[expect(dead_code, reason = "other benches use the rest")]
mod data;
use data::Generator;

const SEED: u64 = 20_261_121;

/// A load: a few distinct objects of about the same size under many keys.
struct Load {
    name: &'static str,
    bytes: usize,
    distinct: usize,
    objects: usize,
}

const LOADS: [Load; 3] = [
    Load {
        name: "large",
        bytes: 64_000_000,
        distinct: 1,
        objects: 4,
    },
    Load {
        name: "typical",
        bytes: 4_000_000,
        distinct: 16,
        objects: 64,
    },
    Load {
        name: "tiny",
        bytes: 3_000,
        distinct: 2_000,
        objects: 20_000,
    },
];

/// The objects of a load.
struct Objects {
    packed: Vec<Bytes>,
    count: usize,
    /// Decompressed bytes of all objects.
    bytes: u64,
}

impl Objects {
    fn of(load: &Load) -> Self {
        let mut generator = Generator::new(SEED);
        let whole: Vec<_> = (0..load.distinct)
            .map(|_| generator.export(load.bytes))
            .collect();
        let packed: Vec<Bytes> = whole.iter().map(|object| gzip(object).into()).collect();
        let each = |n: usize| whole[n % load.distinct].len() as u64;
        let (plain, small): (usize, usize) = (
            whole.iter().map(Vec::len).sum(),
            packed.iter().map(Bytes::len).sum(),
        );
        println!(
            "{}: {} objects, {:.0} MB decompressed, gzip makes {:.1} of 1",
            load.name,
            load.objects,
            (0..load.objects).map(each).sum::<u64>() as f64 / 1e6,
            plain as f64 / small as f64
        );
        Self {
            packed,
            count: load.objects,
            bytes: (0..load.objects).map(each).sum(),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

/// A queue with one message per object, each delivered once.
struct Messages {
    count: usize,
    next: AtomicUsize,
    deleted: AtomicUsize,
}

#[async_trait]
impl Queue for Messages {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        Ok(Attributes {
            visibility: Duration::from_secs(600),
            longest_visibility: Duration::from_secs(12 * 3600),
            max_receive_count: Some(3),
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        let from = self.next.fetch_add(at_most, Ordering::Relaxed);
        let numbers = from.min(self.count)..(from + at_most).min(self.count);
        if numbers.is_empty() {
            // A short form of a long poll.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(numbers.map(message).collect())
    }

    async fn extend(&self, handles: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(&self, _: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        panic!("a message was released: not everything was settled")
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        self.deleted.fetch_add(handles.len(), Ordering::Relaxed);
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        Ok(Depth::default())
    }
}

/// The message that S3 sends for an object.
fn message(number: usize) -> Message {
    let key = format!(
        "exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2026-11-21-%5B%24LATEST%5D{number:032x}/000000.gz"
    );
    let body = format!(
        r#"{{"Records":[{{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"eu-central-1","eventTime":"2026-11-21T08:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{{"principalId":"AWS:AROAEXAMPLE:session"}},"requestParameters":{{"sourceIPAddress":"10.0.0.1"}},"responseElements":{{"x-amz-request-id":"C3D13FE58DE4C810"}},"s3":{{"s3SchemaVersion":"1.0","configurationId":"logs","bucket":{{"name":"logs","ownerIdentity":{{"principalId":"A3NL1KOZZKExample"}},"arn":"arn:aws:s3:::logs"}},"object":{{"key":"{key}","size":81234,"eTag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5"}}}}}}]}}"#
    );
    Message {
        id: number.to_string(),
        handle: Handle(number.to_string()),
        body,
        receive_count: 1,
        sent: None,
        held_before: Duration::ZERO,
    }
}

/// Objects in memory, read in chunks of a socket's size.
struct InMemory(Arc<Objects>);

const CHUNK: usize = 16 * 1024;

#[async_trait]
impl Store for InMemory {
    async fn open(&self, object: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        let digits = &object.key[object.key.len() - "0000000000000000/000000.gz".len()..][..16];
        let number = usize::from_str_radix(digits, 16).expect("we named it");
        let whole = self.0.packed[number % self.0.packed.len()].clone();
        let size = whole.len();
        let chunks = (0..size)
            .step_by(CHUNK)
            .map(move |at| Ok(whole.slice(at..size.min(at + CHUNK))));
        Ok(Opened {
            chunks: Box::pin(futures_util::stream::iter(chunks)),
            etag: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
            last_modified: Some(1_795_248_000_000),
            size: Some(size as u64),
        })
    }
}

/// Checks that each body has the lines that its list of documents states, then drops the body.
#[derive(Default)]
struct Sink {
    bulks: AtomicU64,
    documents: AtomicU64,
    bytes: AtomicU64,
}

#[async_trait]
impl Index for Sink {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("sink".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let (body, documents) = (bulk.body(), bulk.documents().len());
        let mut lines = 0;
        for chunk in body.iter() {
            assert!(chunk.starts_with(br#"{"create":{"#) && chunk.ends_with(b"}\n"));
            lines += memchr::memchr_iter(b'\n', chunk).count();
        }
        assert_eq!(lines, 2 * documents);
        self.bulks.fetch_add(1, Ordering::Relaxed);
        self.documents
            .fetch_add(documents as u64, Ordering::Relaxed);
        self.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        Ok(vec![Verdict::Indexed; documents])
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}

/// CPU seconds of this process, user and system together.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

struct Ran {
    cpu: f64,
    wall: f64,
    body_bytes: u64,
    documents: u64,
    bulks: u64,
}

/// Runs the pipeline as the worker does, with default settings.
fn run_pipeline(objects: &Arc<Objects>) -> Ran {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let queue = Arc::new(Messages {
        count: objects.count,
        next: AtomicUsize::new(0),
        deleted: AtomicUsize::new(0),
    });
    let sink = Arc::new(Sink::default());
    let ends = Ends {
        queue: queue.clone(),
        store: Arc::new(InMemory(objects.clone())),
        index: sink.clone(),
        dead_letters: None,
    };
    let metrics = Arc::new(Metrics::new());
    let (before, started) = (cpu(), Instant::now());
    runtime
        .block_on(pipeline::run(
            ends,
            defaults(),
            metrics.clone(),
            CancellationToken::new(),
        ))
        .expect("nothing is wrong");
    let ran = Ran {
        cpu: cpu() - before,
        wall: started.elapsed().as_secs_f64(),
        body_bytes: sink.bytes.load(Ordering::Relaxed),
        documents: sink.documents.load(Ordering::Relaxed),
        bulks: sink.bulks.load(Ordering::Relaxed),
    };
    assert_eq!(queue.deleted.load(Ordering::Relaxed), objects.count);
    assert_eq!(metrics.object_bytes.get(), objects.bytes);
    ran
}

fn defaults() -> PipelineConfig {
    let flags = ["logferry", "worker", "--queue-url", "http://q/1/logs"];
    let index = ["--opensearch-url", "http://os:9200", "--until-empty"];
    let cli = Cli::parse_from(flags.iter().chain(&index));
    let Command::Worker(args) = cli.command else {
        unreachable!("asked for")
    };
    let mut config = logferry::config::worker(args)
        .expect("valid flags")
        .pipeline;
    config.receive.until_empty = Some(Duration::ZERO);
    config
}

/// The lower bound: streaming gunzip of the same bytes, and one write of as many bytes of bodies. Both run on two
/// threads, as the pipeline does: cores that share their units are slower when both work. Returns the CPU seconds of
/// gunzip and of writing.
fn floor(objects: &Objects, body_bytes: u64, bulk: usize) -> (f64, f64) {
    let before = cpu();
    let bytes: u64 = on_two(|half| gunzip(objects, half)).iter().sum();
    assert_eq!(bytes, objects.bytes);
    let unpacked = cpu();
    on_two(|_| write(body_bytes / 2, bulk));
    (unpacked - before, cpu() - unpacked)
}

fn on_two<T: Send>(work: impl Fn(usize) -> T + Sync) -> [T; 2] {
    std::thread::scope(|scope| {
        let work = &work;
        let threads = [0, 1].map(|half| scope.spawn(move || work(half)));
        threads.map(|thread| thread.join().expect("it does not panic"))
    })
}

/// Unpacks every other object, from index `half` on. Returns the number of bytes.
fn gunzip(objects: &Objects, half: usize) -> u64 {
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    for number in (half..objects.count).step_by(2) {
        let packed = &objects.packed[number % objects.packed.len()];
        let mut gunzip = flate2::read::MultiGzDecoder::new(&packed[..]);
        loop {
            match gunzip.read(&mut buffer).expect("it is whole") {
                0 => break,
                n => bytes += n as u64,
            }
            black_box(&buffer);
        }
    }
    bytes
}

fn write(bytes: u64, bulk: usize) {
    let bodies = vec![b'x'; bulk];
    let mut written = Vec::with_capacity(bulk);
    let mut left = bytes as usize;
    while left > 0 {
        let n = left.min(bulk);
        written.clear();
        written.extend_from_slice(black_box(&bodies[..n]));
        black_box(&written);
        left -= n;
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let rounds = arguments
        .iter()
        .position(|a| a == "--rounds")
        .map_or(5, |at| arguments[at + 1].parse().expect("--rounds N"));
    let chosen = |load: &&Load| {
        let named = LOADS.iter().any(|l| arguments.iter().any(|a| a == l.name));
        !named || arguments.iter().any(|a| a == load.name)
    };
    for load in LOADS.iter().filter(chosen) {
        let objects = Arc::new(Objects::of(load));
        let bulk = defaults().bulk.bytes;
        let gb = objects.bytes as f64 / 1e9;
        let mut runs = Vec::new();
        for round in 0..=rounds {
            let ran = run_pipeline(&objects);
            let (gunzip, writing) = floor(&objects, ran.body_bytes, bulk);
            // The first round is a warm-up.
            if round > 0 || rounds == 0 {
                runs.push((ran, gunzip, writing));
            }
        }
        let figure = |of: &dyn Fn(&(Ran, f64, f64)) -> f64| median(runs.iter().map(of).collect());
        let (ran, ..) = &runs[0];
        println!(
            "  road    {:.2} CPU-s/GB, {:.0} MB/s a core, {:.0} documents/s a core, {:.0} objects/s a core; {:.2} s at {:.2} cores",
            figure(&|(r, ..)| r.cpu / gb),
            figure(&|(r, ..)| gb * 1000.0 / r.cpu),
            figure(&|(r, ..)| r.documents as f64 / r.cpu),
            figure(&|(r, ..)| objects.count as f64 / r.cpu),
            figure(&|(r, ..)| r.wall),
            figure(&|(r, ..)| r.cpu / r.wall),
        );
        println!(
            "  bodies  {} of {:.2} MB ({:.0} % of --bulk-size), {:.2} bytes of body for each of log",
            ran.bulks,
            ran.body_bytes as f64 / ran.bulks as f64 / 1e6,
            ran.body_bytes as f64 / ran.bulks as f64 / bulk as f64 * 100.0,
            ran.body_bytes as f64 / objects.bytes as f64,
        );
        println!(
            "  floor   {:.2} CPU-s/GB: gunzip {:.2}, writing {:.2}",
            figure(&|(_, g, w)| (g + w) / gb),
            figure(&|(_, g, _)| g / gb),
            figure(&|(_, _, w)| w / gb),
        );
        let ratio = figure(&|(r, g, w)| r.cpu / (g + w));
        println!("  ratio   {ratio:.2}");
    }
}
