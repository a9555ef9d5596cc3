//! Tests of the listing's queue with its feed and checkpoint.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use crate::error_class::ErrorClass;
use crate::source::listing::feed::{feed, survey};
use crate::source::listing::{
    Checkpoint, CheckpointError, CheckpointStore, ListError, Listed, Lister, ListingQueue, Page,
    ReplayIdentity, Selection,
};
use crate::source::{Handle, Message, Outcome, Queue};
use logferry_core::notification;
use logferry_core::notification::ObjectRef;

/// A bucket of numbered keys.
struct Numbered {
    objects: u64,
    pages: AtomicU64,
}

impl Numbered {
    fn new(objects: u64) -> Self {
        Self {
            objects,
            pages: AtomicU64::new(0),
        }
    }
}

#[async_trait]
impl Lister for Numbered {
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let from = after.map_or(0, |key| key.parse::<u64>().unwrap() + 1);
        let to = (from + 1000).min(self.objects);
        let listed = |n| Listed {
            object: ObjectRef {
                size: Some(10),
                ..ObjectRef::new("logs", format!("{n:08}"))
            },
            last_modified: None,
        };
        let objects: Vec<_> = (from..to).map(listed).collect();
        let last = objects.last().map(|listed| listed.object.key.clone());
        Ok(Page {
            objects,
            through: last.or(after.map(str::to_owned)),
            more: to < self.objects,
        })
    }
}

/// A checkpoint in memory.
#[derive(Clone, Default)]
struct Kept {
    json: Arc<Mutex<Option<Vec<u8>>>>,
    fails: bool,
}

impl Kept {
    fn checkpoint(&self) -> Checkpoint {
        let json = self.json.lock().unwrap();
        json.as_ref().map_or_else(Checkpoint::default, |json| {
            Checkpoint::of_replay(json, &ReplayIdentity::default()).unwrap()
        })
    }
}

#[async_trait]
impl CheckpointStore for Kept {
    async fn load(&mut self) -> Result<Option<Vec<u8>>, String> {
        Ok(self.json.lock().unwrap().clone())
    }

