/*! A simulated S3: objects with versions over time; bodies that come in chunks, break anywhere, and can be resumed. */

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use logferry::error_class::ErrorClass;
use logferry::source::{Chunks, OpenError, Opened, Store, StoreError, s3};
use logferry_core::notification::ObjectRef;

use crate::faults::Fault;
use crate::history::What;
use crate::objects::OTHER_BUCKET;
use crate::sim::{Sim, Wire, lock};

/// Errors of S3 about the caller; the last code is that of a proxy.
const CALLER: [(&str, &str); 7] = [
    ("InvalidAccessKeyId", ""),
    ("SignatureDoesNotMatch", ""),
    ("RequestTimeTooSkewed", ""),
    ("ExpiredToken", ""),
    ("AccountProblem", ""),
    (
        "AccessDenied",
        "User: u is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext",
    ),
    ("", ""),
];

const LATENCY: Duration = Duration::from_millis(150);

/// One version of an object.
#[derive(Debug, Clone)]
pub struct Version {
    pub etag: String,
    pub bytes: Bytes,
    /// Milliseconds since 1970.
    pub last_modified: i64,
}

/// The content of a key.
#[derive(Debug, Clone, Default)]
struct Slot {
    current: Option<Version>,
    /// Reading this key is denied, although the bucket works.
    forbidden: bool,
}

pub struct StoreServer {
    sim: Arc<Sim>,
    objects: Mutex<BTreeMap<(String, String), Slot>>,
    panicked: Mutex<bool>,
    /// Bodies that are being read since an object was opened, and not resumed; by worker and key.
    reading: Mutex<BTreeMap<(u32, String), usize>>,
    on_read_twice: Mutex<Option<OnReadTwice>>,
}

/// Called when a worker begins to read an object that it is reading, with its bucket and key.
pub type OnReadTwice = Box<dyn Fn(u32, &str, &str) + Send + Sync>;

/// A worker reads an object.
struct Reading {
    server: Arc<StoreServer>,
    of: (u32, String),
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(n) = lock(&self.server.reading).get_mut(&self.of) {
            *n -= 1;
        }
    }
}

impl StoreServer {
    pub fn on_read_twice(&self, check: OnReadTwice) {
        *lock(&self.on_read_twice) = Some(check);
    }

    fn read(self: &Arc<Self>, worker: u32, object: &ObjectRef) -> Reading {
        let of = (worker, object.key.clone());
        let before = {
            let mut reading = lock(&self.reading);
            let n = reading.entry(of.clone()).or_default();
            *n += 1;
            *n - 1
        };
        if before > 0
            && let Some(check) = &*lock(&self.on_read_twice)
        {
            check(worker, &object.bucket, &object.key);
        }
        Reading {
            server: self.clone(),
            of,
        }
    }

    pub fn new(sim: &Arc<Sim>) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            objects: Mutex::default(),
            panicked: Mutex::new(false),
            reading: Mutex::default(),
            on_read_twice: Mutex::default(),
        })
    }

    /// Creates or overwrites an object.
    pub fn put(&self, bucket: &str, key: &str, version: Version) {
        let mut objects = lock(&self.objects);
        let slot = objects
            .entry((bucket.to_owned(), key.to_owned()))
            .or_default();
        if slot.current.replace(version).is_some() {
            self.sim.note(
                0,
                What::ObjectChanged {
                    key: key.to_owned(),
                    how: "overwritten",
                },
            );
        }
    }

    pub fn remove(&self, bucket: &str, key: &str) {
        if let Some(slot) = lock(&self.objects).get_mut(&(bucket.to_owned(), key.to_owned())) {
            slot.current = None;
            self.sim.note(
                0,
                What::ObjectChanged {
                    key: key.to_owned(),
                    how: "removed",
                },
            );
        }
    }

    pub fn forbid(&self, bucket: &str, key: &str) {
        let mut objects = lock(&self.objects);
        objects
            .entry((bucket.to_owned(), key.to_owned()))
            .or_default()
            .forbidden = true;
    }

    /// The current version; GetObject with If-Match, without a network.
    pub fn get(&self, bucket: &str, key: &str, etag: Option<&str>) -> Result<Version, OpenError> {
        let objects = lock(&self.objects);
        let slot = objects.get(&(bucket.to_owned(), key.to_owned()));
        match slot {
            Some(slot) if slot.forbidden => {
                Err(OpenError::Denied("simulated: this key".to_owned()))
            }
            Some(Slot {
                current: Some(version),
                ..
            }) => match etag {
                Some(etag) if etag != version.etag => Err(OpenError::Changed),
                _ => Ok(version.clone()),
            },
            _ => Err(OpenError::Gone),
        }
    }

    /// True once.
    fn panics(&self) -> bool {
        let mut panicked = lock(&self.panicked);
        let now = !*panicked && self.sim.strikes(Fault::StorePanics);
        *panicked |= now;
        now
    }
}

/// One worker's client of the store.
pub struct SimStore {
    pub server: Arc<StoreServer>,
    pub wire: Wire,
}

fn retryable(reason: &str) -> StoreError {
    StoreError::new(ErrorClass::Retryable, format!("simulated: {reason}"))
}

