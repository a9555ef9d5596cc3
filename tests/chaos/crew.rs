/*! Workers at work on one stage, all that they say, and how they end. */

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::signal;

/// Longer silence of a worker that is waited for is a failure.
const SILENCE: Duration = Duration::from_secs(180);

pub struct Crew {
    command: Command,
    pub workers: Vec<Worker>,
    hired: usize,
    tell: mpsc::UnboundedSender<(usize, Heard)>,
    heard: mpsc::UnboundedReceiver<(usize, Heard)>,
    pub said: Said,
}

pub struct Worker {
    pub number: usize,
    child: Child,
    /// Where its metrics are, once it has said so.
    pub listen: Option<String>,
}

pub enum Heard {
    Line(Value),
    /// Not one of its log lines: a panic, or its last words.
    Text(String),
    End,
}

/// All lines of all workers, dead ones too.
#[derive(Default)]
pub struct Said {
    lines: Vec<Value>,
    texts: Vec<String>,
    /// Keys of objects that were settled.
    pub settled: HashSet<String>,
}

impl Said {
    /// Lines whose message begins like this.
    pub fn count(&self, message: &str) -> usize {
        self.count_with(message, "")
    }

    /// Of them, those that contain these words anywhere.
    pub fn count_with(&self, message: &str, words: &str) -> usize {
        let begins = |l: &&Value| {
            l["message"]
                .as_str()
                .is_some_and(|m| m.starts_with(message))
        };
        let lines = self.lines.iter().filter(begins);
        lines.filter(|l| l.to_string().contains(words)).count()
    }

    /// Sum of a field over the verdicts of objects.
    pub fn sum(&self, field: &str) -> u64 {
        self.lines.iter().filter_map(|l| l[field].as_u64()).sum()
    }

    fn add(&mut self, heard: &Heard) {
        match heard {
            Heard::Line(line) => {
                if line["message"] == "settled" || line["message"] == "skipped" {
                    let key = line["key"].as_str().unwrap_or_default();
                    self.settled.insert(key.to_owned());
                }
                self.lines.push(line.clone());
            }
            Heard::Text(text) => self.texts.push(text.clone()),
            Heard::End => {}
        }
    }

    /// The end of what was said, for a failure's message.
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
    /// Of workers that are started by this command.
    pub fn new(command: Command) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        Self {
            command,
            workers: Vec::new(),
            hired: 0,
            tell,
            heard,
            said: Said::default(),
        }
    }

    /// Those who are hired from now on end when the queue is empty.
    pub fn until_empty(&mut self) {
        self.command.arg("--until-empty");
    }

    /// One more worker; its number.
    pub fn hire(&mut self) -> usize {
        let number = self.hired;
        self.hired += 1;
        let mut child = self.command.spawn().expect("the worker starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let tell = self.tell.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let heard = match serde_json::from_str(&line) {
                    Ok(line) => Heard::Line(line),
                    Err(_) => Heard::Text(line),
                };
                if tell.send((number, heard)).is_err() {
                    return;
                }
            }
            // The test may be over.
            let _ = tell.send((number, Heard::End));
        });
        self.workers.push(Worker {
            number,
            child,
            listen: None,
        });
        number
    }

    /// What a worker says next.
    pub async fn hear(&mut self) -> (usize, Heard) {
        let next = tokio::time::timeout(SILENCE, self.heard.recv()).await;
        let Ok(Some((number, heard))) = next else {
            panic!("the workers say nothing; before:\n{}", self.said.tail());
        };
        self.said.add(&heard);
        if let Heard::Line(line) = &heard
            && line["message"] == "logferry starts"
            && let Some(worker) = self.workers.iter_mut().find(|w| w.number == number)
        {
            worker.listen = line["listen"].as_str().map(str::to_owned);
        }
        (number, heard)
    }

    /// Waits until this is so; nobody may end meanwhile.
    pub async fn until(&mut self, mut is_so: impl FnMut(&Said) -> bool) {
        while !is_so(&self.said) {
            if let (number, Heard::End) = self.hear().await
                && self.workers.iter().any(|w| w.number == number)
            {
                panic!("worker {number} ended:\n{}", self.said.tail());
            }
        }
    }

    /// Waits for a line of this worker.
    pub async fn until_said(&mut self, number: usize, message: &str) {
        loop {
            match self.hear().await {
                (n, Heard::Line(line)) if n == number && line["message"] == message => return,
                (n, Heard::End) if n == number => {
                    panic!("worker {n} ended:\n{}", self.said.tail())
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

    /// SIGTERM; all must end well.
    pub async fn dismiss(mut self) -> Said {
        for worker in &self.workers {
            signal(worker.child.id(), "TERM");
        }
        self.ended().await
    }

    /// Waits until all have ended well by themselves.
    pub async fn ended(&mut self) -> Said {
        while !self.workers.is_empty() {
            let (number, heard) = self.hear().await;
            let at = self.workers.iter().position(|w| w.number == number);
            if let (Heard::End, Some(at)) = (heard, at) {
                let status = self.workers.remove(at).child.wait();
                let success = status.is_ok_and(|s| s.success());
                assert!(success, "worker {number} failed:\n{}", self.said.tail());
            }
        }
        self.said.assert_no_panic();
        std::mem::take(&mut self.said)
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
