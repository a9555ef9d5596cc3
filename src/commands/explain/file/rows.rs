/*! Events and summaries go in; the rows of the report's tables come out. Each list is bounded. Pure. */

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::commands::explain::file::finding::Example;
use logferry_core::decode::Origin;
use logferry_core::document::stored::StoredInvocation;

/// Most kinds of lines; a file may contain any number of them.
const KINDS: usize = 64;
/// Most origins; a file may contain any number of them.
const ORIGINS: usize = 1000;
/// Most successful invocations, and most others, that are kept.
const INVOCATIONS: usize = 500;

#[derive(Debug, Serialize)]
pub struct LineKindRow {
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
pub struct LineKindRows(pub Vec<LineKindRow>);

impl LineKindRows {
    pub fn add(&mut self, name: &str, json: bool, bytes: u64, example: impl FnOnce() -> Example) {
        let known = |kind: &LineKindRow| kind.name == name && kind.json == json;
        let index = match self.0.iter().position(known) {
            Some(index) => index,
            None if self.0.len() > KINDS => KINDS,
            None => {
                let name = if self.0.len() == KINDS {
                    "others"
                } else {
                    name
                };
                self.0.push(LineKindRow {
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
pub struct OriginRow {
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
pub struct OriginRows {
    pub rows: Vec<OriginRow>,
    /// Events of origins that have no row.
    pub others: u64,
    #[serde(skip)]
    known: BTreeMap<[Option<String>; 4], usize>,
}

impl OriginRows {
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
            self.rows.push(OriginRow {
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

impl OriginRow {
    fn is(&self, origin: &Origin) -> bool {
        self.log_stream == origin.log_stream
            && self.log_group == origin.log_group
            && self.account == origin.account
            && self.region == origin.region
    }
}

#[derive(Debug, Serialize)]
pub struct InvocationRow {
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
pub struct InvocationRows {
    pub count: u64,
    pub by_status: BTreeMap<String, u64>,
    /// In the order of their first lines.
    pub rows: Vec<InvocationRow>,
    /// Invocations that have no row.
    pub more: u64,
    #[serde(skip)]
    succeeded: usize,
}

impl InvocationRows {
    /// Adds a summary's document.
    pub fn add(&mut self, document: &[u8]) {
        let Ok(document) = serde_json::from_slice::<StoredInvocation<'_>>(document) else {
            return;
        };
        let StoredInvocation {
            timestamp,
            faas,
            lambda,
            invocation,
            ..
        } = document;
        let status = invocation.status.into_owned();
        self.count += 1;
        *self.by_status.entry(status.clone()).or_default() += 1;
        let success = status == "success";
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
        self.rows.push(InvocationRow {
            request_id: faas.invocation_id.unwrap_or_default().into_owned(),
            status,
            start: timestamp.into_owned(),
            duration_ms: lambda.duration_ms,
            billed_duration_ms: lambda.billed_duration_ms,
            memory_size_mb: lambda.memory_size_mb,
            max_memory_used_mb: lambda.max_memory_used_mb,
            cold_start: faas.cold_start,
            attempts: invocation.attempts,
            log_count: invocation.log_count,
            error_count: invocation.error_count,
            first_error: invocation.first_error.map(Cow::into_owned),
        });
    }
}
