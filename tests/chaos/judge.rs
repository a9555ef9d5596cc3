/*! The end of a test: waits until the queue is empty, compares the documents, and prints the figures. */

use std::path::Path;
use std::time::{Duration, Instant};

use opensearch::http::Method;

use crate::letters;
use crate::reference::{Documents, Reference};
use crate::support::Stage;

/// The longest time until the queue is empty.
const PATIENCE: Duration = Duration::from_secs(240);

/// Polls the queue until it has neither visible nor invisible messages.
pub async fn emptied(stage: &Stage) {
    let deadline = Instant::now() + PATIENCE;
    let mut depth = stage.depth(&stage.queue_url).await;
    while depth != (0, 0) {
        assert!(Instant::now() < deadline, "{depth:?} messages are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
        depth = stage.depth(&stage.queue_url).await;
    }
}

/// Removes the stage's indices and templates: the number of shards on a node is limited.
pub async fn clear(stage: &Stage) {
    for kind in ["logs", "invocations"] {
        let name = format!("{}-{kind}", stage.prefix);
        for path in [format!("{name}-*"), format!("_index_template/{name}")] {
            let gone = stage.opensearch(Method::Delete, &path, None).await;
            assert_eq!(gone["acknowledged"], true, "{path}: {gone}");
        }
    }
}

/// The figures of one test.
pub struct Run<'a> {
    pub name: &'a str,
    pub stage: &'a Stage,
    pub letters: &'a Path,
    pub messages: usize,
    /// The number of injected faults.
    pub faults: usize,
    /// The effects of the faults, such as `17 already there`.
    pub effects: String,
    pub started: Instant,
}

/// The differences between two sets of documents.
#[derive(Debug, Default)]
pub struct Difference {
    pub lost: Vec<String>,
    pub double: Vec<String>,
    pub other: Vec<String>,
}

impl Difference {
    /// `same` compares the expected and the found content of documents with one id.
    pub fn of(
        expected: &Documents,
        found: &Documents,
        same: impl Fn(&str, &serde_json::Value, &serde_json::Value) -> bool,
    ) -> Self {
        let mut difference = Self::default();
        for (key, source) in expected {
            match found.get(key) {
                None => difference.lost.push(key.clone()),
                Some(there) if !same(key, source, there) => {
                    difference
                        .other
                        .push(format!("{key}: {there} is not {source}"));
                }
                Some(_) => {}
            }
        }
        let unexpected = |key: &&String| !expected.contains_key(*key);
        difference.double = found.keys().filter(unexpected).cloned().collect();
        difference
    }

    fn is_none(&self) -> bool {
        self.lost.is_empty() && self.double.is_empty() && self.other.is_empty()
    }
}

impl Run<'_> {
    /// Checks that ids and contents are the same, the queue is empty, and the dead letters are the planted ones.
    pub async fn judge(self, reference: &Reference) {
        let found = self.stage.documents().await;
        let difference = Difference::of(&reference.documents, &found, |_, a, b| a == b);
        let letters = letters::in_folder(self.letters);
        self.print(found.len(), &difference, letters.len());
        assert_eq!(letters, reference.planted);
        self.settled(&difference).await;
    }

    pub fn print(&self, documents: usize, difference: &Difference, letters: usize) {
        println!(
            "chaos | {} | {} faults | {} messages | {documents} documents | {} duplicates | {} losses | {} different | {letters} dead letters | {} | {:.0} s",
            self.name,
            self.faults,
            self.messages,
            difference.double.len(),
            difference.lost.len(),
            difference.other.len(),
            self.effects,
            self.started.elapsed().as_secs_f64(),
        );
    }

    pub async fn settled(&self, difference: &Difference) {
        let first = |keys: &[String]| keys.iter().take(3).cloned().collect::<Vec<_>>();
        assert!(
            difference.is_none(),
            "seed {}: {}; lost {:?}, double {:?}, other {:?}",
            crate::seed(),
            self.name,
            first(&difference.lost),
            first(&difference.double),
            first(&difference.other),
        );
        assert_eq!(self.stage.depth(&self.stage.queue_url).await, (0, 0));
        assert_eq!(self.stage.depth(&self.stage.dead_url).await, (0, 0));
        clear(self.stage).await;
    }
}
