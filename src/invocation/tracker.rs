/*! Which invocation each event of an object lies in. */

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Surroundings;
use super::facts::{Role, Stamp};
use super::stream::{Place, Stream};
use super::summary::{Line, Summary};
use crate::decode::{Event, Origin};
use crate::hashed::AsItIs;
use crate::lambda::request_id::is_uuid;
use crate::lambda::{Kind, Record};

/// Longest request id that is followed, in bytes.
const REQUEST_ID: usize = 128;
/// Lines at a stream's head that are kept until a line names their request.
const HEAD_LINES: usize = 256;

/// Bounds of a [`Tracker`]'s memory.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Requests, and streams, that are followed at a time; of more requests the oldest is given out as a part.
    pub max_open: usize,
    /// Lines of open requests that are held, 16 bytes each.
    pub max_lines: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            max_open: 1024,
            max_lines: 65_536,
        }
    }
}

/// Follows the invocations of one object.
#[derive(Debug)]
pub struct Tracker {
    options: Options,
    streams: Vec<Stream>,
    /// By the hash of the stream's identity.
    stream_of: HashMap<u64, usize, AsItIs>,
    /// The stream of the event before.
    last_stream: usize,
    open: HashMap<u64, Box<Open>, AsItIs>,
    /// Keys of `open`, the oldest first.
    order: VecDeque<u64>,
    /// Lines held in `open`.
    held: usize,
    over: VecDeque<Summary>,
}

#[derive(Debug)]
struct Open {
    summary: Summary,
    cold_start: Option<bool>,
}

/// What is known of the invocation that a line belongs to.
#[derive(Debug, Clone, Copy)]
struct Found {
    cold_start: Option<bool>,
}

impl Tracker {
    pub fn new(options: Options) -> Self {
        Tracker {
            options,
            streams: Vec::new(),
            stream_of: HashMap::default(),
            last_stream: 0,
            open: HashMap::default(),
            order: VecDeque::new(),
            held: 0,
            over: VecDeque::new(),
        }
    }

    /**
    Takes the next event in, in the object's order and before its document is written, and tells what surrounds it.
    `event_hash` is the event's identity: the same wherever the event is met again, and evenly spread. `at` is the
    document's `@timestamp` in milliseconds since 1970.
    */
    pub fn observe(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        event_hash: u64,
        at: i64,
    ) -> Surroundings<'_> {
        let line = Line {
            event,
            record,
            stamp: Stamp {
                at,
                hash: event_hash,
            },
            json: event.text.trim_ascii_start().first() == Some(&b'{'),
        };
        let place = self.stream(event.origin);
        self.streams[place].learn(record);
        let (found, inferred) = match request_id(record) {
            Some(id) => (self.named_line(place, id, line), false),
            None => (self.unnamed_line(place, line), true),
        };
        self.keep_bounds();

