/*! Duplicates: every notification twice, and the same events exported again with other windows, chunks and prefixes. */

use std::collections::BTreeMap;
use std::time::Instant;

use fastrand::Rng;
use serde_json::Value;

use crate::crew::Crew;
use crate::judge::{Difference, Run, clear};
use crate::letters;
use crate::reference::{Documents, Reference, ingested, refuse_levels, upload};
use crate::support::{Stage, direct, finish};
use crate::workload::{Object, Text, export_key_under, invocation};
use crate::{either, seed};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn notifications() {
    let reference = Reference::get().await;
    let started = Instant::now();
    let mut rng = Rng::with_seed(seed() ^ 2);
    let stage = reference.stage("twice", 5).await;
    refuse_levels(&stage).await;
    let mut messages = reference.messages(&mut rng);
    // In other groups and envelopes, in random order.
    messages.extend(reference.messages(&mut rng));
    rng.shuffle(&mut messages);
    for message in &messages {
        stage.send(message).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().display());
    let mut command = stage.worker();
    command.args(["--dead-letters", &to, "--bulk-size", "200kB"]);
    let mut crew = Crew::new(command);
    for _ in 0..3 {
        crew.hire();
    }
    let logs = crew.ended().await;
    let already_there = logs.sum("already_there");
    let run = Run {
        name: "notifications twice",
        stage: &stage,
        letters: folder.path(),
        messages: messages.len(),
        faults: messages.len() / 2,
        effects: format!("{already_there} already there"),
        started,
    };
    run.judge(reference).await;
    // Each document was sent twice. Refused documents and some merged summaries do not count as already there.
    let least = reference.documents.len() * 9 / 10;
    assert!(already_there as usize >= least, "{already_there}");
}

/// An export task.
struct Task {
    id: String,
    prefix: &'static str,
    /// The number of events of a stream in one file.
    chunk: usize,
}

/// The objects of an export task over a window of invocations.
fn window(task: &Task, streams: u32, from: u32, to: u32) -> Vec<Object> {
    let objects = |stream| {
        let all = (from..to).flat_map(|i| {
            let events = invocation(stream, i, "2026-11-23", "");
            // The window begins and ends in the middle of an invocation.
            let outside = move |n| (i == from && n < 2) || (i + 1 == to && n >= 2);
            let inside = events
                .into_iter()
                .enumerate()
                .filter(move |(n, _)| !outside(*n));
            inside.map(|(_, event)| event)
        });
        let all: Vec<_> = all.collect();
        let chunks = all.chunks(task.chunk).zip(0..).map(|(events, chunk)| {
            let mut text = Text::default();
            for (time, message) in events {
                text.event(time, message);
            }
            let key = export_key_under(task.prefix, &task.id, stream, chunk);
            Object::sound(key, text.gzip())
        });
        chunks.collect::<Vec<_>>()
    };
    (0..streams).flat_map(objects).collect()
}

async fn work(objects: &[&[Object]], name: &str, seed: u64) -> (Stage, Documents, u64, usize) {
    let stage = Stage::with_queue(name, 5, 1000).await;
    let mut messages = Vec::new();
    for objects in objects {
        upload(&stage, objects).await;
        messages.extend(objects.iter().map(|o| direct(&stage.bucket, &[&o.key])));
    }
    Rng::with_seed(seed).shuffle(&mut messages);
    for message in &messages {
        stage.send(message).await;
    }
    let workers: Vec<_> = (0..2).map(|_| stage.worker().spawn().unwrap()).collect();
    let mut already_there = 0;
    for worker in workers {
        let log = finish(worker);
        assert!(log.success, "{}", log.text);
        already_there += log.sum("already_there");
    }
    let documents = stage.documents().await;
    (stage, documents, already_there, messages.len())
}

/// The document without the fields that depend on the object of its line.
fn anywhere(source: &Value) -> Value {
    let mut source = source.clone();
    if let Some(fields) = source.as_object_mut() {
        fields.remove("log").and_then(|mut log| {
            log.as_object_mut()?.remove("offset");
            fields.insert("log".to_owned(), log)
        });
        if let Some(aws) = fields.get_mut("aws").and_then(Value::as_object_mut) {
            aws.remove("s3");
        }
    }
    source
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn exports() {
    let started = Instant::now();
    let streams = either(10, 60);
    // No two tasks cut a stream at the same event.
    let tasks = [
        ("11111111", "exports/fn", 1000),
        ("22222222", "exports/fn", 37),
        ("33333333", "exports/again", 59),
        ("44444444", "elsewhere", 83),
    ]
    .map(|(id, prefix, chunk)| Task {
        id: format!("{id}-1111-4222-8333-444444444444"),
        prefix,
        chunk,
    });
    let all = window(&tasks[0], streams, 0, 60);
    let (stage, expected, ..) = work(&[&all], "once", 1).await;
    clear(&stage).await;
    // Three exports of overlapping windows, each in several chunks, which together hold the same events.
    let parts = [
        window(&tasks[1], streams, 0, 30),
        window(&tasks[2], streams, 20, 60),
        window(&tasks[3], streams, 10, 50),
    ];
    let parts: Vec<&[Object]> = parts.iter().map(|p| &p[..]).collect();
    let (stage, found, already_there, messages) = work(&parts, "overlapping", seed()).await;
    // A line whose invocation began in another object lacks some fields, and the first version to arrive is kept.
    // Summaries are merged, and hold all fields.
    let mut versions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, source) in parts.iter().flat_map(|part| ingested(part)) {
        versions.entry(key).or_default().push(anywhere(&source));
    }
    let same = |key: &str, expected: &Value, found: &Value| {
        let (expected, found) = (anywhere(expected), anywhere(found));
        let a_version = || versions.get(key).is_some_and(|all| all.contains(&found));
        expected == found || (key.starts_with("logferry-logs-") && a_version())
    };
    let difference = Difference::of(&expected, &found, same);
    let folder = tempfile::tempdir().unwrap();
    let run = Run {
        name: "overlapping exports",
        stage: &stage,
        letters: folder.path(),
        messages,
        faults: 2 * streams as usize,
        effects: format!("{already_there} already there"),
        started,
    };
    run.print(
        found.len(),
        &difference,
        letters::in_folder(folder.path()).len(),
    );
    run.settled(&difference).await;
    assert!(already_there > 0);
}
