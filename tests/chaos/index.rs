/*! An index that is overloaded, stopped, blocked, or out of memory, on a node of the test's own. */

use std::time::Instant;

use fastrand::Rng;
use opensearch::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::crew::Crew;
use crate::judge::{Run, emptied};
use crate::node::Node;
use crate::reference::{Reference, refuse_levels};
use crate::support::Stage;
use crate::{long, seed};

/// Limits the node to one thread that writes and a queue of one request.
const NARROW: &str = "thread_pool.write.size: 1\nthread_pool.write.queue_size: 1\n";

/// A run on a node to which something happens meanwhile.
struct Trial {
    reference: &'static Reference,
    stage: Stage,
    crew: Crew,
    letters: tempfile::TempDir,
    messages: usize,
    /// The messages that are sent after the fault began, so that the index has work during it.
    rest: Vec<String>,
    started: Instant,
    name: &'static str,
}

impl Trial {
    async fn begin(name: &'static str, node: &Node, shards: u32, bulk_size: &str) -> Self {
        let reference = Reference::get().await;
        let started = Instant::now();
        let mut rng = Rng::with_seed(seed() ^ name.len() as u64);
        let mut stage = reference.stage("index", 5).await;
        stage.index_url = node.url();
        refuse_levels(&stage).await;
        // The worker's setup adds what the indices lack, and keeps their shards.
        for index in [
            "logs-2026.11.23",
            "logs-2026.11.24",
            "invocations-2026.11.23",
        ] {
            let body = json!({
                "settings": {"number_of_shards": shards, "number_of_replicas": 0},
                "mappings": {"dynamic": false},
            });
            let index = format!("{}-{index}", stage.prefix);
            let made = stage.opensearch(Method::Put, &index, Some(body)).await;
            assert_eq!(made["acknowledged"], true, "{made}");
        }
        let letters = tempfile::tempdir().unwrap();
        let to = format!("file://{}", letters.path().display());
        let mut command = stage.endless_worker();
        command
            .args(["--dead-letters", &to, "--bulk-timeout", "20s"])
            .args(["--bulk-size", bulk_size, "--bulk-linger", "100ms"])
            .args(["--objects-in-flight", "4"]);
        let mut crew = Crew::new(command);
        for _ in 0..2 {
            let number = crew.hire();
            crew.until_logged(number, "the index answers").await;
        }
        let mut messages = reference.messages(&mut rng);
        let rest = messages.split_off(messages.len() / 2);
        for message in &messages {
            stage.send(message).await;
        }
        let messages = messages.len() + rest.len();
        Self {
            rest,
            reference,
            stage,
            crew,
            letters,
            messages,
            started,
            name,
        }
    }

    /// Waits until about a quarter of the objects is settled.
    async fn quarter(&mut self) {
        let quarter = self.reference.objects.len() / 4;
        self.crew.until(|logs| logs.settled.len() >= quarter).await;
    }

    /// Sends the second half of the messages.
    async fn rest(&mut self) {
        for message in std::mem::take(&mut self.rest) {
            self.stage.send(&message).await;
        }
    }

    /// Waits until `more` further lines with this message and these words were logged.
    async fn until_logged(&mut self, more: usize, message: &str, words: &str) {
        let before = self.crew.logs.count_with(message, words);
        let enough =
            |logs: &crate::crew::WorkerLogs| logs.count_with(message, words) >= before + more;
        self.crew.until(enough).await;
    }

    async fn end(self, faults: usize, words: &str) {
        emptied(&self.stage).await;
        let logs = self.crew.dismiss().await;
        let again = logs.count_with("will be sent again", words);
        let effects = format!(
            "{again} bulks sent again, {} already there",
            logs.sum("already_there")
        );
        let run = Run {
            name: self.name,
            stage: &self.stage,
            letters: self.letters.path(),
            messages: self.messages,
            faults,
            effects,
            started: self.started,
        };
        run.judge(self.reference).await;
        assert!(again > 0, "no bulk was sent again because of {words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn narrow_stopped_blocked_and_out_of_memory() {
    let (node, _) = tokio::join!(Node::start(NARROW), Reference::get());

    let mut trial = Trial::begin("index: a write queue of 1, 8 shards", &node, 8, "2MB").await;
    trial.rest().await;
    trial.end(1, "rejected_execution").await;

    let mut trial = Trial::begin("index: stopped and started", &node, 1, "100kB").await;
    trial.quarter().await;
    // An orderly stop, or SIGKILL.
    if long() {
        node.kill().await;
    } else {
        node.stop().await;
    }
    trial.rest().await;
    trial.until_logged(1, "the index is down", "").await;
    assert!(ready(&trial.crew).await.contains(&false), "readiness tells");
    node.start_again("").await;
    trial.until_logged(1, "the index answers again", "").await;
    trial.end(1, "nothing listens").await;

    let mut trial = Trial::begin("index: blocked read-only", &node, 1, "100kB").await;
    trial.quarter().await;
    block(&trial.stage, json!(true)).await;
    trial.rest().await;
    trial
        .until_logged(3, "will be sent again", "cluster_block")
        .await;
    block(&trial.stage, Value::Null).await;
    trial.end(1, "cluster_block").await;

    let mut trial = Trial::begin("index: breaker tripped", &node, 1, "100kB").await;
    trial.quarter().await;
    breaker(&trial.stage, "2kb").await;
    trial.rest().await;
    trial.until_logged(3, "will be sent again", "429").await;
    breaker(&trial.stage, "100%").await;
    trial.end(1, "429").await;
}

async fn block(stage: &Stage, value: Value) {
    let settings = json!({"index.blocks.read_only_allow_delete": value});
    let path = format!("{}-*/_settings", stage.prefix);
    let answer = stage.opensearch(Method::Put, &path, Some(settings)).await;
    assert_eq!(answer["acknowledged"], true, "{answer}");
}

async fn breaker(stage: &Stage, limit: &str) {
    let settings = json!({"transient": {"network.breaker.inflight_requests.limit": limit}});
    let answer = stage
        .opensearch(Method::Put, "_cluster/settings", Some(settings))
        .await;
    assert_eq!(answer["acknowledged"], true, "{answer}");
}

/// Whether `/readyz` of each worker answers that it is ready.
async fn ready(crew: &Crew) -> Vec<bool> {
    let mut all = Vec::new();
    for worker in &crew.workers {
        let address = worker
            .listen
            .as_ref()
            .expect("it has said where it listens");
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        all.push(answer.starts_with("HTTP/1.1 200"));
    }
    all
}
