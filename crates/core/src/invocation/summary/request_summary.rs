/*! Lines of one request go in, one by one; its state comes out: id, times, counts, errors and the latest platform
lines. */

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::base64_url;
use crate::decode::{Event, Origin, log_stream};
use crate::invocation::summary::durable_execution::DurableExecution;
use crate::invocation::summary::folded::{FoldedLine, FoldedLines};
use crate::invocation::summary::line_role;
use crate::invocation::summary::line_role::{LineKey, LineRole};
use crate::invocation::summary::line_set::LineSet;
use crate::invocation::summary::reported::{ReportedField, ReportedFields};
use crate::invocation::summary::runs::{Attempt, Attempts};
use crate::parse::{Kind, Record};
use crate::time::calendar::day_of;

/// Lines of one request up to which counts are exact; above, they are estimates.
pub(crate) const LINES: usize = 8192;
/// Error lines of one request up to which counts are exact; above, they are estimates.
pub(crate) const ERRORS: usize = 1024;
/// Longest time from the beginning of an init to a START that waited for it, in milliseconds; AWS allows 10 seconds.
const LONGEST_INIT: i64 = 15_000;
/// Longest time from the end of an init to a START that waited for it, in milliseconds.
const AFTER_INIT: i64 = 5_000;
/// Initial capacity of a request, in lines and in roles.
const USUAL_LINES: usize = 16;
const USUAL_ROLES: usize = 4;

/// The latest line of a role, with the fields it stated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LatestLine {
    pub role: LineRole,
    pub line_key: LineKey,
    pub reported: ReportedFields,
}

/// Key and short text of an error line.
pub(crate) type FirstError = Option<(LineKey, Box<str>)>;

/**
The state of one request, complete or a part. Merging all parts of a request (equal [`Summary::id`]) gives the same
state in any order and with any repetition.
*/
#[derive(Debug, Clone, PartialEq)]
pub struct Summary(
    /// Boxed, because the state is large and moves several times.
    Box<SummaryState>,
);

/// Contents of a [`Summary`].
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryState {
    pub(crate) request_id: Arc<str>,
    pub(crate) origin: Arc<Origin>,
    /// Function name from the request's own lines.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) version: Option<Arc<str>>,
    /// Function name from other lines of the stream.
    pub(crate) stream_name: Option<Arc<str>>,
    pub(crate) trace: Option<Arc<str>>,
    pub(crate) durable: Option<Box<DurableExecution>>,
    /// Time of the first line, milliseconds since 1970.
    pub(crate) first: i64,
    /// Time of the last line, milliseconds since 1970.
    pub(crate) last: i64,
    /// A line has shown a cold start.
    pub(crate) cold: bool,
    pub(crate) starts: Attempts,
    pub(crate) reports: Attempts,
    /// One entry per role, sorted by role.
    pub(crate) latest: Vec<LatestLine>,
    pub(crate) first_error: FirstError,
    /// The first error that the runtime printed in the init before the request: the reason, if the request failed.
    pub(crate) init_error: FirstError,
    /// Lines other than errors.
    pub(crate) lines: LineSet<LINES>,
    pub(crate) errors: LineSet<ERRORS>,
    /// Lines that make no documents of their own.
    pub(crate) folded: FoldedLines,
}

impl Deref for Summary {
    type Target = SummaryState;

    fn deref(&self) -> &SummaryState {
        &self.0
    }
}

impl DerefMut for Summary {
    fn deref_mut(&mut self) -> &mut SummaryState {
        &mut self.0
    }
}

impl From<SummaryState> for Summary {
    fn from(state: SummaryState) -> Self {
        Summary(Box::new(state))
    }
}

/// One event, parsed and classified, on its way into a summary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SummaryLine<'a> {
    pub event: &'a Event<'a>,
    pub record: &'a Record<'a>,
    pub line_key: LineKey,
    pub role: Option<LineRole>,
}

impl SummaryLine<'_> {
    pub fn is_json(&self) -> bool {
        line_role::is_json(self.event.text)
    }
}

impl Summary {
    pub(crate) fn new(request_id: &str, origin: &Arc<Origin>) -> Summary {
        Summary::from(SummaryState {
            request_id: request_id.into(),
            origin: Arc::clone(origin),
            name: None,
            version: None,
            stream_name: None,
            trace: None,
            durable: None,
            first: i64::MAX,
            last: i64::MIN,
            cold: false,
            starts: Attempts::default(),
            reports: Attempts::default(),
            latest: Vec::with_capacity(USUAL_ROLES),
            first_error: None,
            init_error: None,
            lines: LineSet::with_capacity(USUAL_LINES),
            errors: LineSet::default(),
            folded: FoldedLines::default(),
        })
    }

