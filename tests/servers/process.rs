/*! A worker as a process: its log, its exit code, and signals to it. */

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A worker's log lines.
pub struct Log {
    pub lines: Vec<Value>,
    pub success: bool,
    pub text: String,
}

impl Log {
    fn new(output: Output) -> Self {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        Self {
            lines: text
                .lines()
                .filter_map(|l| serde_json::from_str(l).ok())
                .collect(),
            success: output.status.success(),
            text,
        }
    }

    /// Lines with this message.
    pub fn with_message(&self, message: &str) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|l| l["message"] == message)
            .collect()
    }

    /// Sum of a field over the lines of settled objects.
    pub fn sum(&self, field: &str) -> u64 {
        self.with_message("settled")
            .iter()
            .filter_map(|l| l[field].as_u64())
            .sum()
    }
}

/// A worker whose log is read while it works.
pub struct Watched {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    text: String,
}

impl Watched {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the worker starts");
        let log = BufReader::new(child.stderr.take().expect("a piped log"));
        Self {
            child,
            log,
            text: String::new(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads until a line contains this text; fails if the log ends before.
    pub fn until(&mut self, needle: &str) -> String {
        loop {
            let mut line = String::new();
            let n = self.log.read_line(&mut line).expect("a log");
            assert_ne!(n, 0, "no {needle:?} in {}", self.text);
            self.text.push_str(&line);
            if line.contains(needle) {
                return line;
            }
        }
    }

    /// The whole log and the exit code, after the worker has ended.
    pub fn finish(mut self) -> (Log, Option<i32>) {
        std::io::Read::read_to_string(&mut self.log, &mut self.text).expect("a log");
        let status = self.child.wait().expect("the worker ends");
        let log = Log::new(Output {
            status,
            stdout: Vec::new(),
            stderr: self.text.into_bytes(),
        });
        (log, status.code())
    }
}

/// Waits for a worker to end by itself, five minutes at the most.
pub fn finish(mut child: Child) -> Log {
    let deadline = Instant::now() + Duration::from_secs(300);
    let guard = std::thread::spawn({
        let pid = child.id();
        let (ended, waiting) = std::sync::mpsc::channel::<()>();
        let thread = move || {
            let left = deadline.saturating_duration_since(Instant::now());
            if waiting.recv_timeout(left) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                signal(pid, "KILL");
            }
        };
        ENDED.lock().expect("not poisoned").insert(pid, ended);
        thread
    });
    let pid = child.id();
    let stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            std::io::copy(&mut stderr, &mut text).expect("the worker's log");
        }
        text
    });
    let status = child.wait().expect("the worker ends");
    drop(ENDED.lock().expect("not poisoned").remove(&pid));
    guard.join().expect("the guard ends");
    let stderr = reader.join().expect("the log was read");
    Log::new(Output {
        status,
        stdout: Vec::new(),
        stderr,
    })
}

static ENDED: LazyLock<std::sync::Mutex<HashMap<u32, std::sync::mpsc::Sender<()>>>> =
    LazyLock::new(Default::default);

pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(status.is_ok_and(|s| s.success()), "kill -{name} {pid}");
}