        let stream = &self.streams[place];
        Surroundings {
            request_id_inferred: match &stream.place {
                Place::In(current) if inferred && found.is_some() => Some(&current.request_id),
                _ => None,
            },
            cold_start: found.and_then(|found| found.cold_start),
            function_name: (stream.function_name.as_deref())
                .or(stream.origin.function_name.as_deref()),
            function_version: (stream.function_version.as_deref())
                .or(stream.origin.function_version.as_deref()),
        }
    }

    /// Summaries that have left the tracker: of a request that shows up again later there is a second part.
    pub fn closed(&mut self) -> impl Iterator<Item = Summary> + '_ {
        self.over.drain(..)
    }

    /// The object is at its end: all summaries that are left, in the order of their first lines. The tracker is as new.
    pub fn finish(&mut self) -> impl Iterator<Item = Summary> + '_ {
        while self.close_oldest() {}
        self.streams.clear();
        self.stream_of.clear();
        self.over.drain(..)
    }

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
                // Only what lines without a request id lie in is lost.
                self.streams.clear();
                self.stream_of.clear();
            }
            self.stream_of.insert(hash, self.streams.len());
            self.streams.push(Stream::new(origin));
            self.streams.len() - 1
        });
        self.streams[self.last_stream].origin = Arc::clone(origin);
        self.last_stream
    }

    /// A line that names its request, if that is followed.
    fn named_line(&mut self, place: usize, id: &str, line: Line<'_>) -> Option<Found> {
        let stream = &mut self.streams[place];
        let kind = &line.record.kind;
        let key = match &stream.place {
            Place::In(current) if &*current.request_id == id => current.key,
            _ => stream.key(id),
        };
        match self.open.get(&key) {
            Some(open) if open.summary.request_id() == id => {}
            // Two ids of one hash: the second is not followed.
            Some(_) => return None,
            // Functions log ids of other things as well.
            None if *kind == Kind::Function && !is_uuid(id) => return None,
            None => self.open_new(place, key, id),
        }
        let stream = &mut self.streams[place];
        let open = self.open.get_mut(&key)?;
        let held = open.summary.held();
        if *kind == Kind::Start {
            stream.start(key, id, line.json);
            open.cold_start = stream.seen.then_some(false);
            if let Some(init) = stream.init.take() {
                if init.cold {
                    open.cold_start = Some(true);
                }
                open.summary.merge(&init);
            }
            stream.seen = true;
        } else {
            let ends = matches!(kind, Kind::End | Kind::Report | Kind::RuntimeDone);
            let platform = *kind != Kind::Function;
            if stream.other_line(key, id, platform, ends, line.json)
                && let Some(head) = stream.head.take()
            {
                open.summary.merge(&head);
            }
            stream.seen |= ends;
        }
        let was_cold = open.summary.cold;
        open.summary.add(line);
        if open.summary.cold && !was_cold {
            open.cold_start = Some(true);
        }
        self.held = self.held - held + open.summary.held();
        Some(Found {
            cold_start: open.cold_start,
        })
    }

    /// A line that names no request, if it lies in one.
    fn unnamed_line(&mut self, place: usize, line: Line<'_>) -> Option<Found> {
        let stream = &mut self.streams[place];
        match Role::of(line.record, line.event.text, line.json) {
            Some(Role::InitStart) if stream.is_between() || !is_in_invocation(line.record) => {
                stream.head = None;
                stream.init = None;
                if !matches!(stream.place, Place::Concurrent) {
                    stream.place = Place::Init;
                }
                stream.note_init(line, Role::InitStart);
                return None;
            }
            Some(Role::InitReport)
                if stream.is_between()
                    && !(matches!(stream.place, Place::Head) && is_in_invocation(line.record)) =>
            {
                stream.head = None;
                stream.note_init(line, Role::InitReport);
                return None;
            }
            // The runtime says why the init failed; only the invocation that follows can show it.
            Some(Role::Failure) if matches!(stream.place, Place::Init) => {
                stream.note_init_error(line);
                return None;
            }
            // These name their request, or are nothing of the kind.
            Some(
                Role::Start | Role::RuntimeDone | Role::End | Role::ReportText | Role::ReportJson,
            ) => return None,
            _ => {}
        }
        match &stream.place {
            Place::In(current) => {
                let key = current.key;
                if !self.open.contains_key(&key) {
                    let id = current.request_id.clone();
                    self.open_new(place, key, &id);
                }
                let open = self.open.get_mut(&key)?;
                let held = open.summary.held();
                open.summary.add(line);
                self.held = self.held - held + open.summary.held();
                Some(Found {
                    cold_start: open.cold_start,
                })
            }
            Place::Head if stream.named && !line.json => {
                let head = (stream.head)
                    .get_or_insert_with(|| Box::new(Summary::new("", line.event.origin)));
                if head.held() < HEAD_LINES {
                    head.add(line);
                }
                None
            }
            Place::Head | Place::Init | Place::Concurrent => None,
        }
    }

    fn open_new(&mut self, place: usize, key: u64, id: &str) {
        let stream = &self.streams[place];
        let mut summary = Summary::new(id, &stream.origin);
        summary.stream_name = stream.function_name.clone();
        // Of the invocation that the stream is in, this is a later part.
        let later = matches!(&stream.place, Place::In(current) if current.key == key);
        let cold_start = (stream.seen && !later).then_some(false);
        let open = Open {
            summary,
            cold_start,
        };
        self.open.insert(key, Box::new(open));
        self.order.push_back(key);
    }

    fn keep_bounds(&mut self) {
        while (self.order.len() > self.options.max_open.max(1)
            || self.held > self.options.max_lines)
            && self.order.len() > 1
        {
            self.close_oldest();
        }
    }

    fn close_oldest(&mut self) -> bool {
        let Some(open) = self
            .order
            .pop_front()
            .and_then(|key| self.open.remove(&key))
        else {
            return false;
        };
        let mut summary = open.summary;
        self.held = self.held.saturating_sub(summary.held());
        summary.lines.tidy();
        summary.errors.tidy();
        self.over.push_back(summary);
        true
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
