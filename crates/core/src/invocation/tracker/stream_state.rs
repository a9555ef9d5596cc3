/*! The lines of one log stream in one object go in; the invocation that the next line belongs to comes out. */

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::decode::Origin;
use crate::invocation::summary::line_role;
use crate::invocation::summary::line_role::{FunctionArn, LineRole};
use crate::invocation::summary::reported::{ReportedField, ReportedFields};
use crate::invocation::summary::request_summary::{Summary, SummaryLine};
use crate::parse::{Kind, Record};

/// Position of a stream's next line relative to invocations.
#[derive(Debug, Default)]
pub(crate) enum StreamPosition {
    /// At the beginning of the object, before any line that shows an invocation or an init.
    #[default]
    Beginning,
    /// After INIT_START, outside of any invocation.
    Init,
    /// In an invocation, until the next START.
    In(CurrentInvocation),
    /// Requests run concurrently: a line belongs to a request only if it names the request. This holds for the rest of
    /// the object.
    Concurrent,
}

/// The invocation that a stream's lines belong to.
#[derive(Debug)]
pub(crate) struct CurrentInvocation {
    /// Number of its request in the tracker. The number stays here after the request is closed and handed out.
    pub number: u64,
    pub request_id: Arc<str>,
    /// The stream has had its END, REPORT or runtimeDone.
    pub ended: bool,
}

/// One log stream in one object.
#[derive(Debug)]
pub(crate) struct StreamState {
    pub origin: Arc<Origin>,
    /// The stream's name is known: all lines come from one environment.
    pub named: bool,
    /// Hash of the name.
    hash: u64,
    pub position: StreamPosition,
    /// The stream has shown the beginning or the end of an invocation.
    pub seen: bool,
    /// What INIT lines reported, for the invocation that follows them.
    pub init: Option<Summary>,
    /// Lines without a request id at the head of the object, for the request that a later line names.
    pub head: Option<Summary>,
    pub function_name: Option<Arc<str>>,
    pub function_version: Option<Arc<str>>,
}

impl StreamState {
    pub fn new(origin: &Arc<Origin>) -> StreamState {
        let name = origin.log_stream.as_deref().unwrap_or_default();
        StreamState {
            hash: xxh3_64_with_seed(name.as_bytes(), 1),
            origin: Arc::clone(origin),
            named: origin.log_stream.is_some(),
            position: StreamPosition::Beginning,
            seen: false,
            init: None,
            head: None,
            function_name: None,
            function_version: None,
        }
    }

    /// Handles a START: the lines after it belong to its request, unless the request runs beside another one.
    pub fn start(&mut self, number: u64, request_id: &Arc<str>, json: bool) {
        let beside = match &self.position {
            // A text stream runs one request after the other: a START without the previous request's REPORT follows a
            // crash.
            StreamPosition::In(current) => {
                (json || !self.named) && !current.ended && current.request_id != *request_id
            }
            StreamPosition::Concurrent => true,
            StreamPosition::Beginning | StreamPosition::Init => false,
        };
        // The lines at the head belonged to the invocation before this START.
        self.head = None;
        self.position = if beside {
            StreamPosition::Concurrent
        } else {
            StreamPosition::In(CurrentInvocation {
                number,
                request_id: Arc::clone(request_id),
                ended: false,
            })
        };
    }

    /// Handles any other line that names its request. Returns true if the lines at the stream's head belong to the same
    /// request.
    pub fn other_line(
        &mut self,
        number: u64,
        request_id: &Arc<str>,
        line: &SummaryLine<'_>,
        platform: bool,
        ends: bool,
    ) -> bool {
        match &mut self.position {
            // Most lines: equal numbers make a comparison of ids unnecessary.
            StreamPosition::In(current)
                if current.number == number || current.request_id == *request_id =>
            {
                current.number = number;
                current.ended |= ends;
            }
            StreamPosition::In(current) => {
                let beside = if self.named {
                    platform && !current.ended && line.is_json()
                } else {
                    true
                };
                if beside {
                    self.position = StreamPosition::Concurrent;
                }
            }
            // Text logs have no concurrency: a line with a request id shows the request of its neighbours.
            StreamPosition::Beginning if self.named && !line.is_json() => {
                self.position = StreamPosition::In(CurrentInvocation {
                    number,
                    request_id: Arc::clone(request_id),
                    ended: ends,
                });
                return true;
            }
            StreamPosition::Beginning | StreamPosition::Init | StreamPosition::Concurrent => {}
        }
        false
    }

    /// Whether the object shows no running invocation.
    pub fn is_between(&self) -> bool {
        !matches!(&self.position, StreamPosition::In(current) if !current.ended)
    }

    /// Hash of this stream's name and a request id.
    pub fn key(&self, request_id: &str) -> u64 {
        xxh3_64_with_seed(request_id.as_bytes(), self.hash)
    }

    /// Keeps the function's name and version from START and INIT_START. A stream without a name is skipped: its lines
    /// may come from several functions.
    pub fn learn(&mut self, record: &Record<'_>) {
        if !self.named || !matches!(record.kind, Kind::Start | Kind::InitStart) {
            return;
        }
        let platform = record.platform.as_deref();
        let arn = platform.and_then(|platform| platform.function_arn.as_deref());
        let arn_name = arn.and_then(FunctionArn::of).map(|arn| arn.function);
        keep(
            &mut self.function_name,
            record.function_name.as_deref().or(arn_name),
        );
        keep(&mut self.function_version, record.version.as_deref());
    }

    /// Keeps the first error that the runtime printed in an init, for the invocation that follows.
    pub fn note_init_error(&mut self, line: &SummaryLine<'_>) {
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        init.note_init_error(line);
    }

    /// Keeps what an INIT line reported, for the invocation that follows.
    pub fn note_init(&mut self, line: &SummaryLine<'_>, role: LineRole) {
        let reported = ReportedFields::of(line.record, line.event.text, role);
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        // An init that follows a crash starts no new environment.
        init.cold |= !self.seen && reported.text_of(ReportedField::Phase) != Some("invoke");
        init.note(role, line.line_key, line.is_json(), reported);
    }
}

fn keep(kept: &mut Option<Arc<str>>, new: Option<&str>) {
    if let Some(new) = new.map(|new| line_role::cut(new, line_role::TEXT))
        && kept.as_deref() != Some(new)
    {
        *kept = Some(new.into());
    }
}
