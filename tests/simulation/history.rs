/*! Everything that happened, with its virtual time: what the checks read, and what a replayed seed prints. */

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::faults::Fault;

#[derive(Debug, Clone)]
#[expect(dead_code, reason = "the fields are there to be shown")]
pub enum What {
    Fault(Fault),
    FaultsEnd,
    Started,
    Ended(Result<(), String>),
    Crashed,
    Stopped,
    /// A worker ended since the queue was empty.
    EndedEmpty,
    ClockJumped(Duration),
    Enqueued {
        message: u64,
    },
    /// A receive call began.
    Receiving,
    Delivered {
        message: u64,
        handle: String,
        count: u32,
    },
    Extended {
        message: u64,
        handle: String,
        result: &'static str,
    },
    Released {
        message: u64,
        handle: String,
        delay: Duration,
        result: &'static str,
    },
    Deleted {
        message: u64,
        handle: String,
        result: &'static str,
    },
    /// It was visible again before whoever held it let go.
    Expired {
        message: u64,
        handle: String,
    },
    DeadLettered {
        message: u64,
    },
    Opened {
        key: String,
        from: u64,
        result: String,
    },
    /// A worker learnt that it may not make this call on the queue.
    QueueDenied {
        call: &'static str,
    },
    BodyBroke {
        key: String,
        at: u64,
        how: &'static str,
    },
    ObjectChanged {
        key: String,
        how: &'static str,
    },
    /// A bulk reached the index.
    Bulk {
        documents: usize,
        bytes: usize,
    },
    Created {
        index: String,
        id: String,
    },
    Conflict {
        index: String,
        id: String,
    },
    Updated {
        index: String,
        id: String,
    },
    Refused {
        index: String,
        id: String,
        status: u16,
    },
    Answered {
        result: String,
    },
    Fetched {
        documents: usize,
    },
    /// A dead letter was written.
    Buried {
        kind: &'static str,
        key: String,
        reason: String,
    },
    /// An invariant is hurt.
    Broken(String),
}

#[derive(Debug)]
pub struct Entry {
    pub at: Duration,
    pub worker: u32,
    pub what: What,
}

#[derive(Default)]
pub struct History {
    pub entries: Vec<Entry>,
    /// How often what really happened, by name.
    pub counts: BTreeMap<String, u64>,
}

impl History {
    pub fn add(&mut self, at: Duration, worker: u32, what: What) {
        *self.counts.entry(name(&what)).or_default() += 1;
        self.entries.push(Entry { at, worker, what });
    }

    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|e| match &e.what {
            What::Broken(why) => Some(why.as_str()),
            _ => None,
        })
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for Entry { at, worker, what } in &self.entries {
            let _ = writeln!(text, "{:>10.3} w{worker} {what:?}", at.as_secs_f64());
        }
        text
    }
}

/// The variant's name, with the result where there is one.
fn name(what: &What) -> String {
    match what {
        What::Fault(fault) => format!("{fault:?}"),
        What::Delivered { count, .. } if *count > 1 => "Redelivered".to_owned(),
        What::Extended { result, .. } => format!("Extended {result}"),
        What::Released { result, .. } => format!("Released {result}"),
        What::Deleted { result, .. } => format!("Deleted {result}"),
        What::Buried { kind, .. } => format!("Buried {kind}"),
        What::Refused { status, .. } => format!("Refused {status}"),
        What::BodyBroke { how, .. } => format!("BodyBroke {how}"),
        What::ObjectChanged { how, .. } => format!("Object {how}"),
        What::Answered { result } if result.contains("413") => "Split".to_owned(),
        What::Opened { from, .. } if *from > 0 => "Resumed".to_owned(),
        other => {
            let text = format!("{other:?}");
            let end = text.find([' ', '(', '{']).unwrap_or(text.len());
            text[..end].to_owned()
        }
    }
}
