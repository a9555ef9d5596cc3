/*! Events and summaries go in; the rows of the report's tables come out. Each list is bounded. Pure. */

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commands::explain_file::finding::Example;
use logferry_core::decode::Origin;

/// Most kinds of lines; a file may contain any number of them.
const KINDS: usize = 64;
/// Most origins; a file may contain any number of them.
const ORIGINS: usize = 1000;
/// Most successful invocations, and most others, that are kept.
const INVOCATIONS: usize = 500;

#[derive(Debug, Serialize)]
pub struct Kind {
    #[serde(rename = "type")]
    pub name: String,
    /// The lines are JSON objects, with or without a runtime's prefix before the object.
    pub json: bool,
    pub events: u64,
    pub bytes: u64,
    /// Share of the bytes of all events, from 0 to 1.
    pub share: f64,
    pub example: Example,
}

#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Kinds(pub Vec<Kind>);

impl Kinds {
    pub fn add(&mut self, name: &str, json: bool, bytes: u64, example: impl FnOnce() -> Example) {
        let known = |kind: &Kind| kind.name == name && kind.json == json;
        let index = match self.0.iter().position(known) {
            Some(index) => index,
            None if self.0.len() > KINDS => KINDS,
            None => {
                let name = if self.0.len() == KINDS {
                    "others"
                } else {
                    name
                };
                self.0.push(Kind {
                    name: name.to_owned(),
                    json,
                    events: 0,
                    bytes: 0,
                    share: 0.0,
                    example: example(),
                });
                self.0.len() - 1
            }
        };
        self.0[index].events += 1;
        self.0[index].bytes += bytes;
    }

    /// Sorts the kinds, the most frequent first, and computes their shares.
    pub fn finish(&mut self) {
        self.0.sort_by_key(|kind| std::cmp::Reverse(kind.events));
        let all: u64 = self.0.iter().map(|kind| kind.bytes).sum();
        for kind in &mut self.0 {
            kind.share = kind.bytes as f64 / all.max(1) as f64;
        }
    }
}

/// Log stream and function that events came from.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_version: Option<String>,
    pub events: u64,
}

#[derive(Debug, Default, Serialize)]
pub struct Places {
    pub rows: Vec<Place>,
    /// Events of origins that have no row.
    pub others: u64,
    #[serde(skip)]
    known: BTreeMap<[Option<String>; 4], usize>,
}

impl Places {
    pub fn add(&mut self, origin: &Origin) {
        let last = self.rows.last_mut();
        if let Some(last) = last.filter(|last| last.is(origin)) {
            last.events += 1;
            return;
        }
        let name = [
            &origin.account,
            &origin.region,
            &origin.log_group,
            &origin.log_stream,
        ]
        .map(Clone::clone);
        if let Some(index) = self.known.get(&name) {
            self.rows[*index].events += 1;
        } else if self.rows.len() < ORIGINS {
            self.known.insert(name, self.rows.len());
            self.rows.push(Place {
                account: origin.account.clone(),
                region: origin.region.clone(),
                log_group: origin.log_group.clone(),
                log_stream: origin.log_stream.clone(),
                function_name: origin.function_name.clone(),
                function_version: origin.function_version.clone(),
                events: 1,
            });
        } else {
            self.others += 1;
        }
    }
}

impl Place {
    fn is(&self, origin: &Origin) -> bool {
        self.log_stream == origin.log_stream
            && self.log_group == origin.log_group
            && self.account == origin.account
            && self.region == origin.region
    }
}

#[derive(Debug, Serialize)]
pub struct Invocation {
    pub request_id: String,
    pub status: String,
    pub start: String,
    pub duration_ms: Option<f64>,
    pub billed_duration_ms: Option<f64>,
    pub memory_size_mb: Option<f64>,
    pub max_memory_used_mb: Option<f64>,
    pub cold_start: Option<bool>,
    pub attempts: u64,
    pub log_count: u64,
    pub error_count: u64,
    pub first_error: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub struct Invocations {
    pub count: u64,
    pub by_status: BTreeMap<String, u64>,
    /// In the order of their first lines.
    pub rows: Vec<Invocation>,
    /// Invocations that have no row.
    pub more: u64,
    #[serde(skip)]
    succeeded: usize,
}

/// The fields that are read from a summary's document; see `invocation`.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    faas: Faas,
    #[serde(default)]
    lambda: Lambda,
    invocation: Counts,
}

#[derive(Deserialize)]
struct Faas {
    invocation_id: String,
    coldstart: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lambda {
    duration_ms: Option<f64>,
    billed_duration_ms: Option<f64>,
    memory_size_mb: Option<f64>,
    max_memory_used_mb: Option<f64>,
}

#[derive(Deserialize)]
struct Counts {
    status: String,
    attempts: u64,
    log_count: u64,
    error_count: u64,
    first_error: Option<String>,
}

impl Invocations {
    /// Adds a summary's document.
    pub fn add(&mut self, document: &[u8]) {
        let Ok(document) = serde_json::from_slice::<Document>(document) else {
            return;
        };
        let Document {
            timestamp,
            faas,
            lambda,
            invocation,
        } = document;
        self.count += 1;
        *self.by_status.entry(invocation.status.clone()).or_default() += 1;
        let success = invocation.status == "success";
        let kept = if success {
            self.succeeded
        } else {
            self.rows.len() - self.succeeded
        };
        if kept >= INVOCATIONS {
            self.more += 1;
            return;
        }
        self.succeeded += usize::from(success);
        self.rows.push(Invocation {
            request_id: faas.invocation_id,
            status: invocation.status,
            start: timestamp,
            duration_ms: lambda.duration_ms,
            billed_duration_ms: lambda.billed_duration_ms,
            memory_size_mb: lambda.memory_size_mb,
            max_memory_used_mb: lambda.max_memory_used_mb,
            cold_start: faas.coldstart,
            attempts: invocation.attempts,
            log_count: invocation.log_count,
            error_count: invocation.error_count,
            first_error: invocation.first_error,
        });
    }
}
