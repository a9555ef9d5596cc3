/*! The lines of one log stream in one object go in; the invocation that the next line belongs to comes out. */

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::facts::{self, Arn, Role};
use super::field::{Facts, Field};
use super::summary::{Line, Summary};
use crate::decode::Origin;
use crate::lambda::{Kind, Record};

/// Position of a stream's next line relative to invocations.
#[derive(Debug, Default)]
pub(super) enum Place {
    /// At the beginning of the object, before any line that shows an invocation or an init.
    #[default]
    Head,
    /// After INIT_START, outside of any invocation.
    Init,
    /// In an invocation, until the next START.
    In(Current),
    /// Requests run concurrently: a line belongs to a request only if it names the request. This holds for the rest of
    /// the object.
    Concurrent,
}

/// The invocation that a stream's lines belong to.
#[derive(Debug)]
pub(super) struct Current {
    /// Number of its request in the tracker. The number stays here after the request is closed and handed out.
    pub number: u64,
    pub request_id: Arc<str>,
    /// The stream has had its END, REPORT or runtimeDone.
    pub ended: bool,
}

/// One log stream in one object.
#[derive(Debug)]
pub(super) struct Stream {
    pub origin: Arc<Origin>,
    /// The stream's name is known: all lines come from one environment.
    pub named: bool,
    /// Hash of the name.
    hash: u64,
    pub place: Place,
    /// The stream has shown the beginning or the end of an invocation.
    pub seen: bool,
    /// Facts from INIT lines, for the invocation that follows them.
    pub init: Option<Summary>,
    /// Lines without a request id at the head of the object, for the request that a later line names.
    pub head: Option<Summary>,
    pub function_name: Option<Arc<str>>,
    pub function_version: Option<Arc<str>>,
}

impl Stream {
    pub fn new(origin: &Arc<Origin>) -> Stream {
        let name = origin.log_stream.as_deref().unwrap_or_default();
        Stream {
            hash: xxh3_64_with_seed(name.as_bytes(), 1),
            origin: Arc::clone(origin),
            named: origin.log_stream.is_some(),
            place: Place::Head,
            seen: false,
            init: None,
            head: None,
            function_name: None,
            function_version: None,
        }
    }

    /// Handles a START: the lines after it belong to its request, unless the request runs beside another one.
    pub fn start(&mut self, number: u64, request_id: &Arc<str>, json: bool) {
        let beside = match &self.place {
            // A text stream runs one request after the other: a START without the previous request's REPORT follows a
            // crash.
            Place::In(current) => {
                (json || !self.named) && !current.ended && current.request_id != *request_id
            }
            Place::Concurrent => true,
            Place::Head | Place::Init => false,
        };
        // The lines at the head belonged to the invocation before this START.
        self.head = None;
        self.place = if beside {
            Place::Concurrent
        } else {
            Place::In(Current {
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
        line: &Line<'_>,
        platform: bool,
        ends: bool,
    ) -> bool {
        match &mut self.place {
            // Most lines: equal numbers make a comparison of ids unnecessary.
            Place::In(current) if current.number == number || current.request_id == *request_id => {
                current.number = number;
                current.ended |= ends;
            }
            Place::In(current) => {
                let beside = if self.named {
                    platform && !current.ended && line.is_json()
                } else {
                    true
                };
                if beside {
                    self.place = Place::Concurrent;
                }
            }
            // Text logs have no concurrency: a line with a request id shows the request of its neighbours.
            Place::Head if self.named && !line.is_json() => {
                self.place = Place::In(Current {
                    number,
                    request_id: Arc::clone(request_id),
                    ended: ends,
                });
                return true;
            }
            Place::Head | Place::Init | Place::Concurrent => {}
        }
        false
    }

    /// Whether the object shows no running invocation.
    pub fn is_between(&self) -> bool {
        !matches!(&self.place, Place::In(current) if !current.ended)
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
        let arn_name = arn.and_then(Arn::of).map(|arn| arn.function);
        keep(
            &mut self.function_name,
            record.function_name.as_deref().or(arn_name),
        );
        keep(&mut self.function_version, record.version.as_deref());
    }

    /// Keeps the first error that the runtime printed in an init, for the invocation that follows.
    pub fn note_init_error(&mut self, line: &Line<'_>) {
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        init.note_init_error(line);
    }

    /// Keeps the facts of an INIT line, for the invocation that follows.
    pub fn note_init(&mut self, line: &Line<'_>, role: Role) {
        let facts = Facts::of(line.record, line.event.text, role);
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        // An init that follows a crash starts no new environment.
        init.cold |= !self.seen && facts.text_of(Field::Phase) != Some("invoke");
        init.note(role, line.stamp, line.is_json(), facts);
    }
}

fn keep(kept: &mut Option<Arc<str>>, new: Option<&str>) {
    if let Some(new) = new.map(|new| facts::cut(new, facts::TEXT))
        && kept.as_deref() != Some(new)
    {
        *kept = Some(new.into());
    }
}