    /// Adds a line of the request: counts it and keeps what it reports.
    pub(crate) fn add(&mut self, line: &SummaryLine<'_>) {
        let SummaryLine {
            event,
            record,
            line_key,
            role,
        } = *line;
        // A time-out without its role is another request's: a text that the function printed.
        let printed = role.is_none() && matches!(record.kind, Kind::Timeout);
        if line_role::is_error(record) && !printed {
            self.extend_times(line_key);
            self.errors.push(line_key.hash, bytes(event));
            note_error(&mut self.first_error, line_key, record);
        } else {
            self.count(line_key, event);
        }
        least(&mut self.name, record.function_name.as_deref());
        least(&mut self.version, record.version.as_deref());
        if let Some(xray) = record.xray.as_deref() {
            least(&mut self.trace, xray.trace_id.as_deref());
        }
        let platform = record.platform.as_deref();
        if let Some(durable) = platform.and_then(|platform| platform.durable.as_deref()) {
            DurableExecution::add(&mut self.durable, durable);
        }
        if let Some(role) = role {
            let reported = ReportedFields::of(record, event.text, role);
            self.note(role, line_key, line.is_json(), reported);
        }
    }

    /// Counts a line that is no error. Nothing else of the line is kept.
    #[inline]
    pub(crate) fn count(&mut self, line_key: LineKey, event: &Event<'_>) {
        self.extend_times(line_key);
        self.lines.push(line_key.hash, bytes(event));
    }

    #[inline]
    fn extend_times(&mut self, line_key: LineKey) {
        self.first = self.first.min(line_key.at);
        self.last = self.last.max(line_key.at);
    }

    /// Shares the stream's version string if the line's version equals it and the request has none yet: saves an
    /// allocation.
    pub(crate) fn share_version(&mut self, kept: Option<&Arc<str>>, line: &SummaryLine<'_>) {
        if self.version.is_none() && kept.map(|kept| &**kept) == line.record.version.as_deref() {
            self.version = kept.cloned();
        }
    }

    /// Notes an error of the init before the request. It does not count as a line of the request.
    pub(crate) fn note_init_error(&mut self, line: &SummaryLine<'_>) {
        note_error(&mut self.init_error, line.line_key, line.record);
    }

    /// Notes the fields of a line. The line does not count as a line of the request.
    pub(crate) fn note(
        &mut self,
        role: LineRole,
        line_key: LineKey,
        json: bool,
        reported: ReportedFields,
    ) {
        match role {
            LineRole::Start => {
                self.starts.add(Attempt {
                    line_key,
                    json,
                    billed: None,
                });
            }
            LineRole::ReportText | LineRole::ReportJson => {
                self.reports.add(Attempt {
                    line_key,
                    json,
                    billed: reported.number_of(ReportedField::BilledDuration),
                });
                let took = |field| reported.number_of(field).is_some_and(|took| took > 0);
                self.cold |=
                    took(ReportedField::InitDuration) || took(ReportedField::RestoreDuration);
            }
            _ => {}
        }
        latest_in(
            &mut self.latest,
            LatestLine {
                role,
                line_key,
                reported,
            },
        );
    }

    /// Number of lines held in memory, duplicates included; a folded line counts for its size.
    pub(crate) fn held(&self) -> usize {
        self.lines.held() + self.errors.held() + self.folded.held()
    }

    /// The lines of the platform that make no documents of their own, by their ids.
    pub fn folded_lines(&self) -> &[FoldedLine] {
        self.folded.all()
    }

    /// Log stream, if a line told it.
    pub fn log_stream(&self) -> Option<&str> {
        self.origin.log_stream.as_deref()
    }

    /// Request id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /**
    `_id` of the document, 22 characters: a hash of log stream and request id. Every file format carries these two. A
    copy of a stream in a central group counts as the stream.
    Account and log group are missing in some formats, and the parts of a request from two formats must have the same
    id.
    */
    pub fn id(&self) -> String {
        self.document_id().iter().copied().map(char::from).collect()
    }

    /// [`Summary::id`] as bytes.
    pub fn document_id(&self) -> [u8; 22] {
        const PREFIX: &[u8] = b"invocation\0";
        let stream = self.origin.log_stream.as_deref().unwrap_or_default();
        let stream = log_stream::original_of(stream);
        let length = (stream.len() as u64).to_le_bytes();
        let (stream, request) = (stream.as_bytes(), self.request_id.as_bytes());
        // Hashing one piece costs half of hashing four; the buffer is large enough for nearly all ids.
        let mut buffer = [0; 192];
        let (begin, end) = (PREFIX.len() + 8, PREFIX.len() + 8 + stream.len());
        let hash = if end + request.len() <= buffer.len() {
            buffer[..PREFIX.len()].copy_from_slice(PREFIX);
            buffer[PREFIX.len()..begin].copy_from_slice(&length);
            buffer[begin..end].copy_from_slice(stream);
            buffer[end..end + request.len()].copy_from_slice(request);
            xxh3_128(&buffer[..end + request.len()])
        } else {
            let mut hash = Xxh3::new();
            for part in [PREFIX, &length, stream, request] {
                hash.update(part);
            }
            hash.digest128()
        };
        base64_url::encode_u128(hash)
    }

