/*! Broken connections to queue, store and index: each alone, and all together. */

use std::collections::BTreeMap;
use std::time::Instant;

use fastrand::Rng;

use crate::crew::{Crew, WorkerLogs};
use crate::judge::{Run, emptied};
use crate::plan;
use crate::proxy::{Mode, Proxy};
use crate::reference::{Reference, refuse_levels};
use crate::support::{direct, server};
use crate::workload::large_keys;
use crate::{either, seed};

struct Links {
    queue: Proxy,
    store: Proxy,
    index: Proxy,
}

/// Runs with faults on some of the links; returns the effects that the workers logged, and the hits.
async fn disturbed(
    name: &'static str,
    faults: usize,
    choose: fn(&Links) -> Vec<&Proxy>,
    effects: fn(&WorkerLogs) -> Vec<(&'static str, u64)>,
) {
    let reference = Reference::get().await;
    let started = Instant::now();
    let hash = name
        .bytes()
        .fold(0_u64, |hash, b| hash.wrapping_mul(31) + u64::from(b));
    let mut rng = Rng::with_seed(seed() ^ hash);
    let links = Links {
        queue: Proxy::before(&server("LOGFERRY_TEST_SQS"), 600).await,
        store: Proxy::before(&server("LOGFERRY_TEST_S3"), 250_000).await,
        index: Proxy::before(&server("LOGFERRY_TEST_OPENSEARCH"), 600).await,
    };
    let stage = reference.stage("links", 4).await;
    refuse_levels(&stage).await;
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().display());
    let mut command = stage.endless_worker();
    command
        .env("AWS_ENDPOINT_URL_SQS", links.queue.url())
        .env("AWS_ENDPOINT_URL_S3", links.store.url())
        .env("LOGFERRY_OPENSEARCH_URL", links.index.url())
        .args(["--dead-letters", &to, "--bulk-timeout", "2s"])
        .args(["--bulk-size", "80kB", "--bulk-linger", "50ms"])
        .args(["--objects-in-flight", "4", "--log", "info,logferry=debug"]);
    let mut crew = Crew::new(command);
    for _ in 0..2 {
        let number = crew.hire();
        crew.until_logged(number, "the index answers").await;
    }
    let messages = reference.messages(&mut rng);
    // A share of the messages is sent before each fault, so that there is work to disturb.
    let mut shares = messages.chunks(messages.len().div_ceil(faults));
    let proxies = choose(&links);
    let large = large_keys(&reference.objects);
    let mut again = 0;
    plan::carry_out(&proxies, faults, &mut rng, async |mode| {
        if matches!(mode, Mode::Cut(after) if after > 600) {
            // Again, with an answer that is long enough to be cut.
            let key = large[again % large.len()];
            stage.send(&direct(&reference.bucket, &[key])).await;
            again += 1;
        }
        for message in shares.next().unwrap_or_default() {
            stage.send(message).await;
        }
    })
    .await;
    assert!(shares.next().is_none(), "all messages were sent");
    emptied(&stage).await;
    let logs = crew.dismiss().await;
    let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
    for proxy in &proxies {
        for (mode, n) in proxy.hits() {
            *hits.entry(mode).or_default() += n;
        }
    }
    let effects = effects(&logs);
    let mut shown: Vec<String> = effects
        .iter()
        .map(|(what, n)| format!("{n} {what}"))
        .collect();
    shown.push(format!("hits {hits:?}"));
    let run = Run {
        name,
        stage: &stage,
        letters: folder.path(),
        messages: messages.len() + again,
        faults,
        effects: shown.join(", "),
        started,
    };
    run.judge(reference).await;
    // Except "refuse": refused connections cannot be counted, only open ones that were reset.
    for mode in ["cut", "stall", "reset", "swallow"] {
        assert!(
            hits.contains_key(mode),
            "no {mode} met a connection: {hits:?}"
        );
    }
    for (what, n) in effects {
        assert!(n > 0, "no {what}");
    }
}

fn resumed(logs: &WorkerLogs) -> (&'static str, u64) {
    let n = logs.count("resuming a broken body");
    ("bodies resumed", n as u64)
}

fn sent_again(logs: &WorkerLogs) -> (&'static str, u64) {
    ("bulks sent again", logs.count("will be sent again") as u64)
}

fn already_there(logs: &WorkerLogs) -> (&'static str, u64) {
    ("already there", logs.sum("already_there"))
}

/// Calls to the queue that failed after the SDK's retries, or whose message another worker had received by then.
fn queue_trouble(logs: &WorkerLogs) -> (&'static str, u64) {
    let messages = [
        "cannot receive",
        "cannot extend",
        "not deleted",
        "lost the lease",
    ];
    let n: usize = messages.iter().map(|message| logs.count(message)).sum();
    ("failed calls to the queue", n as u64)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn to_the_queue() {
    disturbed(
        "queue's connections",
        either(10, 40),
        |links| vec![&links.queue],
        |logs| vec![queue_trouble(logs)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn to_the_store() {
    disturbed(
        "store's connections",
        either(10, 40),
        |links| vec![&links.store],
        |logs| vec![resumed(logs)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn to_the_index() {
    disturbed(
        "index's connections",
        either(10, 40),
        |links| vec![&links.index],
        |logs| vec![sent_again(logs), already_there(logs)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn to_all_of_them() {
    disturbed(
        "all connections",
        either(15, 90),
        |links| vec![&links.queue, &links.store, &links.index],
        |logs| vec![sent_again(logs), already_there(logs), resumed(logs)],
    )
    .await;
}
