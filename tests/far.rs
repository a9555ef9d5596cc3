/*! A worker whose queue and store are 20 ms away, on a paused clock: only waiting takes time, and work none. */

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use logferry::cli::{Cli, Command};
use logferry::config;
use logferry::observe::Metrics;
use logferry::pipeline::{self, Ends, PipelineConfig};
use logferry::sink::{Index, IndexError, Stored};
use logferry::source::{
    Attributes, Depth, Handle, Message, OpenError, Opened, Outcome, Queue, QueueError, Store,
};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::notification::ObjectRef;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const AWAY: Duration = Duration::from_millis(20);
const LONG_POLL: Duration = Duration::from_secs(20);
const OBJECTS: usize = 6000;
/// Stored bytes, as the notification gives them.
const SMALL: u64 = 1300;
const LARGE: u64 = 1 << 20;
/// Lines of a small object.
const LINES: usize = 20;
const LINE: &str = "a line that has about as many bytes as a line of a function usually has, which is a hundred and \
                    sixty, and so says a few words more";

/// What is not received yet, and what is received and not deleted.
#[derive(Default)]
struct Messages {
    visible: Vec<usize>,
    held: HashSet<usize>,
    most_held: usize,
    emptied: Option<Instant>,
}

struct World {
    /// Stored bytes of each object, as its notification gives them.
    size: u64,
    messages: Mutex<Messages>,
    receiving: AtomicUsize,
    /// The most calls for messages at once: in all, and when one started after another had found nothing.
    most_receiving: AtomicUsize,
    most_receiving_when_empty: AtomicUsize,
    found_nothing: AtomicBool,
    reading: AtomicUsize,
    most_reading: AtomicUsize,
}

impl World {
    fn new(size: u64) -> Arc<Self> {
        let messages = Messages {
            visible: (0..OBJECTS).collect(),
            ..Messages::default()
        };
        Arc::new(Self {
            size,
            messages: Mutex::new(messages),
            receiving: 0.into(),
            most_receiving: 0.into(),
            most_receiving_when_empty: 0.into(),
            found_nothing: false.into(),
            reading: 0.into(),
            most_reading: 0.into(),
        })
    }

    fn message(&self, number: usize) -> Message {
        let body = json!({"Records": [{
            "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
            "s3": {"bucket": {"name": "logs"}, "object": {"key": format!("exports/{number}"), "size": self.size}},
        }]});
        Message {
            id: number.to_string(),
            handle: Handle(number.to_string()),
            body: body.to_string(),
            receive_count: 1,
            sent: None,
            held_before: Duration::ZERO,
        }
    }

    /// Runs a worker with its defaults until the queue is empty. Returns how long the queue had messages.
    async fn run(self: &Arc<Self>) -> Duration {
        let ends = Ends {
            queue: self.clone(),
            store: self.clone(),
            index: self.clone(),
            dead_letters: None,
        };
        let started = Instant::now();
        let stop = CancellationToken::new();
        pipeline::run(ends, defaults(), Arc::new(Metrics::new()), stop)
            .await
            .expect("it ends by itself");
        let messages = self.messages.lock().unwrap();
        assert!(messages.held.is_empty(), "held: {:?}", messages.held);
        messages.emptied.expect("all was received") - started
    }
}

fn defaults() -> PipelineConfig {
    let line = [
        "logferry",
        "worker",
        "--queue-url=http://q/1/q",
        "--opensearch-url=http://os:9200",
        "--until-empty",
    ];
    match Cli::try_parse_from(line).unwrap().command {
        Command::Worker(args) => config::worker(args).unwrap().pipeline,
        _ => unreachable!(),
    }
}

#[async_trait]
impl Queue for World {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        Ok(Attributes {
            visibility: Duration::from_secs(300),
            longest_visibility: Duration::from_secs(12 * 3600),
            max_receive_count: Some(3),
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        let receiving = self.receiving.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_receiving.fetch_max(receiving, Ordering::Relaxed);
        if self.found_nothing.load(Ordering::Relaxed) {
            self.most_receiving_when_empty
                .fetch_max(receiving, Ordering::Relaxed);
        }
        tokio::time::sleep(AWAY).await;
        let taken = {
            let mut messages = self.messages.lock().unwrap();
            let from = messages.visible.len().saturating_sub(at_most);
            let taken = messages.visible.split_off(from);
            messages.held.extend(&taken);
            messages.most_held = messages.most_held.max(messages.held.len());
            if messages.visible.is_empty() {
                messages.emptied.get_or_insert_with(Instant::now);
            }
            taken
        };
        if taken.is_empty() {
            tokio::time::sleep(LONG_POLL).await;
            self.found_nothing.store(true, Ordering::Relaxed);
        }
        self.receiving.fetch_sub(1, Ordering::Relaxed);
        Ok(taken.into_iter().map(|n| self.message(n)).collect())
    }

    async fn extend(&self, handles: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(&self, _: &[Handle], _: Duration) -> Result<Vec<Outcome>, QueueError> {
        panic!("nothing is released");
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        tokio::time::sleep(AWAY).await;
        let mut messages = self.messages.lock().unwrap();
        for handle in handles {
            assert!(messages.held.remove(&handle.0.parse().unwrap()));
        }
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let messages = self.messages.lock().unwrap();
        Ok(Depth {
            visible: messages.visible.len() as u64,
            in_flight: messages.held.len() as u64,
            delayed: 0,
        })
    }
}

#[async_trait]
impl Store for World {
    async fn open(&self, object: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        let reading = self.reading.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_reading.fetch_max(reading, Ordering::Relaxed);
        let small = self.size == SMALL;
        tokio::time::sleep(if small { AWAY } else { AWAY * 50 }).await;
        self.reading.fetch_sub(1, Ordering::Relaxed);
        let text =
            (0..LINES).map(|n| format!("2026-11-27T10:00:00.{n:03}Z {} {LINE}\n", object.key));
        let text: String = text.collect();
        Ok(Opened {
            size: Some(text.len() as u64),
            chunks: Box::pin(futures_util::stream::iter([Ok(Bytes::from(text))])),
            etag: None,
            last_modified: None,
        })
    }
}

#[async_trait]
impl Index for World {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("far".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        tokio::time::sleep(AWAY).await;
        Ok(vec![Verdict::Indexed; bulk.documents().len()])
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_and_a_store_far_away_leave_no_reader_idle() {
    let world = World::new(SMALL);
    let took = world.run().await;
    let rate = OBJECTS as f64 / took.as_secs_f64();
    assert!(rate >= 3000.0, "{rate} objects a second");
    let messages = world.messages.lock().unwrap();
    assert!(messages.most_held <= 1000, "{}", messages.most_held);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_small_takes_a_whole_place() {
    let world = World::new(LARGE);
    world.run().await;
    assert_eq!(world.most_reading.load(Ordering::Relaxed), 32);
    let messages = world.messages.lock().unwrap();
    assert!(messages.most_held <= 1000, "{}", messages.most_held);
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_is_asked_by_one_call() {
    let world = World::new(SMALL);
    world.run().await;
    let most = world.most_receiving.load(Ordering::Relaxed);
    assert!((2..=16).contains(&most), "{most}");
    assert_eq!(world.most_receiving_when_empty.load(Ordering::Relaxed), 1);
}
