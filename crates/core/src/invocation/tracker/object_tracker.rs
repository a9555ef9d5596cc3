/*! The events of one object go in, in order; each event's invocation and the summaries of the requests come out. */

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::decode::{Event, Origin};
use crate::identity_hasher::BuildIdentityHasher;
use crate::invocation::summary::FoldedLine;
use crate::invocation::summary::line_role;
use crate::invocation::summary::line_role::{LineKey, LineRole};
use crate::invocation::summary::request_summary::{Summary, SummaryLine};
use crate::invocation::tracker::held_lines::{self, HeldDocument};
use crate::invocation::tracker::requests::{OpenRequest, OpenRequests, RequestInfo};
use crate::invocation::tracker::stream_state::{IdMeaning, StreamPosition, StreamState};
use crate::invocation::{LineContext, LinePlace};
use crate::parse::{Kind, Record};

/// Longest accepted request id, in bytes; a longer one counts as none.
const REQUEST_ID: usize = 128;
/// Most lines at a stream's head that wait for a line with a request id.
const HEAD_LINES: usize = 256;

/// Bounds of a [`Tracker`]'s memory.
#[derive(Debug, Clone, Copy)]
pub struct TrackerLimits {
    /// Most requests, and most streams, that are followed at a time. Above it, the oldest request is handed out as a
    /// part.
    pub max_open: usize,
    /// Most lines of open requests that are held, 8 bytes each. Above it, the oldest request is handed out as a part.
    pub max_lines: usize,
}

impl Default for TrackerLimits {
    fn default() -> Self {
        TrackerLimits {
            max_open: 1024,
            max_lines: 65_536,
        }
    }
}

/// Follows the invocations of one object.
#[derive(Debug)]
pub struct Tracker {
    options: TrackerLimits,
    streams: Vec<StreamState>,
    /// Index into `streams`, by the hash of log group and stream name.
    stream_of: HashMap<u64, usize, BuildIdentityHasher>,
    /// Index of the previous event's stream.
    last_stream: usize,
    requests: OpenRequests,
    /// Number of held lines in all streams.
    held_lines: usize,
    /// Documents of lines that no summary took.
    released: VecDeque<HeldDocument>,
}

impl Tracker {
    pub fn new(options: TrackerLimits) -> Self {
        Tracker {
            options,
            streams: Vec::new(),
            stream_of: HashMap::default(),
            last_stream: 0,
            requests: OpenRequests::default(),
            held_lines: 0,
            released: VecDeque::new(),
        }
    }

    /**
    Takes the object's next event and returns its context. Call it in the object's order, before the event's document
    is written. `event_hash` is the event's identity: evenly distributed, and the same in every object that carries the
    event. `at` is the document's `@timestamp` in milliseconds since 1970.
    */
    pub fn observe(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        event_hash: u64,
        at: i64,
    ) -> LineContext<'_> {
        let line_key = LineKey::new(at, event_hash);
        let index = self.stream(event.origin);
        let stream = &mut self.streams[index];
        let id = request_id(record);
        stream.note_time(event.time);
        let mut foreign_id = false;
        let mut in_init = false;
        let found = match &stream.position {
            // Nearly every line takes this short way.
            StreamPosition::In(current)
                if line_role::is_plain(record)
                    && self.requests.holds(current.number)
                    && match id {
                        Some(id) => *current.request_id == *id,
                        None => current.covers(event),
                    } =>
            {
                self.requests.with(current.number, |request| {
                    request.summary.count(line_key, event);
                    request.found()
                })
            }
            _ => {
                let mut line = SummaryLine {
                    event,
                    record,
                    line_key,
                    role: LineRole::of(record, event.text),
                };
                stream.learn(record);
                let held_before = stream.init_lines.len();
                let meaning = id.map(|id| (id, meaning(stream, &self.requests, record, id)));
                let found = match meaning {
                    Some((id, IdMeaning::Named(may_begin))) => {
                        named_line(stream, &mut self.requests, id, may_begin, &line)
                    }
                    None => unnamed_line(stream, &mut self.requests, &line),
                    Some((_, meaning)) => {
                        // Another request's time-out or failure is no event of this one.
                        line.role = None;
                        foreign_id = meaning == IdMeaning::Foreign;
                        unnamed_line(stream, &mut self.requests, &line)
                    }
                };
                in_init = id.is_none()
                    && found.is_none()
                    && stream.init.is_some()
                    && matches!(line.role, Some(LineRole::InitStart | LineRole::InitReport));
                self.held_lines = self.held_lines + stream.init_lines.len() - held_before;
                self.released.extend(stream.init_lines.released());
                found
            }
        };
        let place = match found {
            Some(found) if found.has_room => LinePlace::Request(found.number),
            None if in_init
                && self.held_lines < held_lines::PER_OBJECT
                && stream.init_lines.has_room() =>
            {
                LinePlace::Init
            }
            _ => LinePlace::Nowhere,
        };
        self.requests
            .keep_bounds(self.options.max_open, self.options.max_lines);

