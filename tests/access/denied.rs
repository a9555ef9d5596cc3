/*! Refusals by S3 of the caller, of a bucket, and of one object. The built worker runs against stubs. */

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

use crate::aws::{Aws, Refusal, State, refusal};
use crate::stub::{Stub, healthy};

pub const QUEUE: &str = "000000000000/logs";

/// A worker between stubs; it ends when the queue is empty.
pub struct Stage {
    aws: Aws,
    _index: Stub,
    folder: TempDir,
    worker: Child,
}

impl Stage {
    pub async fn start(aws: Aws) -> Self {
        let index = Stub::start(healthy).await;
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let letters = folder.path().join("letters");
        std::fs::create_dir(&letters).unwrap();
        let worker = Command::cargo_bin("logferry")
            .unwrap()
            .args(["worker", "--until-empty", "--listen", "127.0.0.1:0"])
            .args(["--opensearch-url", &index.url, "--bulk-linger", "20ms"])
            .args(["--queue-url", &format!("{}/{QUEUE}", aws.url)])
            .args(["--drain-timeout", "2s", "--dead-letters"])
            .arg(format!("file://{}", letters.display()))
            .env("AWS_ENDPOINT_URL", &aws.url)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            aws,
            _index: index,
            folder,
            worker,
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn letters(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("letters")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(path),
                }
            }
        }
        found
    }

    /// The text of all dead letters.
    fn letters_text(&self) -> String {
        let mut text = String::new();
        for path in self.letters() {
            let file = std::fs::File::open(path).unwrap();
            std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text)
                .unwrap();
        }
        text
    }

    async fn until(&mut self, what: &str, is: impl Fn(&State) -> bool) {
        let since = Instant::now();
        while !is(&self.aws.lock()) {
            assert!(
                since.elapsed() < Duration::from_secs(90),
                "{what}: {}",
                self.log()
            );
            assert!(
                self.worker.try_wait().unwrap().is_none(),
                "{what}: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the end; returns whether the worker succeeded, and its log.
    pub async fn end(&mut self) -> (bool, String) {
        let since = Instant::now();
        loop {
            if let Some(status) = self.worker.try_wait().unwrap() {
                return (status.success(), self.log());
            }
            assert!(since.elapsed() < Duration::from_secs(120), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.worker.kill();
        let _ = self.worker.wait();
    }
}

/// Of lines at WARN, those that contain all of `words`.
fn warnings(log: &str, words: &[&str]) -> usize {
    let is = |line: &&str| line.contains("WARN") && words.iter().all(|w| line.contains(w));
    log.lines().filter(is).count()
}

/// Error codes that say nothing about the object itself; each has a bucket of its own.
const OF_THE_CALLER: [(&str, Refusal); 13] = [
    ("plain", refusal(403, "AccessDenied", "Access Denied")),
    (
        "skewed",
        refusal(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
    ),
    (
        "key-id",
        refusal(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    ),
    (
        "signature",
        refusal(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        ),
    ),
    (
        "expired",
        refusal(400, "ExpiredToken", "The provided token has expired."),
    ),
    (
        "token",
        refusal(
            400,
            "InvalidToken",
            "The provided token is malformed or otherwise invalid.",
        ),
    ),
    (
        "account",
        refusal(
            403,
            "AccountProblem",
            "There is a problem with your AWS account.",
        ),
    ),
    (
        "disabled",
        refusal(
            403,
            "AllAccessDisabled",
            "All access to this resource has been disabled.",
        ),
    ),
    (
        "decrypt",
        refusal(
            403,
            "AccessDenied",
            "User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action",
        ),
    ),
    (
        "kms-state",
        refusal(
            400,
            "KMS.DisabledException",
            "arn:aws:kms:eu-central-1:1:key/k is disabled.",
        ),
    ),
    ("proxy", refusal(403, "", "")),
    ("proxy-405", refusal(405, "", "")),
    (
        "moved",
        refusal(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_everything_for_a_while_loses_no_object() {
    let aws = Aws::start().await;
    for (bucket, _) in OF_THE_CALLER {
        for n in 0..3 {
            aws.send(bucket, &format!("before-{n}"));
        }
    }
    let mut stage = Stage::start(aws.clone()).await;
    let good = 3 * OF_THE_CALLER.len();
    // One message more keeps the worker from ending.
    aws.lock().refused.insert(
        "keeps/it".to_owned(),
        refusal(500, "InternalError", "Try again."),
    );
    aws.send("keeps", "it");
    stage
        .until("the first are loaded", |s| s.deleted == good)
        .await;
    for (bucket, refusal) in OF_THE_CALLER {
        aws.lock().refused.insert(bucket.to_owned(), refusal);
        for n in 0..8 {
            aws.send(bucket, &format!("during-{n}"));
        }
    }
    stage
        .until("each bucket has refused five keys", |s| {
            OF_THE_CALLER
                .iter()
                .all(|(bucket, _)| s.asked_in(bucket, 1) >= 3 + 5)
        })
        .await;
    stage
        .until("and one more, after its pause", |s| {
            OF_THE_CALLER
                .iter()
                .all(|(bucket, _)| s.asks_in(bucket) > 3 + 5)
        })
        .await;
    assert_eq!(aws.lock().deleted, good, "{}", stage.log());
    aws.lock().refused.clear();
    let (well, log) = stage.end().await;
    assert!(well, "{log}");
    let all = good + 8 * OF_THE_CALLER.len() + 1;
    assert_eq!(aws.deleted_and_left(), (all, 0));
    assert_eq!(
        stage.letters(),
        Vec::<PathBuf>::new(),
        "{}",
        stage.letters_text()
    );
    for (bucket, _) in OF_THE_CALLER {
        let quoted = format!("{bucket:?}");
        let words = ["is paused", &quoted];
        assert!(warnings(&log, &words) > 0, "no warning of {bucket}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_bucket_uses_up_no_messages_deliveries() {
    let aws = Aws::start().await;
    aws.lock().max_receive_count = Some(4);
    let denied = refusal(403, "AccessDenied", "Access Denied");
    aws.lock().refused.insert("logs".to_owned(), denied);
    for n in 0..30 {
        aws.send("logs", &n.to_string());
    }
    let stage = Stage::start(aws.clone()).await;
    tokio::time::sleep(Duration::from_secs(42)).await;
    assert_eq!(aws.deleted_and_left(), (0, 30), "{}", stage.log());
    aws.lock().refused.clear();
    // A neighbour goes on meanwhile.
    aws.send("others", "good");
    let (stage, log) = stage.ended().await;
    assert_eq!(aws.deleted_and_left(), (31, 0), "{log}");
    assert_eq!(aws.lock().redriven_bodies, Vec::<String>::new(), "{log}");
    assert_eq!(stage.letters(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_among_many_that_are_denied_are_loaded() {
    let aws = Aws::start().await;
    aws.lock().max_receive_count = Some(4);
    for n in 0..40 {
        let denied = refusal(403, "AccessDenied", "Access Denied");
        (aws.lock().refused).insert(format!("logs/denied-{n}"), denied);
        aws.send("logs", &format!("denied-{n}"));
    }
    for n in 0..10 {
        aws.send("logs", &format!("good-{n}"));
    }
    let good = |bodies: &[String]| bodies.iter().filter(|b| b.contains("good-")).count();
    let mut stage = Stage::start(aws.clone()).await;
    stage
        .until("the good are loaded or given up", |s| {
            good(&s.deleted_bodies) + good(&s.redriven_bodies) == 10
        })
        .await;
    assert_eq!(good(&aws.lock().redriven_bodies), 0, "{}", stage.log());
    assert_eq!(stage.letters(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_object_is_broken_at_once_and_its_bucket_goes_on() {
    let aws = Aws::start().await;
    for n in 0..7 {
        let archived = Refusal {
            more: "<StorageClass>DEEP_ARCHIVE</StorageClass>",
            ..refusal(
                403,
                "InvalidObjectState",
                "The operation is not valid for the object's storage class",
            )
        };
        aws.lock()
            .refused
            .insert(format!("logs/archived-{n}"), archived);
        aws.send("logs", &format!("archived-{n}"));
    }
    let marker = refusal(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    );
    aws.lock().refused.insert("logs/marker".to_owned(), marker);
    aws.send("logs", "marker");
    aws.send("logs", "good");
    let (stage, log) = Stage::start(aws.clone()).await.ended().await;
    assert_eq!(stage.letters().len(), 8, "{log}");
    let letters = stage.letters_text();
    assert!(
        letters.contains("DEEP_ARCHIVE") && letters.contains("restore it, then replay"),
        "{letters}"
    );
    assert_eq!(aws.deleted_and_left(), (9, 0));
    assert_eq!(aws.lock().asked_in("logs", 2), 0, "no retry helps: {log}");
    assert!(
        warnings(&log, &["archived-3", "restore it, then replay"]) > 0,
        "{log}"
    );
    assert!(!log.contains("is paused"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_again_after_others_were_given_is_broken() {
    let aws = Aws::start().await;
    aws.lock().refused.insert(
        "logs/secret".to_owned(),
        refusal(403, "AccessDenied", "Access Denied"),
    );
    aws.send("logs", "secret");
    let mut stage = Stage::start(aws.clone()).await;
    stage
        .until("it is refused", |s| s.asked.contains_key("logs/secret"))
        .await;
    for n in 0..3 {
        aws.send("logs", &format!("good-{n}"));
    }
    let (stage, log) = stage.ended().await;
    assert_eq!(aws.lock().asked["logs/secret"], 2, "{log}");
    assert_eq!(stage.letters().len(), 1, "{log}");
    assert_eq!(aws.deleted_and_left(), (4, 0));
    assert!(warnings(&log, &["secret", "broken"]) > 0, "{log}");
}

impl Stage {
    /// Waits until the worker has ended with success; returns the stage and the log.
    pub async fn ended(mut self) -> (Self, String) {
        let (well, log) = self.end().await;
        assert!(well, "{log}");
        (self, log)
    }
}
