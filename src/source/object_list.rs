/*! References to objects go in; a queue with one notification per object comes out, and which of them were settled. */

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::source::{Attributes, Depth, Handle, Message, Outcome, Queue, QueueError};

/// An object to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedObject {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
}

impl ListedObject {
    /// The notification that S3 would send.
    fn notification(&self) -> String {
        let key =
            percent_encoding::utf8_percent_encode(&self.key, percent_encoding::NON_ALPHANUMERIC);
        let mut object = serde_json::json!({"key": key.to_string()});
        if let Some(version) = &self.version_id {
            object["versionId"] = version.as_str().into();
        }
        serde_json::json!({"Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": self.bucket}, "object": object},
        }]})
        .to_string()
    }
}

/// A queue with one message per object. A released message is not delivered again.
pub struct ObjectList {
    objects: Vec<ListedObject>,
    state: Mutex<State>,
    changed: Notify,
}

/// Positions in the list.
#[derive(Default)]
struct State {
    waiting: VecDeque<usize>,
    held: BTreeSet<usize>,
    settled: BTreeSet<usize>,
}

impl ObjectList {
    pub fn new(objects: Vec<ListedObject>) -> Self {
        let state = State {
            waiting: (0..objects.len()).collect(),
            ..State::default()
        };
        Self {
            objects,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Whether the object at this position of the list was settled.
    pub fn is_settled(&self, position: usize) -> bool {
        self.lock().settled.contains(&position)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the holding of deliveries.
    fn end(&self, handles: &[Handle], settled: bool) -> Vec<Outcome> {
        let mut state = self.lock();
        for Handle(position) in handles {
            if let Ok(position) = position.parse()
                && state.held.remove(&position)
                && settled
            {
                state.settled.insert(position);
            }
        }
        self.changed.notify_waiters();
        vec![Outcome::Done; handles.len()]
    }
}

#[async_trait]
impl Queue for ObjectList {
    async fn attributes(&self) -> Result<Attributes, QueueError> {
        Ok(Attributes {
            visibility: Duration::from_secs(3600),
            longest_visibility: Duration::from_secs(u64::from(u32::MAX)),
            max_receive_count: Some(1),
        })
    }

    async fn receive(&self, at_most: usize) -> Result<Vec<Message>, QueueError> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                let n = at_most.min(10).min(state.waiting.len());
                if n > 0 || state.held.is_empty() {
                    let positions: Vec<usize> = state.waiting.drain(..n).collect();
                    state.held.extend(&positions);
                    let messages = positions.into_iter().map(|position| Message {
                        id: self.objects[position].key.clone(),
                        body: self.objects[position].notification(),
                        handle: Handle(position.to_string()),
                        receive_count: 1,
                        sent: None,
                        held_before: Duration::ZERO,
                    });
                    return Ok(messages.collect());
                }
            }
            changed.await;
        }
    }

    async fn extend(
        &self,
        handles: &[Handle],
        _visibility: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        Ok(vec![Outcome::Done; handles.len()])
    }

    async fn release(
        &self,
        handles: &[Handle],
        _delay: Duration,
    ) -> Result<Vec<Outcome>, QueueError> {
        Ok(self.end(handles, false))
    }

    async fn delete(&self, handles: &[Handle]) -> Result<Vec<Outcome>, QueueError> {
        Ok(self.end(handles, true))
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let state = self.lock();
        Ok(Depth {
            visible: state.waiting.len() as u64,
            in_flight: state.held.len() as u64,
            delayed: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logferry_core::notification;

    #[tokio::test]
    async fn each_object_is_delivered_once_under_its_key() {
        let object = |key: &str| ListedObject {
            bucket: "logs".to_owned(),
            key: key.to_owned(),
            version_id: (key == "b").then(|| "v+1".to_owned()),
        };
        let list = ObjectList::new(vec![object("a b+ü/%2F.gz"), object("b")]);
        let messages = list.receive(10).await.unwrap();
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
        list.delete(&[first]).await.unwrap();
        list.release(&[second], Duration::ZERO).await.unwrap();
        assert!(list.receive(10).await.unwrap().is_empty());
        assert!(list.depth().await.unwrap().is_zero());
        assert!(list.is_settled(0) && !list.is_settled(1));
    }
}