    async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        if self.fails {
            return Err("the disk is full".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        *self.json.lock().unwrap() = Some(checkpoint.to_json().unwrap());
        Ok(())
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(1)
    }
}

fn key(message: &Message) -> String {
    let objects = notification::read(&message.body).objects;
    objects[0].key.clone()
}

fn handles(messages: &[Message]) -> Vec<Handle> {
    messages.iter().map(|m| m.handle.clone()).collect()
}

async fn filled(objects: u64, deliveries: u32) -> ListingQueue {
    let queue = ListingQueue::new(deliveries);
    queue.add(Numbered::new(objects).page(None).await.unwrap());
    queue
}

#[tokio::test]
async fn every_object_is_delivered_once_and_the_queue_ends() {
    let queue = filled(1, 1).await;
    let message = queue.receive(10).await.unwrap().pop().unwrap();
    assert_eq!(queue.depth().await.unwrap().in_flight, 1);
    let (again, _) = tokio::join!(queue.receive(10), async {
        let released = queue.release(&[message.handle], Duration::ZERO).await;
        assert_eq!(released.unwrap(), [Outcome::Done]);
    });
    assert!(again.unwrap().is_empty());
    assert!(queue.depth().await.unwrap().is_zero());
    assert_eq!(queue.given_up(), (1, vec!["00000000".to_owned()]));
}

#[tokio::test]
async fn each_object_is_delivered_once_under_its_key() {
    let listed = |key: &str| Listed {
        object: ObjectRef {
            version_id: (key == "b").then(|| "v+1".to_owned()),
            ..ObjectRef::new("logs", key)
        },
        last_modified: None,
    };
    let queue = ListingQueue::new(1);
    queue.add(Page {
        objects: vec![listed("a b+ü/%2F.gz"), listed("b")],
        through: None,
        more: false,
    });
    let messages = queue.receive(10).await.unwrap();
    let read: Vec<_> = (messages.iter())
        .flat_map(|message| notification::read(&message.body).objects)
        .map(|read| (read.key, read.version_id))
        .collect();
    assert_eq!(
        read,
        [
            ("a b+ü/%2F.gz".to_owned(), None),
            ("b".to_owned(), Some("v+1".to_owned()))
        ]
    );
    let [first, second] = [0, 1].map(|i| messages[i].handle.clone());
    queue.delete(&[first]).await.unwrap();
    queue.release(&[second], Duration::ZERO).await.unwrap();
    assert!(queue.receive(10).await.unwrap().is_empty());
    assert!(queue.depth().await.unwrap().is_zero());
    let unsettled: Vec<_> = queue
        .unsettled()
        .into_iter()
        .map(|object| object.key)
        .collect();
    assert_eq!(unsettled, ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_released_message_comes_back_after_its_delay_until_it_is_given_up() {
    let queue = filled(1, 3).await;
    for delivery in 1..=3 {
        let started = tokio::time::Instant::now();
        let messages = queue.receive(10).await.unwrap();
        assert_eq!(messages[0].receive_count, delivery);
        let waited = started.elapsed().as_secs();
        assert_eq!(waited, if delivery == 1 { 0 } else { 4 });
        let delay = Duration::from_secs(4);
        queue.release(&handles(&messages), delay).await.unwrap();
    }
    assert!(queue.receive(10).await.unwrap().is_empty());
    assert_eq!(queue.given_up().0, 1);
    let late = queue.delete(&[Handle("1".to_owned())]).await.unwrap();
    assert_eq!(late, [Outcome::Lost]);
}

/// The listing waits for the messages: a million keys are not kept in memory.
#[tokio::test(start_paused = true)]
async fn a_million_keys_are_listed_as_they_are_needed() {
    let (lister, queue) = (Numbered::new(1_000_000), ListingQueue::new(1));
    let selection = Selection::default();
    let filling = feed(&lister, &selection, &queue);
    let taking = async {
        let mut taken = 0;
        loop {
            let messages = queue.receive(10).await.unwrap();
            if messages.is_empty() {
                return taken;
            }
            taken += messages.len() as u64;
            assert!(queue.progress().open <= 1600, "{:?}", queue.progress());
            assert!(lister.pages.load(Ordering::Relaxed) <= taken / 1000 + 2);
            queue.delete(&handles(&messages)).await.unwrap();
        }
    };
    let ((), taken) = tokio::join!(filling, taking);
    assert_eq!(taken, 1_000_000);
    assert_eq!(queue.progress().settled_bytes, 10_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_confirmed_when_the_checkpoint_holds_it() {
    let kept = Kept::default();
    let (queue, keep) = ListingQueue::continuing(1, Checkpoint::default(), Box::new(kept.clone()));
    tokio::spawn(keep);
    queue.add(Numbered::new(30).page(None).await.unwrap());
    for _ in 0..2 {
        let messages = queue.receive(10).await.unwrap();
        queue.delete(&handles(&messages)).await.unwrap();
        let (settled, open) = {
            let checkpoint = kept.checkpoint();
            (checkpoint.settled, checkpoint.open.len() as u64)
        };
        assert_eq!((settled, open), (queue.progress().settled, 30 - settled));
    }
    // Held, not settled: the next run has it again, and nothing else.
    let held = queue.receive(10).await.unwrap();
    queue.saved().await.unwrap();
    let (next, _) = ListingQueue::continuing(1, kept.checkpoint(), Box::new(kept.clone()));
    assert!(next.is_listed());
    let again = next.receive(10).await.unwrap();
    let keys = |messages: &[Message]| messages.iter().map(key).collect::<Vec<_>>();
    assert_eq!(keys(&again), keys(&held));
    assert_eq!(next.depth().await.unwrap().visible, 0);
}

/// Also while the checkpoint is behind.
#[tokio::test(start_paused = true)]
async fn settled_and_open_objects_add_up_at_each_change() {
    let kept = Kept::default();
    let (queue, keep) = ListingQueue::continuing(1, Checkpoint::default(), Box::new(kept));
    tokio::spawn(keep);
    queue.add(Numbered::new(30).page(None).await.unwrap());
    let watched = queue.clone();
    let watching = tokio::spawn(async move {
        loop {
            let changed = watched.changed();
            let now = watched.progress();
            assert_eq!(now.settled + now.open as u64, 30);
            if now.settled == 30 {
                return;
            }
            changed.await;
        }
    });
    for _ in 0..3 {
        let messages = queue.receive(10).await.unwrap();
        queue.delete(&handles(&messages)).await.unwrap();
    }
    watching.await.unwrap();
}

/// One object that takes for ever does not make the checkpoint long.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_stays_short_behind_a_slow_object() {
    let kept = Kept::default();
    let (queue, keep) = ListingQueue::continuing(1, Checkpoint::default(), Box::new(kept.clone()));
    tokio::spawn(keep);
    let (lister, selection) = (Numbered::new(20_000), Selection::default());
    let filling = feed(&lister, &selection, &queue);
    let taking = async {
        let slow = queue.receive(1).await.unwrap();
        let mut deletions = Vec::new();
        for _ in 0..1999 {
            let messages = queue.receive(10).await.unwrap();
            let queue = queue.clone();
            deletions.push(tokio::spawn(async move {
                queue.delete(&handles(&messages)).await.unwrap()
            }));
        }
        for deletion in deletions {
            deletion.await.unwrap();
        }
        let checkpoint = kept.checkpoint();
        assert!(checkpoint.settled >= 19_980, "{}", checkpoint.settled);
        assert!(checkpoint.open.len() <= 20, "the slow one and the last");
        assert!(kept.json.lock().unwrap().as_ref().unwrap().len() < 2000);
        assert_eq!(key(&slow[0]), "00000000");
    };
    tokio::join!(filling, taking);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_cannot_be_written_is_fatal() {
    let kept = Kept {
        fails: true,
        ..Kept::default()
    };
    let (queue, keep) = ListingQueue::continuing(1, Checkpoint::default(), Box::new(kept));
    tokio::spawn(keep);
    queue.add(Numbered::new(5).page(None).await.unwrap());
    let messages = queue.receive(10).await.unwrap();
    let error = queue.delete(&handles(&messages)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Fatal);
    assert_eq!(error.to_string(), "the checkpoint: the disk is full");
    assert!(queue.saved().await.is_err());
}

struct Failing(ErrorClass, AtomicU64);

#[async_trait]
impl Lister for Failing {
    async fn page(&self, _: Option<&str>) -> Result<Page, ListError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Err(ListError {
            class: self.0,
            reason: "s3://b: no".to_owned(),
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_listing_ends_the_queue() {
    for (class, attempts) in [(ErrorClass::Fatal, 1), (ErrorClass::Retryable, 8)] {
        let (lister, queue) = (Failing(class, AtomicU64::new(0)), filled(1, 1).await);
        queue.add(Page {
            more: true,
            ..Page::default()
        });
        feed(&lister, &Selection::default(), &queue).await;
        let error = queue.receive(1).await.unwrap_err();
        assert_eq!(error.to_string(), "the listing: s3://b: no");
        assert_eq!(error.class, ErrorClass::Fatal, "a pipeline would retry");
        assert_eq!(lister.1.load(Ordering::Relaxed), attempts);
    }
}

#[tokio::test]
async fn a_survey_counts_and_takes_a_sample() {
    let lister = Numbered::new(5500);
    let selection = Selection::default();
    let mut counted = Vec::new();
    let found = survey(&lister, &selection, None, 20, |n| counted.push(n)).await;
    let found = found.unwrap();
    assert_eq!((found.objects, found.bytes), (5500, 55_000));
    assert_eq!(counted, [1000, 2000, 3000, 4000, 5000, 5500]);
    assert_eq!(found.sample.len(), 20);
    let late = |listed: &&Listed| listed.object.key.as_str() > "00002750";
    let late = found.sample.iter().filter(late).count();
    assert!((5..=15).contains(&late), "{late}");
}

#[test]
fn a_checkpoint_of_anything_else_is_refused_in_a_sentence() {
    let replay = ReplayIdentity {
        source: "s3://logs/a".to_owned(),
        by: "last-modified".to_owned(),
        ..ReplayIdentity::default()
    };
    let checkpoint = Checkpoint {
        replay: replay.clone(),
        through: Some("k".to_owned()),
        settled: 3,
        ..Checkpoint::default()
    };
    let json = checkpoint.to_json().unwrap();
    assert_eq!(Checkpoint::of_replay(&json, &replay), Ok(checkpoint));
    let text = String::from_utf8(json.clone()).unwrap();
    let error = |json: &str, replay: &ReplayIdentity| {
        Checkpoint::of_replay(json.as_bytes(), replay).unwrap_err()
    };
    for damaged in [&text[..text.len() / 2], "", "{}", "[]", "\u{0}"] {
        let error = error(damaged, &replay);
        assert!(matches!(error, CheckpointError::Unreadable(_)), "{error}");
    }
    let foreign = text.replace("replay checkpoint", "export checkpoint");
    let sentence = error(&foreign, &replay).to_string();
    assert!(sentence.contains("export checkpoint"), "{sentence}");
    let newer = text.replace("\"version\":1", "\"version\":7");
    assert_eq!(error(&newer, &replay), CheckpointError::Newer(7));
    let other = ReplayIdentity {
        source: "s3://logs/b".to_owned(),
        ..replay.clone()
    };
    assert_eq!(
        error(&text, &other).to_string(),
        "belongs to another replay: its source is s3://logs/a, and now it is s3://logs/b; give another --checkpoint"
    );
    let since = ReplayIdentity {
        since: Some("7d".to_owned()),
        ..replay
    };
    let sentence = error(&text, &since).to_string();
    assert!(
        sentence.contains("its --since is none, and now it is 7d"),
        "{sentence}"
    );
}
