/*! What an in-memory queue holds: which objects wait, are held, are settled and are given up. */

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::source::listing::ListError;
use crate::source::listing::checkpoint::{Checkpoint, OpenObject};
use crate::source::{Handle, Message};
use logferry_core::notification::ObjectRef;

/// Objects that may be given up before the queue fails: they are kept in memory and in the checkpoint.
const MOST_GIVEN_UP: usize = 10_000;
/// Names of objects that were given up, for the message at the end.
const NAMED: usize = 5;

#[derive(Default)]
pub(super) struct State {
    pub(super) checkpoint: Checkpoint,
    /// Objects that are not settled in the checkpoint yet.
    open: BTreeMap<u64, Open>,
    pub(super) waiting: VecDeque<u64>,
    /// Released messages, by the time at which they are delivered again.
    pub(super) delayed: BTreeSet<(Instant, u64)>,
    /// Settled, and not yet in the stored checkpoint.
    unsaved: usize,
    /// Delivered, and not yet deleted or released.
    pub(super) held: usize,
    pub(super) given_up: Vec<String>,
    pub(super) given_up_count: usize,
    pub(super) failure: Option<ListError>,
    next: u64,
    /// Counts the changes that the checkpoint must hold.
    pub(super) version: u64,
}

struct Open {
    object: ObjectRef,
    deliveries: u32,
    is_held: bool,
    is_settled: bool,
}

impl State {
    pub(super) fn push(&mut self, object: ObjectRef) {
        self.next += 1;
        let open = Open {
            object,
            deliveries: 0,
            is_held: false,
            is_settled: false,
        };
        self.open.insert(self.next, open);
        self.waiting.push_back(self.next);
    }

    pub(super) fn snapshot(&self) -> Checkpoint {
        Checkpoint {
            open: self.unsettled().map(OpenObject::new).collect(),
            ..self.checkpoint.clone()
        }
    }

    pub(super) fn unsettled(&self) -> impl Iterator<Item = &ObjectRef> {
        let open = self.open.values().filter(|open| !open.is_settled);
        open.map(|open| &open.object)
    }

    pub(super) fn take_due(&mut self, now: Instant) {
        while let Some((due, id)) = self.delayed.first().copied()
            && due <= now
        {
            self.delayed.pop_first();
            self.waiting.push_back(id);
        }
    }

    pub(super) fn deliver(&mut self, at_most: usize) -> Vec<Message> {
        let n = at_most.min(10).min(self.waiting.len());
        let ids: Vec<u64> = self.waiting.drain(..n).collect();
        let mut messages = Vec::with_capacity(n);
        for id in ids {
            let Some(open) = self.open.get_mut(&id) else {
                continue;
            };
            open.deliveries += 1;
            open.is_held = true;
            self.held += 1;
            messages.push(Message {
                id: id.to_string(),
                body: notification(&open.object),
                handle: Handle(id.to_string()),
                receive_count: open.deliveries,
                sent: None,
                held_before: Duration::ZERO,
            });
        }
        messages
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.checkpoint.listed
            && self.waiting.is_empty()
            && self.delayed.is_empty()
            && self.held == 0
    }

    /// Settles an object. False: it is not held.
    pub(super) fn settle(&mut self, id: u64) -> bool {
        let Some(open) = self.open.get_mut(&id) else {
            return false;
        };
        if !open.is_held || open.is_settled {
            return false;
        }
        open.is_settled = true;
        self.unsaved += 1;
        self.checkpoint.settled += 1;
        self.checkpoint.settled_bytes += open.object.size.unwrap_or(0);
        self.version += 1;
        true
    }

    /// Takes a message back. It is delivered again unless this was its last delivery.
    pub(super) fn release(&mut self, id: u64, delay: Duration, deliveries: u32) -> bool {
        let Some(open) = self.open.get_mut(&id) else {
            return false;
        };
        if !std::mem::take(&mut open.is_held) {
            return false;
        }
        self.held -= 1;
        if open.deliveries >= deliveries {
            self.given_up_count += 1;
            if self.given_up.len() < NAMED {
                self.given_up.push(open.object.key.clone());
            }
            if self.given_up_count == MOST_GIVEN_UP {
                self.failure = Some(ListError::fatal(format!(
                    "{MOST_GIVEN_UP} objects could not be settled (see the log); the first: {}",
                    self.given_up.join(", ")
                )));
            }
        } else {
            self.delayed.insert((Instant::now() + delay, id));
        }
        true
    }

    /// Forgets settled objects that the checkpoint holds.
    pub(super) fn forget(&mut self, id: u64) {
        if self.open.remove(&id).is_some() {
            self.held -= 1;
            self.unsaved -= 1;
        }
    }

    /// The number of objects that are not settled.
    pub(super) fn open(&self) -> usize {
        self.open.len() - self.unsaved
    }
}

/// The notification that S3 sends for an object.
pub fn notification(object: &ObjectRef) -> String {
    let key = &object.key;
    let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
    let mut named = serde_json::json!({"key": key.to_string()});
    if let Some(size) = object.size {
        named["size"] = size.into();
    }
    let texts = [
        ("eTag", &object.etag),
        ("versionId", &object.version_id),
        ("sequencer", &object.sequencer),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            named[name] = text.as_str().into();
        }
    }
    let mut record = serde_json::json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": object.bucket}, "object": named},
    });
    if let Some(region) = &object.region {
        record["awsRegion"] = region.as_str().into();
    }
    serde_json::json!({ "Records": [record] }).to_string()
}