        let stream = &self.streams[index];
        LineContext {
            foreign_id,
            request_id_inferred: match &stream.position {
                StreamPosition::In(current) if (id.is_none() || foreign_id) && found.is_some() => {
                    Some(&current.request_id)
                }
                _ => None,
            },
            cold_start: found.and_then(|found| found.cold_start),
            function_name: (stream.function_name.as_deref())
                .or(stream.origin.function_name.as_deref()),
            function_version: (stream.function_version.as_deref())
                .or(stream.origin.function_version.as_deref()),
            place,
        }
    }

    /// Gives an event to the summary of its request, instead of a document: [`LinePlace::Request`].
    pub fn fold(&mut self, number: u64, line: FoldedLine) {
        (self.requests).with(number, |request| request.summary.folded.add(line));
    }

    /// Holds the last observed event until the invocation that waits for the init follows, or until it is clear that
    /// none does: [`LinePlace::Init`].
    pub fn hold(&mut self, line: FoldedLine, document: HeldDocument) {
        if let Some(stream) = self.streams.get_mut(self.last_stream) {
            self.held_lines += 1;
            stream.init_lines.hold(line, document);
        }
    }

    /// The next document of a held line that no summary took.
    pub fn next_released(&mut self) -> Option<HeldDocument> {
        self.released.pop_front()
    }

    /// Number of lines that are held, or were released and not fetched.
    pub fn waiting(&self) -> u64 {
        (self.held_lines + self.released.len()) as u64
    }

    /// Ends all streams: no invocation follows an init any more.
    pub fn end_streams(&mut self) {
        for stream in &mut self.streams {
            stream.drop_init();
            self.released.extend(stream.init_lines.released());
        }
        self.held_lines = 0;
        self.streams.clear();
        self.stream_of.clear();
    }

    /// Summaries of closed requests. A request that appears again later gives a second part.
    pub fn closed(&mut self) -> impl Iterator<Item = Summary> + '_ {
        std::iter::from_fn(|| self.requests.next_closed())
    }

    /// Whether no summary is left to be given out.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Ends the object: all remaining summaries, in the order of their first lines. Afterwards the tracker is empty.
    pub fn finish(&mut self) -> impl Iterator<Item = Summary> + '_ {
        self.end_streams();
        std::iter::from_fn(|| self.requests.next())
    }

    /// Index of the stream of an origin; a new stream is added.
    fn stream(&mut self, origin: &Arc<Origin>) -> usize {
        if let Some(last) = self.streams.get(self.last_stream)
            && Arc::ptr_eq(&last.origin, origin)
        {
            return self.last_stream;
        }
        let group = origin.log_group.as_deref().unwrap_or_default();
        let name = origin.log_stream.as_deref().unwrap_or_default();
        let hash = xxh3_64_with_seed(name.as_bytes(), xxh3_64_with_seed(group.as_bytes(), 0));
        let known = self.stream_of.get(&hash).copied();
        self.last_stream = known.unwrap_or_else(|| {
            if self.streams.len() >= self.options.max_open.max(1) {
                // Lines without a request id lose their invocation; nothing else is lost.
                self.end_streams();
            }
            self.stream_of.insert(hash, self.streams.len());
            self.streams.push(StreamState::new(origin));
            self.streams.len() - 1
        });
        self.streams[self.last_stream].origin = Arc::clone(origin);
        self.last_stream
    }
}

/// The meaning of the request id in a line's text.
fn meaning(
    stream: &StreamState,
    requests: &OpenRequests,
    record: &Record<'_>,
    id: &str,
) -> IdMeaning {
    let is_known = match &stream.position {
        StreamPosition::In(current) if *current.request_id == *id => true,
        _ => {
            let key = stream.key(id);
            requests.knows(key) || stream.has_started(key)
        }
    };
    stream.meaning_of(record, id, is_known)
}

