/*! The lines of one log stream in one object go in; the invocation that the next line belongs to comes out. */

use std::sync::Arc;

use memchr::memmem;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::decode::{Event, Origin};
use crate::invocation::summary::line_role;
use crate::invocation::summary::line_role::{FunctionArn, LineRole};
use crate::invocation::summary::reported::{ReportedField, ReportedFields};
use crate::invocation::summary::request_summary::{Summary, SummaryLine};
use crate::invocation::tracker::held_lines::HeldLines;
use crate::parse::{IdSource, Kind, Record};
use crate::uuid::is_uuid;

/// Longest time between a request's first line and its last one, in milliseconds: an invocation may take 15 minutes.
const LONGEST_INVOCATION: i64 = 16 * 60_000;
/// How many of the last STARTs a stream remembers after their requests were handed out.
const STARTS: usize = 8;

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
    /// The object's time ran backwards: CloudWatch does not promise that the blocks of an exported file are in order. A
    /// line belongs to a request only if it names the request. This holds for the rest of the object.
    Disordered,
}

/// The invocation that a stream's lines belong to.
#[derive(Debug)]
pub(crate) struct CurrentInvocation {
    /// Number of its request in the tracker. The number stays here after the request is closed and handed out.
    pub number: u64,
    pub request_id: Arc<str>,
    /// Time of its START, else of its first line in the object; `None` if the event has no time.
    pub since: Option<i64>,
    /// The line that showed it is JSON: so are all platform lines of the stream.
    pub json: bool,
    /// The stream has had its END, REPORT or runtimeDone.
    pub ended: bool,
    /// The stream has had its REPORT.
    pub reported: bool,
}

impl CurrentInvocation {
    /// Whether an event of this time may belong to the invocation.
    #[inline]
    pub fn covers(&self, event: &Event<'_>) -> bool {
        match (event.time, self.since) {
            (Some(time), Some(since)) => time.saturating_sub(since) <= LONGEST_INVOCATION,
            _ => true,
        }
    }
}

/// What the request id in a line's text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdMeaning {
    /// The line's request. The request may begin with this line if the flag is set.
    Named(bool),
    /// Perhaps the line's request: the document shows the id, no request begins.
    Uncertain,
    /// Another request: the line belongs where it stands.
    Foreign,
}

