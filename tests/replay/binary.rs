//! The built binary between stubs: it is killed and started again, and its memory is measured.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use logferry::source::listing::{Checkpoint, ReplayIdentity};

use crate::index::{Stub, healthy};
use crate::s3::S3;

pub struct Stage {
    pub s3: S3,
    pub index: Stub,
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub async fn new() -> Self {
        Self {
            s3: S3::start().await,
            index: Stub::start(healthy).await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// `logferry replay` with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .arg("replay")
            .args(args)
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.s3.url)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("LOGFERRY_BULK_LINGER", "20ms")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end, into the index.
    pub async fn run(&self, args: &[&str], input: &str) -> Output {
        let url = ["--opensearch-url", &self.index.url];
        self.run_alone(&[args, &url].concat(), input).await
    }

    pub async fn run_alone(&self, args: &[&str], input: &str) -> Output {
        let mut child = self.command(args).spawn().unwrap();
        // A process that ends without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let finished = tokio::task::spawn_blocking(move || child.wait_with_output());
        finished.await.unwrap().unwrap()
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn opened(&self) -> usize {
        self.s3.lock().opened.values().sum()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn keys(objects: usize) -> impl Iterator<Item = String> {
    (0..objects).map(|n| format!("exports/fn/{n:07}.log"))
}

/// Keys of the objects that a checkpoint calls settled.
fn settled(path: &Path, prefix: &str, all: usize, bucket: &str) -> HashSet<String> {
    let Ok(json) = std::fs::read(path) else {
        return HashSet::new();
    };
    let replay = ReplayIdentity {
        source: format!("s3://{bucket}/{prefix}"),
        destination: "opensearch:logferry".to_owned(),
        by: "last-modified".to_owned(),
        ..ReplayIdentity::default()
    };
    let checkpoint = Checkpoint::of_replay(&json, &replay).unwrap();
    let through = checkpoint.through.unwrap_or_default();
    let mut settled: HashSet<_> = keys(all).filter(|key| *key <= through).collect();
    for open in &checkpoint.open {
        let open = serde_json::to_value(open).unwrap();
        assert!(settled.remove(open["key"].as_str().unwrap()));
    }
    assert_eq!(settled.len() as u64, checkpoint.settled);
    settled
}

/// A line of `/proc/PID/status`, in bytes.
fn status(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Waits for the end or until `until` objects were opened, and then kills. Returns whether it ended, and its peak
/// resident memory without the program's own code.
pub async fn watch(stage: &Stage, mut child: Child, until: usize) -> (bool, u64) {
    let (mut peak, mut code) = (0, u64::MAX);
    loop {
        if let Some(ended) = child.try_wait().unwrap() {
            let output = child.wait_with_output().unwrap();
            assert!(ended.success(), "{}", text(&output.stderr));
            return (true, peak - code.min(peak));
        }
        peak = status(child.id(), "VmHWM:").unwrap_or(peak).max(peak);
        code = status(child.id(), "RssFile:").unwrap_or(code).min(code);
        if stage.opened() >= until {
            child.kill().unwrap();
            child.wait().unwrap();
            return (false, peak - code.min(peak));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// With `LOGFERRY_REPLAY_OBJECTS=100000` it gives the figure in docs/replay.md.
#[tokio::test(flavor = "multi_thread")]
async fn killed_ten_times_it_opens_no_settled_object_again() {
    let wanted = std::env::var("LOGFERRY_REPLAY_OBJECTS").ok();
    let objects = wanted.map_or(6000, |n| n.parse().unwrap());
    let stage = Stage::new().await;
    stage.s3.fill("logs", keys(objects));
    let checkpoint = stage.path("checkpoint");
    let (mut kills, mut most) = (0, 0);
    let mut before = HashSet::new();
    loop {
        let until = match kills {
            10 => usize::MAX,
            n => stage.opened() + objects / 15 + 37 * n,
        };
        let log = std::fs::File::create(stage.path("log")).unwrap();
        let mut command = stage.command(&["s3://logs/exports/", "--checkpoint", &checkpoint]);
        let url = ["--opensearch-url", &stage.index.url];
        let child = command.args(url).stderr(log).spawn().unwrap();
        let opened = stage.s3.lock().opened.clone();
        let (ended, peak) = watch(&stage, child, until).await;
        most = most.max(peak);
        for key in &before {
            let now = stage.s3.lock().opened[key];
            assert_eq!(now, opened[key], "{key} was settled");
        }
        before = settled(Path::new(&checkpoint), "exports/", objects, "logs");
        if ended {
            break;
        }
        kills += 1;
    }
    assert_eq!((kills, before.len()), (10, objects));
    eprintln!(
        "{objects} objects, {} openings, peak resident memory without code {:.1} MB",
        stage.opened(),
        most as f64 / 1e6
    );
    // A hundred megabytes in all with the release build's code.
    assert!(most < 85_000_000, "{most}");

    let again = stage
        .run(&["s3://logs/exports/", "--checkpoint", &checkpoint], "")
        .await;
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(
        text(&again.stderr).contains("\"indexed\":0"),
        "{}",
        text(&again.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_on_s3_is_continued_and_one_that_another_replay_writes_is_left_alone() {
    let stage = Stage::new().await;
    stage.s3.fill("logs", keys(1500));
    let args = [
        "s3://logs/exports/",
        "--checkpoint",
        "s3://logs/state/checkpoint",
    ];
    let first = stage.run(&args, "").await;
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert_eq!(stage.opened(), 1500 + 1, "the checkpoint too");
    stage.s3.fill("logs", ["exports/later.log".to_owned()]);
    let second = stage.run(&args, "").await;
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert_eq!(stage.opened(), 1502 + 1, "only the new object");
    let json = stage.s3.body("logs", "state/checkpoint").unwrap();
    assert!(text(&json).contains("\"settled\":1501"), "{}", text(&json));

    // Another replay writes while this one runs.
    stage.s3.fill(
        "logs",
        (0..3000).map(|n| format!("exports/more/{n:05}.log")),
    );
    let mut child = stage.command(&args);
    let mut child = child
        .args(["--opensearch-url", &stage.index.url])
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    let opened = stage.opened();
    while stage.opened() < opened + 3 {
        assert!(child.try_wait().unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let foreign = text(&json).replace("1501", "1502").into_bytes();
    let place = ("logs".to_owned(), "state/checkpoint".to_owned());
    stage.s3.lock().objects.insert(place, foreign.clone());
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let ended = ended.unwrap().unwrap();
    let log = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{log}");
    let last = log.lines().last().unwrap();
    assert!(last.contains("only one may use it at a time"), "{last}");
    assert_eq!(stage.s3.body("logs", "state/checkpoint").unwrap(), foreign);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_inventories_and_folders_are_replayed_too() {
    let stage = Stage::new().await;
    stage
        .s3
        .fill("logs", ["a b.log".to_owned(), "x.log".to_owned()]);
    let list = stage
        .run(&["-", "--bucket", "logs"], "s3://logs/a b.log\nx.log\n")
        .await;
    assert!(list.status.success(), "{}", text(&list.stderr));
    assert_eq!(stage.opened(), 2);

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"\"logs\",\"a+b.log\",\"10\"\n\"logs\",\"x.log\",\"10\"\n")
        .unwrap();
    let data = ("inventories".to_owned(), "i/1.csv.gz".to_owned());
    stage.s3.lock().objects.insert(data, gzip.finish().unwrap());
    let manifest = r#"{"destinationBucket":"arn:aws:s3:::inventories","fileFormat":"CSV",
        "fileSchema":"Bucket, Key, Size","files":[{"key":"i/1.csv.gz"}]}"#;
    let inventory = stage.run(&["-"], manifest).await;
    assert!(inventory.status.success(), "{}", text(&inventory.stderr));
    assert_eq!(stage.opened(), 2 + 3);

    let folder = stage.folder.path().join("logs");
    std::fs::create_dir(&folder).unwrap();
    for name in ["one.log", "two.log", "three.txt"] {
        let line = format!("2026-11-27T10:00:00.000Z {name}\n");
        std::fs::write(folder.join(name), line).unwrap();
    }
    let checkpoint = stage.path("of-folder");
    let args = [
        folder.to_str().unwrap(),
        "--include",
        "*.log",
        "--checkpoint",
        &checkpoint,
    ];
    for (run, settled) in ["\"indexed\":2", "\"indexed\":0"].into_iter().zip([2, 2]) {
        let output = stage.run(&args, "").await;
        let log = text(&output.stderr);
        assert!(output.status.success() && log.contains(run), "{log}");
        assert!(log.contains(&format!("\"objects\":{settled},")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_and_estimates_and_writes_nothing() {
    let stage = Stage::new().await;
    stage.s3.fill("logs", keys(2500));
    let checkpoint = stage.path("checkpoint");
    let args = [
        "s3://logs/exports/",
        "--dry-run",
        "--checkpoint",
        &checkpoint,
    ];
    let output = stage.run_alone(&args, "").await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "objects    2500", "{report}");
    assert_eq!(lines[2], "documents  about 2500", "{report}");
    assert!(lines[3].starts_with("time       at least "), "{report}");
    assert!(stage.opened() <= 64 && stage.index.requests().is_empty());
    assert!(!Path::new(&checkpoint).exists());
    let days = ["s3://logs/exports/", "--dry-run", "--since", "2026-11-28"];
    let output = stage.run_alone(&days, "").await;
    assert!(text(&output.stdout).starts_with("objects    0\n"));
}
