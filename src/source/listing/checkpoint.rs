/*! The state of a replay goes in; the JSON of its checkpoint comes out, and back. A checkpoint holds the cursor up to
which the listing was read and the objects before it that are not settled: few, whatever the listing's length. */

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use logferry_core::notification::ObjectRef;

const KIND: &str = "replay checkpoint";
const VERSION: u64 = 1;
/// A checkpoint is some hundred kilobytes long; nothing longer than this is read.
pub const MOST_BYTES: u64 = 64 << 20;

/// What a replay reads and where it goes. A checkpoint is valid for the same replay only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayIdentity {
    pub source: String,
    pub destination: String,
    pub since: Option<String>,
    pub until: Option<String>,
    pub by: String,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub replay: ReplayIdentity,
    /// The range of time as the first run has read it, in milliseconds since 1970.
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// The cursor behind the last page that was listed.
    pub through: Option<String>,
    /// The listing was read to its end.
    pub listed: bool,
    pub settled: u64,
    pub settled_bytes: u64,
    /// Listed objects that are not settled.
    pub open: Vec<OpenObject>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenObject {
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

impl OpenObject {
    pub(crate) fn new(object: &ObjectRef) -> Self {
        Self {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            size: object.size,
            etag: object.etag.clone(),
            version_id: object.version_id.clone(),
        }
    }

    pub(crate) fn into_object(self) -> ObjectRef {
        ObjectRef {
            size: self.size,
            etag: self.etag,
            version_id: self.version_id,
            ..ObjectRef::new(self.bucket, self.key)
        }
    }
}

/// Why a checkpoint cannot be used. Each is one sentence; the caller adds the checkpoint's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("is no checkpoint of a replay, or it is damaged ({0}); nothing was overwritten")]
    Unreadable(String),
    #[error("has version {0}, and this logferry reads version {VERSION}: use the newer logferry")]
    Newer(u64),
    #[error(
        "belongs to another replay: its {0} is {1}, and now it is {2}; give another --checkpoint"
    )]
    OfAnother(&'static str, String, String),
    #[error("{0}")]
    Store(String),
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    logferry: String,
    version: u64,
    #[serde(flatten)]
    checkpoint: serde_json::Value,
}

impl Checkpoint {
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Envelope {
            logferry: KIND.to_owned(),
            version: VERSION,
            checkpoint: serde_json::to_value(self)?,
        })
    }

    /// Reads the checkpoint of a replay.
    pub fn of_replay(json: &[u8], replay: &ReplayIdentity) -> Result<Self, CheckpointError> {
        let unreadable = |e: serde_json::Error| CheckpointError::Unreadable(e.to_string());
        let envelope: Envelope = serde_json::from_slice(json).map_err(unreadable)?;
        if envelope.logferry != KIND {
            let reason = format!("it is a {:?}", envelope.logferry);
            return Err(CheckpointError::Unreadable(reason));
        }
        if envelope.version > VERSION {
            return Err(CheckpointError::Newer(envelope.version));
        }
        let checkpoint: Self = serde_json::from_value(envelope.checkpoint).map_err(unreadable)?;
        match checkpoint.replay.difference(replay) {
            None => Ok(checkpoint),
            Some((name, then, now)) => Err(CheckpointError::OfAnother(name, then, now)),
        }
    }
}

impl ReplayIdentity {
    fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let texts = |replay: &Self| {
            let time = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
            [
                ("source", replay.source.clone()),
                ("destination", replay.destination.clone()),
                ("--since", time(&replay.since)),
                ("--until", time(&replay.until)),
                ("--by", replay.by.clone()),
                ("--include", format!("{:?}", replay.include)),
                ("--exclude", format!("{:?}", replay.exclude)),
            ]
        };
        let pairs = texts(self).into_iter().zip(texts(other));
        let mut different = pairs.filter(|(then, now)| then != now);
        different
            .next()
            .map(|((name, then), (_, now))| (name, then, now))
    }
}

/// The place of one checkpoint.
#[async_trait]
pub trait CheckpointStore: Send + Sync {
    /// The checkpoint's bytes; `None` if there is none yet.
    async fn load(&mut self) -> Result<Option<Vec<u8>>, String>;

    /// Replaces the checkpoint as a whole. Returns a sentence if it may not or cannot.
    async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String>;

    /// The least time between two saves.
    fn pause(&self) -> Duration;
}

/// A checkpoint in a local file.
pub struct CheckpointFile {
    path: PathBuf,
    /// Locked while this process uses the checkpoint.
    lock: Option<std::fs::File>,
}

impl CheckpointFile {
    pub fn new(path: PathBuf) -> Self {
        Self { path, lock: None }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }

    fn sentence(&self, error: &std::io::Error) -> String {
        format!("{}: {error}", self.path.display())
    }

    fn lock(&mut self) -> Result<(), String> {
        let opened = std::fs::File::create(self.beside(".lock"));
        let file = opened.map_err(|e| self.sentence(&e))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(std::fs::TryLockError::WouldBlock) => {
                let path = self.path.display();
                return Err(format!("{path}: another replay uses this checkpoint now"));
            }
            // A file system without locks.
            Err(std::fs::TryLockError::Error(_)) => {}
        }
        Ok(())
    }

    fn read(&self) -> std::io::Result<Option<Vec<u8>>> {
        use std::io::Read;
        let file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Written whole beside the old one, then renamed.
    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let new = self.beside(".new");
        std::fs::write(&new, bytes)?;
        std::fs::rename(new, &self.path)
    }
}

#[async_trait]
impl CheckpointStore for CheckpointFile {
    async fn load(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.lock()?;
        self.read().map_err(|e| self.sentence(&e))
    }

    async fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        let bytes = checkpoint.to_json().map_err(|e| e.to_string())?;
        // Some hundred kilobytes at most a few times a second: not worth a thread.
        self.write(&bytes).map_err(|e| self.sentence(&e))
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(100)
    }
}