/// Handles a line that names its request; `None` if the request is not followed.
fn named_line(
    stream: &mut StreamState,
    requests: &mut OpenRequests,
    id: &str,
    may_begin: bool,
    line: &SummaryLine<'_>,
) -> Option<RequestInfo> {
    let kind = &line.record.kind;
    let number = match &stream.position {
        StreamPosition::In(current)
            if *current.request_id == *id && requests.holds(current.number) =>
        {
            current.number
        }
        _ => requests.number(stream, id, may_begin)?,
    };
    requests.with(number, |request| {
        let OpenRequest {
            summary,
            cold_start,
            key,
            ..
        } = request;
        let mut after_init = false;
        if matches!(kind, Kind::Start) {
            stream.start(number, *key, &summary.request_id, line);
            *cold_start = (stream.seen && stream.shows_order()).then_some(false);
            if let Some(init) = stream.init.take() {
                after_init = init.cold;
                summary.merge(&init);
            }
            for line in stream.init_lines.take() {
                summary.folded.add(line);
            }
            stream.seen = true;
            summary.share_version(stream.function_version.as_ref(), line);
        } else {
            let is_known = !summary.starts.all().is_empty() || stream.has_started(*key);
            if stream.other_line(number, &summary.request_id, line, is_known)
                && let Some(head) = stream.head.take()
            {
                summary.merge(&head);
            }
            stream.seen |= line.role.is_some_and(LineRole::ends_request);
        }
        let was_cold = summary.cold && !after_init;
        summary.add(line);
        if summary.cold && !was_cold {
            *cold_start = summary.cold_start();
        }
        request.found()
    })
}

/// Handles a line without a request id; `None` if it belongs to no invocation.
fn unnamed_line(
    stream: &mut StreamState,
    requests: &mut OpenRequests,
    line: &SummaryLine<'_>,
) -> Option<RequestInfo> {
    match line.role {
        Some(LineRole::InitStart) if stream.is_between() || !is_in_invocation(line.record) => {
            stream.head = None;
            stream.drop_init();
            if !matches!(
                stream.position,
                StreamPosition::Concurrent | StreamPosition::Disordered
            ) {
                stream.position = StreamPosition::Init;
            }
            stream.note_init(line, LineRole::InitStart);
            return None;
        }
        Some(LineRole::InitReport)
            if stream.is_between()
                && !(matches!(stream.position, StreamPosition::Beginning)
                    && is_in_invocation(line.record)) =>
        {
            stream.head = None;
            stream.note_init(line, LineRole::InitReport);
            return None;
        }
        // The runtime's reason for a failed init: only the invocation that follows can show it.
        Some(LineRole::Failure) if matches!(stream.position, StreamPosition::Init) => {
            stream.note_init_error(line);
            return None;
        }
        Some(LineRole::Start) => {
            stream.start_unnamed(line.event);
            return None;
        }
        // A platform line of these roles always names its request: without an id it is malformed.
        Some(
            LineRole::RuntimeDone | LineRole::End | LineRole::ReportText | LineRole::ReportJson,
        ) => {
            return None;
        }
        _ => {}
    }
    match &stream.position {
        StreamPosition::In(current) if !current.covers(line.event) => None,
        StreamPosition::In(current) => {
            let mut number = current.number;
            if !requests.holds(number) {
                // The request was handed out: its next lines make a new part.
                number = requests.number(stream, &Arc::clone(&current.request_id), true)?;
                if let StreamPosition::In(current) = &mut stream.position {
                    current.number = number;
                }
            }
            requests.with(number, |request| {
                request.summary.add(line);
                request.found()
            })
        }
        StreamPosition::Beginning if stream.named && !line.is_json() => {
            let head = (stream.head).get_or_insert_with(|| Summary::new("", line.event.origin));
            if head.held() < HEAD_LINES {
                head.add(line);
            }
            None
        }
        StreamPosition::Beginning
        | StreamPosition::Init
        | StreamPosition::Concurrent
        | StreamPosition::Disordered => None,
    }
}

fn request_id<'a>(record: &'a Record<'_>) -> Option<&'a str> {
    (record.request_id.as_deref()).filter(|id| !id.is_empty() && id.len() <= REQUEST_ID)
}

/// Whether an INIT line states that the init took place inside an invocation.
fn is_in_invocation(record: &Record<'_>) -> bool {
    let platform = record.platform.as_deref();
    platform.and_then(|platform| platform.phase.as_deref()) == Some("invoke")
}
