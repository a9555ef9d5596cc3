/*! Tests of the simulated servers, on which all checks rest. */

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use logferry::source::{Handle, Message, OpenError, Outcome, Queue, Store};
use logferry_core::notification::ObjectRef;

use crate::faults::{Fault, Plan};
use crate::index::IndexServer;
use crate::queue::QueueServer;
use crate::queue_client::SimQueue;
use crate::sim::{Sim, Wire};
use crate::store::{SimStore, StoreServer, Version};

const SECOND: Duration = Duration::from_secs(1);

fn plan() -> Plan {
    let mut plan = Plan::calm(1);
    plan.max_receive_count = Some(3);
    plan
}

fn queue() -> Arc<QueueServer> {
    let server = QueueServer::new(&Sim::new(1, plan()));
    server.send("body");
    server
}

fn one(server: &QueueServer) -> Message {
    let mut messages = server.receive(1, 10);
    assert_eq!(messages.len(), 1, "one message is visible");
    messages.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_at_its_deadline_with_a_new_handle() {
    let server = queue();
    let first = one(&server);
    assert_eq!((first.receive_count, first.body.as_str()), (1, "body"));
    tokio::time::advance(29 * SECOND).await;
    assert!(server.receive(1, 10).is_empty());
    tokio::time::advance(SECOND).await;
    let second = one(&server);
    assert_eq!((second.receive_count, second.held_before), (2, 30 * SECOND));
    assert_ne!(first.handle, second.handle);

    // The first handle is stale: it neither extends nor releases nor deletes.
    assert_eq!(
        server.change(1, &first.handle, 90 * SECOND, false),
        Outcome::Lost
    );
    assert_eq!(
        server.change(1, &first.handle, Duration::ZERO, true),
        Outcome::Lost
    );
    assert_eq!(server.delete(1, &first.handle), Outcome::Lost);
    assert!(server.receive(1, 10).is_empty());
    assert_eq!(server.delete(1, &second.handle), Outcome::Done);
    assert_eq!(server.delete(1, &second.handle), Outcome::Lost);
    assert!(server.left().is_empty());
    assert_eq!(server.delete(1, &Handle("junk".to_owned())), Outcome::Lost);
}

#[tokio::test(start_paused = true)]
async fn an_extension_counts_from_the_call_and_a_release_ends_it() {
    let server = queue();
    let message = one(&server);
    tokio::time::advance(20 * SECOND).await;
    assert_eq!(
        server.change(1, &message.handle, 30 * SECOND, false),
        Outcome::Done
    );
    tokio::time::advance(29 * SECOND).await;
    assert!(server.receive(1, 10).is_empty());
    assert_eq!(server.held(Duration::ZERO..Duration::MAX), [1]);
    assert_eq!(
        server.change(1, &message.handle, 5 * SECOND, true),
        Outcome::Done
    );
    assert!(server.held(Duration::ZERO..Duration::MAX).is_empty());
    tokio::time::advance(5 * SECOND).await;
    assert_eq!(one(&server).receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn an_expired_handle_extends_nothing() {
    let server = queue();
    let message = one(&server);
    tokio::time::advance(30 * SECOND).await;
    assert_eq!(
        server.change(1, &message.handle, 30 * SECOND, false),
        Outcome::Lost
    );
}

#[tokio::test(start_paused = true)]
async fn the_redrive_policy_takes_what_was_delivered_too_often() {
    let server = queue();
    for count in 1..=3 {
        let message = one(&server);
        assert_eq!(message.receive_count, count);
        assert!(server.dead().is_empty());
        server.change(1, &message.handle, Duration::ZERO, true);
    }
    assert!(server.receive(1, 10).is_empty());
    assert_eq!((server.dead(), server.left()), (vec![1], vec![]));
    server.redrive();
    assert_eq!(one(&server).receive_count, 1);
}

#[tokio::test(start_paused = true)]
async fn no_lease_outlives_twelve_hours() {
    let server = queue();
    let message = one(&server);
    let mut extended = 0;
    while server.change(1, &message.handle, 30 * SECOND, false) == Outcome::Done {
        tokio::time::advance(20 * SECOND).await;
        extended += 1;
    }
    assert_eq!(extended, (12 * 3600 - 30) / 20 + 1);
    let refused = server.change(1, &message.handle, 30 * SECOND, false);
    assert!(matches!(refused, Outcome::Failed(_)), "{refused:?}");
    assert_eq!(server.delete(1, &message.handle), Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_fail_in_part() {
    let sim = Sim::new(3, plan().with(Fault::DeleteEntryFails, 0.5, 60 * SECOND));
    let server = QueueServer::new(&sim);
    for _ in 0..10 {
        server.send("body");
    }
    let queue = SimQueue {
        server: server.clone(),
        wire: Wire::new(&sim, 1),
    };
    let messages = queue.receive(10).await.unwrap();
    let handles: Vec<Handle> = messages.into_iter().map(|m| m.handle).collect();
    let outcomes = queue.delete(&handles).await.unwrap();
    let done = outcomes.iter().filter(|o| **o == Outcome::Done).count();
    assert!((1..10).contains(&done), "{outcomes:?}");
    assert_eq!(server.left().len(), 10 - done);
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_delivered_twice_at_once() {
    let sim = Sim::new(3, plan().with(Fault::DeliveredTwice, 1.0, SECOND));
    let server = QueueServer::new(&sim);
    server.send("body");
    let (first, second) = (one(&server), one(&server));
    assert_eq!((first.id, second.receive_count), (second.id, 2));
    assert_ne!(first.handle, second.handle);
}

const CREATE: &str = r#"{"create":{"_index":"i","_id":"1"}}"#;

fn statuses(server: &IndexServer, lines: &[&str]) -> Vec<u64> {
    let body = lines.join("\n") + "\n";
    let answer = server.bulk(1, body.as_bytes(), usize::MAX);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            item.as_object().unwrap().values().next().unwrap()["status"]
                .as_u64()
                .unwrap()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_index_creates_once_and_replaces_on_condition_only() {
    let server = IndexServer::new(&Sim::new(1, plan()));
    assert_eq!(
        statuses(&server, &[CREATE, "{\"a\":1}", CREATE, "{\"a\":2}"]),
        [201, 409]
    );
    let place = ("i".to_owned(), "1".to_owned());
    let stored = server.document(&place).unwrap();
    assert_eq!(stored.source, b"{\"a\":1}");
    let index = |seq_no: u64, term: u64| {
        format!(
            r#"{{"index":{{"_index":"i","_id":"1","if_seq_no":{seq_no},"if_primary_term":{term}}}}}"#
        )
    };
    let (right, term) = (stored.seq_no, stored.primary_term);
    assert_eq!(statuses(&server, &[&index(right, term + 1), "{}"]), [409]);
    assert_eq!(
        statuses(
            &server,
            &[&index(right, term), "{\"a\":3}", &index(right, term), "{}"]
        ),
        [200, 409]
    );
    assert_eq!(server.document(&place).unwrap().source, b"{\"a\":3}");
}

#[tokio::test(start_paused = true)]
async fn a_cursed_document_is_refused_and_its_neighbours_are_not() {
    let server = IndexServer::new(&Sim::new(1, plan()));
    server.curse(Box::new(|(_, id)| id == "1"));
    let other = r#"{"create":{"_index":"i","_id":"2"}}"#;
    assert_eq!(statuses(&server, &[CREATE, "{}", other, "{}"]), [400, 201]);
}

fn object(key: &str) -> ObjectRef {
    ObjectRef::new("b", key)
}

fn version(etag: &str, bytes: &'static [u8]) -> Version {
    Version {
        etag: etag.to_owned(),
        bytes: Bytes::from_static(bytes),
        last_modified: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_can_be_resumed_while_the_object_is_the_same() {
    let bytes: &[u8] = b"0123456789";
    let mut broken = 0;
    for seed in 0..50 {
        let sim = Sim::new(seed, plan().with(Fault::BodyCut, 1.0, 60 * SECOND));
        let server = StoreServer::new(&sim);
        server.put("b", "k", version("one", bytes));
        let store = SimStore {
            server: server.clone(),
            wire: Wire::new(&sim, 1),
        };
        let mut opened = store.open(&object("k"), 0, None).await.unwrap();
        assert_eq!(opened.size, Some(10));
        let mut read = Vec::new();
        while let Some(Ok(chunk)) = opened.chunks.next().await {
            read.extend_from_slice(&chunk);
        }
        broken += usize::from(read.len() < bytes.len());
        sim.end_faults();
        let object_read = object("k");
        let rest = store.open(&object_read, read.len() as u64, Some("one"));
        match rest.await {
            Ok(mut rest) => {
                while let Some(chunk) = rest.chunks.next().await {
                    read.extend_from_slice(&chunk.unwrap());
                }
            }
            // As S3 does: there is no rest.
            Err(refused) => assert_eq!(read, bytes, "{refused}"),
        }
        assert_eq!(read, bytes);
        server.put("b", "k", version("two", bytes));
        let changed = store.open(&object("k"), 5, Some("one")).await;
        assert!(matches!(changed, Err(OpenError::Changed)));
        server.remove("b", "k");
        assert!(matches!(
            store.open(&object("k"), 0, None).await,
            Err(OpenError::Gone)
        ));
    }
    assert!(broken > 25, "{broken} of 50 were cut");
}
