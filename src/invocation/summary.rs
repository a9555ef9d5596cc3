/*! What is known of one request, from any number of its lines. */

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::facts::{self, Facts, Role, Stamp};
use super::lines::LineSet;
use crate::decode::{Event, Origin};
use crate::lambda::Record;

/// Lines of one request that are told apart exactly; more of them are estimated.
pub(super) const LINES: usize = 8192;
/// The same for its error lines.
pub(super) const ERRORS: usize = 1024;
/// Attempts of one request that are told apart; of more, the last stand.
pub(super) const RUNS: usize = 64;
const DAY: i64 = 86_400_000;

/// A START or a REPORT; a request has one of each at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Run {
    #[serde(rename = "s")]
    pub stamp: Stamp,
    /// From a JSON line. An extension may print in JSON what the platform says in text: that is the same run.
    #[serde(rename = "j", default)]
    pub json: bool,
    /// Billed duration in thousandths of milliseconds.
    #[serde(rename = "b", default)]
    pub billed: Option<i64>,
}

/// The latest line of a role and what it stated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Latest {
    #[serde(rename = "r")]
    pub role: Role,
    #[serde(rename = "s")]
    pub stamp: Stamp,
    #[serde(rename = "f", default)]
    pub facts: Facts,
}

/**
The state of one request. Complete or a part: merged with other parts of the same request ([`Summary::id`]) it comes to
the same state in any order, with any repetition.
*/
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Summary {
    #[serde(rename = "request")]
    pub(super) request_id: String,
    #[serde(deserialize_with = "super::origin::deserialize")]
    pub(super) origin: Arc<Origin>,
    /// Function name as the request's own lines state it.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) version: Option<String>,
    /// Function name that only the stream's other lines state.
    #[serde(default)]
    pub(super) stream_name: Option<String>,
    #[serde(default)]
    pub(super) trace: Option<String>,
    /// Time of the first and of the last line, milliseconds since 1970.
    pub(super) first: i64,
    pub(super) last: i64,
    /// There is evidence of a cold start.
    #[serde(default)]
    pub(super) cold: bool,
    /// Sorted, distinct, the last [`RUNS`].
    #[serde(default)]
    pub(super) starts: Vec<Run>,
    #[serde(default)]
    pub(super) reports: Vec<Run>,
    /// One a role, sorted.
    #[serde(default)]
    pub(super) latest: Vec<Latest>,
    #[serde(default)]
    pub(super) first_error: Option<(Stamp, String)>,
    /// The first error that the runtime printed in the init before: why the request failed, if it did.
    #[serde(default)]
    pub(super) init_error: Option<(Stamp, String)>,
    /// Lines that are no errors.
    #[serde(default)]
    pub(super) lines: LineSet<LINES>,
    #[serde(default)]
    pub(super) errors: LineSet<ERRORS>,
}

/// One event on its way into a summary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub event: &'a Event<'a>,
    pub record: &'a Record<'a>,
    pub stamp: Stamp,
    /// The event is a JSON line.
    pub json: bool,
}

impl Summary {
    pub(super) fn new(request_id: &str, origin: &Arc<Origin>) -> Summary {
        Summary {
            request_id: request_id.to_owned(),
            origin: Arc::clone(origin),
            name: None,
            version: None,
            stream_name: None,
            trace: None,
            first: i64::MAX,
            last: i64::MIN,
            cold: false,
            starts: Vec::new(),
            reports: Vec::new(),
            latest: Vec::new(),
            first_error: None,
            init_error: None,
            lines: LineSet::default(),
            errors: LineSet::default(),
        }
    }

    /// Takes a line in as one of the request's.
    pub(super) fn add(&mut self, line: Line<'_>) {
        let Line {
            event,
            record,
            stamp,
            json,
        } = line;
        self.first = self.first.min(stamp.at);
        self.last = self.last.max(stamp.at);
        let bytes = (event.text.len() as u64).saturating_add(event.truncated);
        if facts::is_error(record) {
            self.errors.push(stamp.hash, bytes);
            note_error(&mut self.first_error, stamp, record);
        } else {
            self.lines.push(stamp.hash, bytes);
        }
        least(&mut self.name, record.function_name.as_deref());
        least(&mut self.version, record.version.as_deref());
        if let Some(xray) = record.xray.as_deref() {
            least(&mut self.trace, xray.trace_id.as_deref());
        }
        if let Some(role) = Role::of(record, event.text, json) {
            self.note(role, stamp, json, Facts::of(record, event.text, role));
        }
    }