/// One log stream in one object.
#[derive(Debug)]
pub(crate) struct StreamState {
    pub origin: Arc<Origin>,
    /// The stream's name is known: all lines come from one environment.
    pub named: bool,
    /// Hash of the name.
    hash: u64,
    /// The latest time of an event so far.
    latest: i64,
    /// Time since which the object certainly goes on without a gap: that of the last START or INIT_START, else of the
    /// first event.
    since: i64,
    /// [`StreamState::key`] of the last STARTs, and the index of the next one.
    started: [u64; STARTS],
    next_started: usize,
    pub position: StreamPosition,
    is_ordered: bool,
    /// The stream has shown the beginning or the end of an invocation.
    pub seen: bool,
    /// What INIT lines reported, for the invocation that follows them.
    pub init: Option<Summary>,
    /// Lines of that init that make no documents if the invocation follows.
    pub init_lines: HeldLines,
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
            latest: i64::MIN,
            since: i64::MIN,
            started: [0; STARTS],
            next_started: 0,
            origin: Arc::clone(origin),
            named: origin.log_stream.is_some(),
            position: match runs_concurrently(origin) {
                true => StreamPosition::Concurrent,
                false => StreamPosition::Beginning,
            },
            is_ordered: true,
            seen: false,
            init: None,
            init_lines: HeldLines::default(),
            head: None,
            function_name: None,
            function_version: None,
        }
    }

    /// Notes an event's time. Lines of one invocation may be some milliseconds out of order. A line from before the
    /// invocation's START shows that the blocks of the object are not in order.
    #[inline]
    pub fn note_time(&mut self, time: Option<i64>) {
        let Some(time) = time else { return };
        if time < self.latest {
            if time <= self.since {
                self.break_order();
            }
            return;
        }
        // A longer gap may be one between blocks.
        if time.saturating_sub(self.latest) > LONGEST_INVOCATION {
            self.since = time;
        }
        self.latest = time;
    }

    /// Notes the time of a START or an INIT_START.
    fn begin(&mut self, event: &Event<'_>) {
        self.since = event.time.unwrap_or(self.since);
    }

    #[cold]
    fn break_order(&mut self) {
        if !matches!(self.position, StreamPosition::Concurrent) {
            self.position = StreamPosition::Disordered;
            self.head = None;
        }
        if let Some(init) = &mut self.init {
            init.cold = false;
        }
        self.is_ordered = false;
    }

    /// Whether the object's time never ran backwards in this stream.
    pub fn shows_order(&self) -> bool {
        self.is_ordered
    }

    /// Whether one of the last STARTs was that of a request, by its [`StreamState::key`].
    pub fn has_started(&self, key: u64) -> bool {
        self.started.contains(&key)
    }

    /// The meaning of the request id in a line's text. `is_known`: the stream has started the request, or an earlier
    /// line has named it.
    pub fn meaning_of(&self, record: &Record<'_>, id: &str, is_known: bool) -> IdMeaning {
        let by_platform = !matches!(record.kind, Kind::Function);
        let source = record.id_source;
        // Functions also log ids of other things: only a UUID may begin a request.
        let may_begin = by_platform || is_uuid(id);
        let by_runtime = source == IdSource::Runtime && may_begin;
        match &self.position {
            _ if is_known => IdMeaning::Named(true),
            StreamPosition::Concurrent if self.named => IdMeaning::Named(may_begin),
            // A file without a stream's name counts as one stream until requests interleave.
            StreamPosition::In(current)
                if self.named || !by_platform && source == IdSource::Function =>
            {
                // A function that prints the error of a function that it called.
                let printed =
                    matches!(record.kind, Kind::Timeout | Kind::Fault) && !current.reported;
                match (by_platform && !printed) || by_runtime {
                    true => IdMeaning::Named(true),
                    false => IdMeaning::Foreign,
                }
            }
            // No request runs yet.
            StreamPosition::Init if self.named && !by_platform && !by_runtime => IdMeaning::Foreign,
            StreamPosition::Disordered if self.named && !by_platform && !by_runtime => match source
            {
                IdSource::Function => IdMeaning::Foreign,
                _ => IdMeaning::Uncertain,
            },
            _ if by_platform || source != IdSource::Function => IdMeaning::Named(may_begin),
            _ => IdMeaning::Uncertain,
        }
    }

    /// Handles a START: the lines after it belong to its request, unless the request runs beside another one. `key` is
    /// the request's [`StreamState::key`].
    pub fn start(&mut self, number: u64, key: u64, request_id: &Arc<str>, line: &SummaryLine<'_>) {
        let json = line.is_json();
        self.begin(line.event);
        self.started[self.next_started % STARTS] = key;
        self.next_started = self.next_started.wrapping_add(1);
        if matches!(self.position, StreamPosition::Disordered) {
            return;
        }
        let beside = match &self.position {
            // A text stream runs one request after the other: a START without the previous request's REPORT follows a
            // crash.
            StreamPosition::In(current) => {
                (json || !self.named) && !current.ended && current.request_id != *request_id
            }
            StreamPosition::Concurrent | StreamPosition::Disordered => true,
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
                since: line.event.time,
                json,
                ended: false,
                reported: false,
            })
        };
    }

    /// Handles a START without a request id: the lines after it belong to an unknown request.
    pub fn start_unnamed(&mut self, event: &Event<'_>) {
        self.begin(event);
        self.head = None;
        self.drop_init();
        self.seen = true;
        if let StreamPosition::In(_) | StreamPosition::Init = &self.position {
            self.position = StreamPosition::Beginning;
        }
    }

    /// Forgets an init: no invocation that the object shows waited for it.
    pub fn drop_init(&mut self) {
        self.init = None;
        self.init_lines.release();
    }

    /// Handles any other line that names its request. `is_known`: the stream has started the request. Returns true if
    /// the lines at the stream's head belong to the same request.
    pub fn other_line(
        &mut self,
        number: u64,
        request_id: &Arc<str>,
        line: &SummaryLine<'_>,
        is_known: bool,
    ) -> bool {
        let platform = !matches!(line.record.kind, Kind::Function);
        let ends = line.role.is_some_and(LineRole::ends_request);
        let reported = matches!(line.record.kind, Kind::Report);
        if self.named && shows_managed_instance(line) {
            self.position = StreamPosition::Concurrent;
        }
        if ends && !is_known && !matches!(self.position, StreamPosition::Beginning) {
            // The block of its START is missing or follows.
            self.begin(line.event);
        }
        match &mut self.position {
            // Most lines: equal numbers make a comparison of ids unnecessary.
            StreamPosition::In(current)
                if current.number == number || current.request_id == *request_id =>
            {
                current.number = number;
                current.ended |= ends;
                current.reported |= reported;
            }
            StreamPosition::In(_) if !self.named => self.position = StreamPosition::Concurrent,
            StreamPosition::In(current) if platform && !current.ended => {
                if line.is_json() && current.json {
                    self.position = StreamPosition::Concurrent;
                } else if ends && !line.is_json() && !current.json && !is_known {
                    // The end of a request that did not begin before the current one.
                    self.break_order();
                }
            }
            // Text logs have no concurrency: a line with a request id shows the request of its neighbours.
            StreamPosition::Beginning
                if self.named
                    && !line.is_json()
                    && (platform || line.record.id_source == IdSource::Runtime) =>
            {
                self.position = StreamPosition::In(CurrentInvocation {
                    number,
                    request_id: Arc::clone(request_id),
                    since: line.event.time,
                    json: false,
                    ended: ends,
                    reported,
                });
                return true;
            }
            StreamPosition::In(_)
            | StreamPosition::Beginning
            | StreamPosition::Init
            | StreamPosition::Concurrent
            | StreamPosition::Disordered => {}
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
        if self.named && shows_managed_instance(line) {
            self.position = StreamPosition::Concurrent;
        }
        if matches!(role, LineRole::InitStart) {
            self.begin(line.event);
        }
        let reported = ReportedFields::of(line.record, line.event.text, role);
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        // An init that follows a crash starts no new environment.
        init.cold |= self.is_ordered
            && !self.seen
            && reported.text_of(ReportedField::Phase) != Some("invoke");
        init.note(role, line.line_key, line.is_json(), reported);
    }
}

/// Whether the origin shows that requests run concurrently: Lambda Managed Instances, Web Functions.
fn runs_concurrently(origin: &Origin) -> bool {
    let of_web_function =
        |group: &str| memmem::find(group.as_bytes(), b"/aws/lambda/web/").is_some();
    origin.function_version.as_deref() == Some("$LATEST.PUBLISHED")
        || origin.log_group.as_deref().is_some_and(of_web_function)
}

/// Whether a platform event is one of Lambda Managed Instances, which bill no invocations.
fn shows_managed_instance(line: &SummaryLine<'_>) -> bool {
    let Some(platform) = line.record.platform.as_deref() else {
        return false;
    };
    let unbilled = matches!(line.record.kind, Kind::Report)
        && line.is_json()
        && platform.duration_ms.is_some()
        && platform.billed_duration_ms.is_none()
        && platform.memory_size_mb.is_none();
    unbilled || platform.initialization_type.as_deref() == Some("lambda-managed-instances")
}

fn keep(kept: &mut Option<Arc<str>>, new: Option<&str>) {
    if let Some(new) = new.map(|new| line_role::cut(new, line_role::TEXT))
        && kept.as_deref() != Some(new)
    {
        *kept = Some(new.into());
    }
}