    /**
    Day of the document's index, in days since 1970-01-01: the day in the stream's name. Without such a day, the day of
    the START or of the first line counts; then the parts of a request that spans midnight may end in two documents.
    */
    pub fn index_day(&self) -> i32 {
        self.origin.stream_day.unwrap_or_else(|| {
            let day = day_of(self.start());
            i32::try_from(day).unwrap_or_default()
        })
    }

    /// Whether the invocation is the first of its environment. `None` until a line decides it: an INIT before the
    /// invocation, or a REPORT with a billed duration, which would also state an init. Managed instances bill no
    /// invocations, and their REPORTs state no init.
    pub fn cold_start(&self) -> Option<bool> {
        if self.init_was_ahead() {
            return Some(false);
        }
        let is_billed = self.reports.all().iter().any(|run| run.billed.is_some());
        (self.cold || is_billed).then_some(self.cold)
    }

    /// Whether the init took place ahead of the invocation, so that nobody waited for it: with provisioned concurrency,
    /// or long before the START.
    fn init_was_ahead(&self) -> bool {
        let roles = self.roles();
        let (start, report) = (
            roles.get(LineRole::InitStart),
            roles.get(LineRole::InitReport),
        );
        let is_provisioned = |init: &LatestLine| {
            let kind = init.reported.text_of(ReportedField::InitializationType);
            kind == Some("provisioned-concurrency")
        };
        if [start, report].into_iter().flatten().any(is_provisioned) {
            return true;
        }
        let started = start.map(|start| (start.line_key.at, LONGEST_INIT));
        let ended = report.map(|report| (report.line_key.at, AFTER_INIT));
        let Some((init, wait)) = ended.max(started) else {
            return false;
        };
        // An init after the first START follows a crash.
        let first = self.starts.all().first();
        first.is_some_and(|first| first.line_key.at.saturating_sub(init) > wait)
    }

    /// Time of the latest line that marks an end, else of the last line; milliseconds since 1970. An extension may
    /// print long after the end.
    pub fn end(&self) -> i64 {
        ended(&self.latest).unwrap_or(self.last)
    }

    /// Time of the first START, else of the first line; milliseconds since 1970.
    pub fn start(&self) -> i64 {
        match self.starts.all().first() {
            Some(run) => run.line_key.at,
            None => self.first,
        }
    }
}

/// Length of the whole line, including the part that decoding cut off.
fn bytes(event: &Event<'_>) -> u64 {
    (event.text.len() as u64).saturating_add(event.truncated)
}

/// Time of the latest line that marks an end.
pub(crate) fn ended(latest: &[LatestLine]) -> Option<i64> {
    let ends = latest
        .iter()
        .filter(|latest| latest.role >= LineRole::RuntimeDone);
    ends.map(|latest| latest.line_key.at).max()
}

/// Keeps the first of two errors.
fn note_error(kept: &mut FirstError, line_key: LineKey, record: &Record<'_>) {
    if kept.as_ref().is_none_or(|(at, _)| line_key < *at) {
        *kept = Some((line_key, line_role::error_text(record)));
    }
}

/// Keeps the latest line of each role.
pub(crate) fn latest_in(kept: &mut Vec<LatestLine>, new: LatestLine) {
    // Lines mostly arrive in the order of their roles.
    if kept.last().is_none_or(|last| last.role < new.role) {
        kept.push(new);
        return;
    }
    match kept.binary_search_by_key(&new.role, |old| old.role) {
        Ok(index) if kept[index] < new => kept[index] = new,
        Ok(_) => {}
        Err(index) => kept.insert(index, new),
    }
}

/// Keeps the least of two texts, so that the order of arrival does not matter.
#[inline]
pub(crate) fn least(kept: &mut Option<Arc<str>>, new: Option<&str>) {
    if let Some(new) = new {
        least_of(kept, line_role::cut(new, line_role::TEXT));
    }
}

fn least_of(kept: &mut Option<Arc<str>>, new: &str) {
    if kept.as_deref().is_none_or(|old| new < old) {
        *kept = Some(new.into());
    }
}