    /// Takes in an error of the init before the request, without counting it as one of the request's.
    pub(super) fn note_init_error(&mut self, line: Line<'_>) {
        note_error(&mut self.init_error, line.stamp, line.record);
    }

    /// Takes in what a line states, without counting it as a line of the request.
    pub(super) fn note(&mut self, role: Role, stamp: Stamp, json: bool, facts: Facts) {
        let billed = facts.billed_duration;
        match role {
            Role::Start => {
                let run = Run {
                    stamp,
                    json,
                    billed: None,
                };
                run_in(&mut self.starts, &run);
            }
            Role::ReportText | Role::ReportJson => {
                let run = Run {
                    stamp,
                    json,
                    billed,
                };
                run_in(&mut self.reports, &run);
                self.cold |= facts.init_duration.is_some_and(|init| init > 0)
                    || facts.restore_duration.is_some_and(|restore| restore > 0);
            }
            _ => {}
        }
        latest_in(&mut self.latest, Latest { role, stamp, facts });
    }

    /// The latest line of a role.
    pub(super) fn latest(&self, role: Role) -> Option<&Latest> {
        self.latest
            .binary_search_by_key(&role, |latest| latest.role)
            .ok()
            .map(|place| &self.latest[place])
    }

    /// Lines held in memory.
    pub(super) fn held(&self) -> usize {
        self.lines.held() + self.errors.held()
    }

    /// Request id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /**
    `_id` of the document, 22 characters. From stream and request id alone: these every file format tells, while account
    and log group are in some and not in others, and both parts of such a request must meet.
    */
    pub fn id(&self) -> String {
        let stream = self.origin.log_stream.as_deref().unwrap_or_default();
        let mut hash = Xxh3::new();
        hash.update(b"invocation\0");
        hash.update(&(stream.len() as u64).to_le_bytes());
        hash.update(stream.as_bytes());
        hash.update(self.request_id.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.digest128().to_be_bytes())
    }

    /**
    Day of the document's index, in days since 1970-01-01: that of the stream's name. Without one, that of the start, or
    of the first line: then parts of a request that spans midnight may come to two documents.
    */
    pub fn index_day(&self) -> i32 {
        self.origin.stream_day.unwrap_or_else(|| {
            let day = self.start().div_euclid(DAY);
            i32::try_from(day).unwrap_or_default()
        })
    }

    /// Whether the invocation is the first of its environment: known once an INIT is there before it, or a REPORT that
    /// would tell of one. Managed instances bill no invocations, and their reports tell of no init.
    pub fn cold_start(&self) -> Option<bool> {
        let told = self.reports.iter().any(|run| run.billed.is_some());
        (self.cold || told).then_some(self.cold)
    }

    /// Time of the latest line that tells of an end, else of the last line: an extension may print for long after.
    pub fn end(&self) -> i64 {
        let ends = self
            .latest
            .iter()
            .filter(|latest| latest.role >= Role::RuntimeDone);
        let last = ends.map(|latest| latest.stamp.at).max();
        last.unwrap_or(self.last)
    }

    /// Time of the first START, else of the first line; milliseconds since 1970.
    pub fn start(&self) -> i64 {
        match self.starts.first() {
            Some(run) => run.stamp.at,
            None => self.first,
        }
    }
}

/// Keeps the first error.
fn note_error(kept: &mut Option<(Stamp, String)>, stamp: Stamp, record: &Record<'_>) {
    if kept.as_ref().is_none_or(|(at, _)| stamp < *at) {
        *kept = Some((stamp, facts::error_text(record)));
    }
}

/// Keeps the last [`RUNS`], which merges like a set does.
pub(super) fn run_in(runs: &mut Vec<Run>, run: &Run) {
    if let Err(place) = runs.binary_search(run) {
        runs.insert(place, run.clone());
        if runs.len() > RUNS {
            runs.remove(0);
        }
    }
}

/// Keeps the latest line of each role.
pub(super) fn latest_in(kept: &mut Vec<Latest>, new: Latest) {
    match kept.binary_search_by_key(&new.role, |old| old.role) {
        Ok(place) if kept[place] < new => kept[place] = new,
        Ok(_) => {}
        Err(place) => kept.insert(place, new),
    }
}

/// Of several texts the least stands: it is the same in whatever order they come.
pub(super) fn least(kept: &mut Option<String>, new: Option<&str>) {
    let Some(new) = new.map(|new| facts::cut(new, facts::TEXT)) else {
        return;
    };
    if kept.as_deref().is_none_or(|old| new < old) {
        *kept = Some(new.to_owned());
    }
}
