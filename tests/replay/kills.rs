//! A listing of many objects goes through the real pipeline, which is killed again and again.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use logferry::cli::{Cli, Command};
use logferry::config;
use logferry::observe::Metrics;
use logferry::pipeline;
use logferry::pipeline::{Ends, PipelineConfig};
use logferry::sink::{Index, IndexError, Stored};
use logferry::source::listing::feed::feed;
use logferry::source::listing::{
    Checkpoint, CheckpointStore, ListError, Listed, Lister, ListingQueue, Page, ReplayIdentity,
    Selection,
};
use logferry::source::{
    Attributes, Depth, Handle, Message, OpenError, Opened, Outcome, Queue, QueueError, Store,
};
use logferry_core::bulk::{Bulk, Verdict};
use logferry_core::notification;
use logferry_core::notification::ObjectRef;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const OBJECTS: usize = 100_000;
const KILLS: usize = 10;
const PAGE: usize = 1000;

/// The bucket, the index and the checkpoint, which outlive every run.
struct World {
    pages: AtomicUsize,
    /// How often each object was opened.
    opened: Vec<AtomicUsize>,
    /// Objects whose deletion was confirmed.
    settled: Mutex<Vec<bool>>,
    opened_after_settled: AtomicUsize,
    opens: AtomicU64,
    /// The number of openings at which the process is killed.
    kill_at: AtomicU64,
    kill: Notify,
    ids: Mutex<HashSet<String>>,
    checkpoint: Mutex<Option<Vec<u8>>>,
}

fn number(key: &str) -> usize {
    key.rsplit('/').next().unwrap().parse().unwrap()
}

#[async_trait]
impl Lister for World {
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let from = after.map_or(0, |key| number(key) + 1);
        let to = (from + PAGE).min(OBJECTS);
        let listed = |n| Listed {
            object: ObjectRef::new("logs", format!("exports/{n:07}")),
            last_modified: None,
        };
        let objects: Vec<Listed> = (from..to).map(listed).collect();
        let last = objects.last().map(|listed| listed.object.key.clone());
        Ok(Page {
            objects,
            through: last.or(after.map(str::to_owned)),
            more: to < OBJECTS,
        })
    }
}

#[async_trait]
impl Store for World {
    async fn open(&self, object: &ObjectRef, _: u64, _: Option<&str>) -> Result<Opened, OpenError> {
        let n = number(&object.key);
        self.opened[n].fetch_add(1, Ordering::Relaxed);
        if self.settled.lock().unwrap()[n] {
            self.opened_after_settled.fetch_add(1, Ordering::Relaxed);
        }
        if self.opens.fetch_add(1, Ordering::Relaxed) == self.kill_at.load(Ordering::Relaxed) {
            self.kill.notify_one();
        }
        let text = format!("2026-11-27T10:00:00.000Z object {n}\n");
        Ok(Opened {
            chunks: Box::pin(futures_util::stream::iter([Ok(Bytes::from(text))])),
            etag: Some(format!("{n:032x}")),
            last_modified: None,
            size: None,
        })
    }
}

#[async_trait]
impl Index for World {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("simulated".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut ids = self.ids.lock().unwrap();
        let documents = bulk.documents().iter();
        let verdicts =
            documents.map(
                |document| match ids.insert(bulk.target(document).id.to_owned()) {
                    true => Verdict::Indexed,
                    false => Verdict::AlreadyThere,
                },
            );
        Ok(verdicts.collect())
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}

/// The queue under the pipeline; what it confirms is remembered.
struct Watched {
    world: Arc<World>,
    queue: Arc<ListingQueue>,
    /// Objects by handle.
    delivered: Mutex<HashMap<String, usize>>,
}

#[async_trait]
impl Queue for Watched {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        self.queue.attributes().await
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        let messages = self.queue.receive(at_most).await?;
        let mut delivered = self.delivered.lock().unwrap();
        for message in &messages {
            let objects = notification::read(&message.body).objects;
            delivered.insert(message.handle.0.clone(), number(&objects[0].key));
        }
        Ok(messages)
    }

    async fn extend(&self, handles: &[Handle], by: Duration) -> Result<Vec<Outcome>, QueueError> {
        self.queue.extend(handles, by).await
    }

    async fn release(&self, handles: &[Handle], by: Duration) -> Result<Vec<Outcome>, QueueError> {
        self.queue.release(handles, by).await
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        let outcomes = self.queue.delete(handles).await?;
        let delivered = self.delivered.lock().unwrap();
        let mut settled = self.world.settled.lock().unwrap();
        for (handle, outcome) in handles.iter().zip(&outcomes) {
            assert_eq!(*outcome, Outcome::Done);
            let n = delivered[&handle.0];
            assert!(!settled[n], "{n} is settled twice");
            settled[n] = true;
        }
        Ok(outcomes)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        self.queue.depth().await
    }
}

struct Kept(Arc<World>);

