/*! The workers of one test: they are started and stopped here, and their log lines are collected. */

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::signal;

/// A worker that logs nothing for longer than this fails the test.
const SILENCE: Duration = Duration::from_secs(180);

pub struct Crew {
    command: Command,
    pub workers: Vec<Worker>,
    hired: usize,
    sender: mpsc::UnboundedSender<(usize, WorkerEvent)>,
    receiver: mpsc::UnboundedReceiver<(usize, WorkerEvent)>,
    pub logs: WorkerLogs,
}

pub struct Worker {
    pub number: usize,
    child: Child,
    /// The address of its metrics, once it has logged it.
    pub listen: Option<String>,
}

pub enum WorkerEvent {
    Line(Value),
    /// Output that is no log line: a panic, or the error that ended the worker.
    Text(String),
    End,
}

/// The log lines of all workers, including those that have ended.
#[derive(Default)]
pub struct WorkerLogs {
    lines: Vec<Value>,
    texts: Vec<String>,
    /// Keys of objects that were settled.
    pub settled: HashSet<String>,
}

impl WorkerLogs {
    /// The number of lines whose message begins with this text.
    pub fn count(&self, message: &str) -> usize {
        self.count_with(message, "")
    }

    /// The number of these lines that also contain `words`.
    pub fn count_with(&self, message: &str, words: &str) -> usize {
        let begins = |l: &&Value| {
            l["message"]
                .as_str()
                .is_some_and(|m| m.starts_with(message))
        };
        let lines = self.lines.iter().filter(begins);
        lines.filter(|l| l.to_string().contains(words)).count()
    }

    /// The sum of a field over all lines.
    pub fn sum(&self, field: &str) -> u64 {
        self.lines.iter().filter_map(|l| l[field].as_u64()).sum()
    }

    fn add(&mut self, event: &WorkerEvent) {
        match event {
            WorkerEvent::Line(line) => {
                if line["message"] == "settled" || line["message"] == "skipped" {
                    let key = line["key"].as_str().unwrap_or_default();
                    self.settled.insert(key.to_owned());
                }
                self.lines.push(line.clone());
            }
            WorkerEvent::Text(text) => self.texts.push(text.clone()),
            WorkerEvent::End => {}
        }
    }

    /// The last lines, for the message of a failed assertion.
    pub fn tail(&self) -> String {
        let first = self.lines.len().saturating_sub(30);
        let mut tail: Vec<String> = self.lines[first..].iter().map(Value::to_string).collect();
        tail.extend(self.texts.iter().cloned());
        tail.join("\n")
    }

    pub fn assert_no_panic(&self) {
        let panicked = self.texts.iter().any(|t| t.contains("panicked"));
        assert!(!panicked, "{}", self.tail());
    }
}

impl Crew {
    /// A crew without workers yet; `command` starts one.
    pub fn new(command: Command) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            command,
            workers: Vec::new(),
            hired: 0,
            sender,
            receiver,
            logs: WorkerLogs::default(),
        }
    }

    /// Workers that are started from now on end when the queue is empty.
    pub fn until_empty(&mut self) {
        self.command.arg("--until-empty");
    }

    /// Starts one more worker and returns its number.
    pub fn hire(&mut self) -> usize {
        let number = self.hired;
        self.hired += 1;
        let mut child = self.command.spawn().expect("the worker starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let event = match serde_json::from_str(&line) {
                    Ok(line) => WorkerEvent::Line(line),
                    Err(_) => WorkerEvent::Text(line),
                };
                if sender.send((number, event)).is_err() {
                    return;
                }
            }
            // The test may be over.
            let _ = sender.send((number, WorkerEvent::End));
        });
        self.workers.push(Worker {
            number,
            child,
            listen: None,
        });
        number
    }

    /// The next event of any worker.
    pub async fn next_event(&mut self) -> (usize, WorkerEvent) {
        let next = tokio::time::timeout(SILENCE, self.receiver.recv()).await;
        let Ok(Some((number, event))) = next else {
            panic!("the workers say nothing; before:\n{}", self.logs.tail());
        };
        self.logs.add(&event);
        if let WorkerEvent::Line(line) = &event
            && line["message"] == "logferry starts"
            && let Some(worker) = self.workers.iter_mut().find(|w| w.number == number)
        {
            worker.listen = line["listen"].as_str().map(str::to_owned);
        }
        (number, event)
    }

    /// Waits until the condition holds. No worker may end meanwhile.
    pub async fn until(&mut self, mut is_so: impl FnMut(&WorkerLogs) -> bool) {
        while !is_so(&self.logs) {
            if let (number, WorkerEvent::End) = self.next_event().await
                && self.workers.iter().any(|w| w.number == number)
            {
                panic!("worker {number} ended:\n{}", self.logs.tail());
            }
        }
    }

    /// Waits until this worker logs this message.
    pub async fn until_logged(&mut self, number: usize, message: &str) {
        loop {
            match self.next_event().await {
                (n, WorkerEvent::Line(line)) if n == number && line["message"] == message => return,
                (n, WorkerEvent::End) if n == number => {
                    panic!("worker {n} ended:\n{}", self.logs.tail())
                }
                _ => {}
            }
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self, number: usize) {
        let at = self.workers.iter().position(|w| w.number == number);
        let mut worker = self.workers.remove(at.expect("a worker of this crew"));
        signal(worker.child.id(), "KILL");
        worker.child.wait().expect("the worker ends");
    }

    /// Sends SIGTERM to all workers; each must exit with success.
    pub async fn dismiss(mut self) -> WorkerLogs {
        for worker in &self.workers {
            signal(worker.child.id(), "TERM");
        }
        self.ended().await
    }

    /// Waits until all workers have exited, each with success.
    pub async fn ended(&mut self) -> WorkerLogs {
        while !self.workers.is_empty() {
            let (number, event) = self.next_event().await;
            let at = self.workers.iter().position(|w| w.number == number);
            if let (WorkerEvent::End, Some(at)) = (event, at) {
                let status = self.workers.remove(at).child.wait();
                let success = status.is_ok_and(|s| s.success());
                assert!(success, "worker {number} failed:\n{}", self.logs.tail());
            }
        }
        self.logs.assert_no_panic();
        std::mem::take(&mut self.logs)
    }
}

impl Drop for Crew {
    /// A failed test leaves no worker behind.
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // It may have ended.
            let _ = worker.child.kill();
            let _ = worker.child.wait();
        }
    }
}
