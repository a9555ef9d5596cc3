/*! The objects, uploaded once, and the documents of an undisturbed run over them. */

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use fastrand::Rng;
use logferry_core::invocation::{Architecture, Merged, Prices, Summary, merged};
use opensearch::http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::judge::clear;
use crate::letters::{self, Planted};
use crate::support::{Stage, finish};
use crate::workload::{self, Object, PLAIN, REFUSED_DAY};
use crate::{either, seed};

/// Documents by `index/id`.
pub type Documents = BTreeMap<String, Value>;

pub struct Reference {
    pub bucket: String,
    pub objects: Vec<Object>,
    pub documents: Documents,
    /// Sorted.
    pub planted: Vec<Planted>,
}

static REFERENCE: OnceCell<Reference> = OnceCell::const_new();

impl Reference {
    pub async fn get() -> &'static Self {
        REFERENCE.get_or_init(Self::make).await
    }

    async fn make() -> Self {
        let mut rng = Rng::with_seed(seed());
        let objects = workload::objects(&mut rng, either(120, 360));
        let stage = Stage::with_queue("undisturbed", 60, 10).await;
        refuse_levels(&stage).await;
        upload(&stage, &objects).await;
        for message in workload::messages(&stage.bucket, &objects, &mut rng) {
            stage.send(&message).await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let to = format!("file://{}", folder.path().display());
        let log = finish(
            stage
                .worker()
                .args(["--dead-letters", &to])
                .spawn()
                .expect("the worker starts"),
        );
        assert!(log.success, "{}", log.text);
        let mut planted: Vec<_> = objects.iter().flat_map(|o| o.planted.clone()).collect();
        planted.sort();
        assert_eq!(letters::in_folder(folder.path()), planted);
        assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
        let documents = stage.documents().await;
        clear(&stage).await;
        let this = Self {
            bucket: stage.bucket,
            objects,
            documents,
            planted,
        };
        this.check_against_ingest();
        this
    }

    /// Compares with `ingest` over the same objects as files: the documents are the same, except for refused ones.
    fn check_against_ingest(&self) {
        let lines = ingested(&self.objects);
        let mut printed: BTreeMap<String, Value> = BTreeMap::new();
        for (key, mut source) in lines {
            if source.pointer("/aws/s3/bucket").is_some() {
                source["aws"]["s3"]["bucket"] = json!(self.bucket);
            }
            let key = comparable(key, &source);
            match printed.get_mut(&key) {
                Some(there) => merge(there, &source),
                None => drop(printed.insert(key, source)),
            }
        }
        let indexed: BTreeMap<_, _> = self
            .documents
            .iter()
            .map(|(key, source)| (comparable(key.clone(), source), source))
            .collect();
        let day = format!("logferry-logs-{}", REFUSED_DAY.replace('-', "."));
        for (key, source) in &printed {
            match indexed.get(key) {
                Some(there) => assert_eq!(*there, source, "{key}"),
                None => assert!(key.starts_with(&day), "{key} was lost: {source}"),
            }
        }
        let documents = self.planted.iter().filter(|p| p.is_document()).count();
        assert_eq!(printed.len(), indexed.len() + documents);
    }

    /// A stage over the same bucket, whose queue redelivers messages without a limit.
    pub async fn stage(&self, name: &str, visibility: u32) -> Stage {
        let mut stage = Stage::with_queue(name, visibility, 1000).await;
        stage.bucket.clone_from(&self.bucket);
        stage
    }

    pub fn messages(&self, rng: &mut Rng) -> Vec<String> {
        workload::messages(&self.bucket, &self.objects, rng)
    }
}

/// The documents that `ingest` prints for these objects as files: `index/id` and source. Summaries come in parts.
pub fn ingested(objects: &[Object]) -> Vec<(String, Value)> {
    let folder = tempfile::tempdir().expect("a folder");
    for object in objects {
        let path = folder.path().join(&object.key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &object.bytes).expect("a file");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["ingest", "--to", "ndjson"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("ingest runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a document is JSON");
            let text = |name: &str| line[name].as_str().expect("text").to_owned();
            let key = format!("{}/{}", text("_index"), text("_id"));
            (key, line["_source"].take())
        })
        .collect()
}

/// Documents with ids made of bucket and etag are compared by key and offset.
fn comparable(key: String, source: &Value) -> String {
    match source.pointer("/aws/s3/key").and_then(Value::as_str) {
        Some(object) if object.starts_with(PLAIN) => {
            let (index, _) = key.split_once('/').unwrap_or_default();
            format!("{index}/{object}@{}", source["log"]["offset"])
        }
        _ => key,
    }
}

fn merge(there: &mut Value, part: &Value) {
    let part = Summary::read(part.to_string().as_bytes()).expect("only summaries come in parts");
    let prices = Prices::builtin(Architecture::default());
    match merged(there.to_string().as_bytes(), &part, &prices) {
        Merged::Same => {}
        Merged::Changed(source) => *there = serde_json::from_slice(&source).expect("JSON"),
        other => panic!("a summary: {other:?}"),
    }
}

/// Makes the index of one day refuse documents that have a level.
pub async fn refuse_levels(stage: &Stage) {
    let index = format!("{}-logs-{}", stage.prefix, REFUSED_DAY.replace('-', "."));
    let mapping = json!({"mappings": {"dynamic": false, "properties": {"log": {"properties": {"level": {"type": "long"}}}}}});
    let made = stage.opensearch(Method::Put, &index, Some(mapping)).await;
    assert_eq!(made["acknowledged"], true, "{made}");
}

pub async fn upload(stage: &Stage, objects: &[Object]) {
    for object in objects {
        stage.put(&object.key, object.bytes.clone()).await;
    }
}