#[async_trait]
impl CheckpointStore for Kept {
    async fn load(&mut self) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.checkpoint.lock().unwrap().clone())
    }

    async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        let json = checkpoint.to_json().unwrap();
        // A kill before the put, or after it and before its answer.
        tokio::time::sleep(Duration::from_millis(2)).await;
        *self.0.checkpoint.lock().unwrap() = Some(json);
        tokio::time::sleep(Duration::from_millis(2)).await;
        Ok(())
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(20)
    }
}

impl World {
    fn checkpoint(&self) -> Checkpoint {
        let json = self.checkpoint.lock().unwrap();
        json.as_ref().map_or_else(Checkpoint::default, |json| {
            Checkpoint::of_replay(json, &ReplayIdentity::default()).unwrap()
        })
    }

    /// The checkpoint calls settled what was confirmed, and perhaps some objects whose confirmation was lost: these
    /// are not opened again either.
    fn remember_settled(&self) {
        let checkpoint = self.checkpoint();
        let listed = checkpoint.through.as_deref();
        let listed = listed.map_or(0, |key| number(key) + 1);
        let mut in_checkpoint = vec![false; OBJECTS];
        in_checkpoint[..listed].fill(true);
        for open in &checkpoint.open {
            let open = serde_json::to_value(open).unwrap();
            in_checkpoint[number(open["key"].as_str().unwrap())] = false;
        }
        let mut settled = self.settled.lock().unwrap();
        for (n, confirmed) in settled.iter_mut().enumerate() {
            assert!(!*confirmed || in_checkpoint[n], "{n} was confirmed before");
            *confirmed = in_checkpoint[n];
        }
        let count = settled.iter().filter(|settled| **settled).count();
        assert_eq!(count as u64, checkpoint.settled);
    }
}

fn pipeline_config() -> PipelineConfig {
    let line = [
        "logferry",
        "replay",
        "s3://logs",
        "--opensearch-url=http://os:9200",
        "--bulk-linger=5ms",
    ];
    match Cli::try_parse_from(line).unwrap().command {
        Command::Replay(args) => config::replay(*args).unwrap().pipeline,
        _ => unreachable!(),
    }
}

/// Runs until the listing ends or the process is killed. Returns whether it ended.
async fn run(world: Arc<World>) -> bool {
    let (queue, keep) =
        ListingQueue::continuing(5, world.checkpoint(), Box::new(Kept(world.clone())));
    tokio::spawn(keep);
    let (lister, filled) = (world.clone(), queue.clone());
    tokio::spawn(async move { feed(&*lister, &Selection::default(), &filled).await });
    let ends = Ends {
        queue: Arc::new(Watched {
            world: world.clone(),
            queue: queue.clone(),
            delivered: Mutex::default(),
        }),
        store: world.clone(),
        index: world.clone(),
        dead_letters: None,
    };
    let stop = CancellationToken::new();
    let running = pipeline::run(ends, pipeline_config(), Arc::new(Metrics::new()), stop);
    tokio::select! {
        ended = running => {
            ended.unwrap();
            queue.saved().await.unwrap();
            assert_eq!(queue.given_up().0, 0);
            true
        }
        () = world.kill.notified() => false,
    }
}

#[test]
fn a_hundred_thousand_objects_and_ten_kills_settle_each_object_once() {
    let world = Arc::new(World {
        pages: AtomicUsize::new(0),
        opened: (0..OBJECTS).map(|_| AtomicUsize::new(0)).collect(),
        settled: Mutex::new(vec![false; OBJECTS]),
        opened_after_settled: AtomicUsize::new(0),
        opens: AtomicU64::new(0),
        kill_at: AtomicU64::new(0),
        kill: Notify::new(),
        ids: Mutex::default(),
        checkpoint: Mutex::default(),
    });
    let mut killed = 0;
    loop {
        // The first kills come soon, at places of every kind.
        let share = OBJECTS / (KILLS + 1);
        let next = match killed {
            0 => 0,
            1 => 777,
            KILLS.. => usize::MAX / 2,
            n => share - 13 * n,
        };
        let opens = world.opens.load(Ordering::Relaxed);
        world.kill_at.store(opens + next as u64, Ordering::Relaxed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let ended = runtime.block_on(run(world.clone()));
        // Drops every task where it stands.
        drop(runtime);
        world.remember_settled();
        if ended {
            break;
        }
        killed += 1;
    }
    assert_eq!(killed, KILLS);
    assert_eq!(world.opened_after_settled.load(Ordering::Relaxed), 0);
    assert!(world.settled.lock().unwrap().iter().all(|settled| *settled));
    assert_eq!(world.ids.lock().unwrap().len(), OBJECTS);
    // Read again was only what was held at a kill.
    let opens = world.opens.load(Ordering::Relaxed) as usize;
    assert!(
        (OBJECTS..OBJECTS + KILLS * 1010).contains(&opens),
        "{opens}"
    );
    assert!(world.opened.iter().all(|n| n.load(Ordering::Relaxed) >= 1));
    let pages = world.pages.load(Ordering::Relaxed);
    assert!(pages <= OBJECTS / PAGE + 2 * KILLS, "{pages}");
}