#[async_trait]
impl Store for SimStore {
    async fn open(
        &self,
        object: &ObjectRef,
        from: u64,
        etag: Option<&str>,
    ) -> Result<Opened, OpenError> {
        let sim = &self.wire.sim;
        let slow = sim.strikes(Fault::OpenSlow);
        self.wire
            .there(if slow {
                Duration::from_secs(40)
            } else {
                LATENCY
            })
            .await;
        if !sim.plan.road.read.allowed_buckets.allow(&object.bucket) {
            let why = format!("{} is not allowed and was opened", object.bucket);
            self.wire.note(What::Broken(why));
        }
        let key = object.key.clone();
        let other = object.bucket == OTHER_BUCKET;
        let opened = if self.server.panics() {
            panic!("simulated panic");
        } else if sim.strikes(Fault::OpenFails) {
            Err(OpenError::Other(retryable("503 Slow Down")))
        } else if sim.strikes(Fault::BucketDenied) {
            Err(OpenError::Denied("simulated: the whole bucket".to_owned()))
        } else if sim.strikes(Fault::CallerRefused) {
            let (code, message) = sim.chance(|rng| *crate::faults::choose(rng, &CALLER));
            Err(s3::refusal(code, message, format!("simulated: {code}")))
        } else if sim.strikes(Fault::CredentialsExpired) {
            Err(OpenError::Other(retryable("400 ExpiredToken")))
        } else if other && sim.strikes(Fault::OtherBucketDenied) {
            Err(OpenError::Denied("simulated: the other bucket".to_owned()))
        } else if other && sim.strikes(Fault::OtherBucketThrottled) {
            Err(OpenError::Other(retryable("503 Slow Down")))
        } else if other && sim.strikes(Fault::OtherBucketMoved) {
            Err(OpenError::Other(retryable("301 PermanentRedirect")))
        } else {
            self.server.get(&object.bucket, &key, etag)
        };
        let result = match &opened {
            Ok(version) => format!("{} of {} bytes", version.etag, version.bytes.len()),
            Err(error) => error.to_string(),
        };
        self.wire.note(What::Opened {
            key: key.clone(),
            from,
            result,
        });
        let version = opened?;
        if from > 0 && from >= version.bytes.len() as u64 {
            return Err(s3::refusal("InvalidRange", "", "simulated: 416".to_owned()));
        }
        self.wire.back(LATENCY).await;
        Ok(Opened {
            chunks: self.body(&version, from as usize, object, etag.is_none()),
            etag: Some(version.etag),
            last_modified: Some(version.last_modified),
            size: Some(version.bytes.len() as u64),
        })
    }
}

/// How a body ends before its time.
#[derive(Clone, Copy)]
enum Break {
    Reset,
    End,
    Stall,
}

struct Body {
    wire: Wire,
    key: String,
    rest: Bytes,
    at: u64,
    /// After how many more bytes, and how.
    breaks: Option<(usize, Break)>,
    chunk: usize,
    over: bool,
    _reading: Option<Reading>,
}

impl SimStore {
    fn body(&self, version: &Version, from: usize, object: &ObjectRef, first: bool) -> Chunks {
        let sim = &self.wire.sim;
        let rest = version.bytes.slice(from..);
        let how = [
            (Fault::BodyCut, Break::Reset),
            (Fault::BodyEndsEarly, Break::End),
            (Fault::BodyStalls, Break::Stall),
        ];
        let how = how.into_iter().find(|(fault, _)| sim.strikes(*fault));
        let body = Body {
            breaks: how.map(|(_, how)| (sim.chance(|rng| rng.usize(0..=rest.len())), how)),
            chunk: sim
                .chance(|rng| *crate::faults::choose(rng, &[7, 300, 4 << 10, 64 << 10]))
                .max(rest.len() / 40),
            wire: self.wire.clone(),
            key: object.key.clone(),
            _reading: first.then(|| self.server.read(self.wire.worker, object)),
            rest,
            at: from as u64,
            over: false,
        };
        Box::pin(stream::unfold(body, next))
    }
}

async fn next(mut body: Body) -> Option<(Result<Bytes, StoreError>, Body)> {
    if body.over {
        return None;
    }
    body.wire.step().await;
    let sim = body.wire.sim.clone();
    if sim.chance(|rng| rng.u8(0..8) == 0) {
        tokio::time::sleep(sim.delay(LATENCY)).await;
    }
    let most = body.breaks.map_or(body.rest.len(), |(left, _)| left);
    let n = sim.chance(|rng| rng.usize(1..=body.chunk)).min(most);
    if n > 0 {
        let chunk = body.rest.split_to(n);
        body.at += n as u64;
        if let Some((left, _)) = &mut body.breaks {
            *left -= n;
        }
        return Some((Ok(chunk), body));
    }
    body.over = true;
    let (key, at) = (body.key.clone(), body.at);
    match body.breaks {
        None => None,
        Some((_, Break::End)) => {
            body.wire.note(What::BodyBroke {
                key,
                at,
                how: "early end",
            });
            None
        }
        Some((_, Break::Reset)) => {
            body.wire.note(What::BodyBroke {
                key,
                at,
                how: "reset",
            });
            Some((Err(retryable("connection reset")), body))
        }
        Some((_, Break::Stall)) => {
            body.wire.note(What::BodyBroke {
                key,
                at,
                how: "stall",
            });
            tokio::time::sleep(Duration::from_secs(30)).await;
            Some((Err(retryable("read timeout")), body))
        }
    }
}
