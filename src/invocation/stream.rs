/*! Where the events of one log stream stand between its invocations. */

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::facts::{self, Arn, Role};
use super::field::{Facts, Field};
use super::summary::{Line, Summary};
use crate::decode::Origin;
use crate::lambda::{Kind, Record};

/// Where the next line of a stream lies.
#[derive(Debug, Default)]
pub(super) enum Place {
    /// At the beginning of the object: nothing told yet.
    #[default]
    Head,
    /// After INIT_START: in no invocation.
    Init,
    /// In an invocation, until the next START.
    In(Current),
    /// Requests run side by side: only a line that names its request belongs to one. For the rest of the object.
    Concurrent,
}

/// The invocation that a stream's lines lie in.
#[derive(Debug)]
pub(super) struct Current {
    /// Its number in the tracker, or the one that it had before it was given out.
    pub number: u64,
    pub request_id: Arc<str>,
    /// END, REPORT or runtimeDone was there.
    pub ended: bool,
}

/// One log stream in one object.
#[derive(Debug)]
pub(super) struct Stream {
    pub origin: Arc<Origin>,
    /// The stream's name is known: its lines are of one environment.
    pub named: bool,
    /// Hash of the name.
    hash: u64,
    pub place: Place,
    /// An invocation began or ended.
    pub seen: bool,
    /// What INIT lines stated, for the invocation that follows them.
    pub init: Option<Summary>,
    /// Lines at the head that named no request, for the request that turns out to own them.
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

    /// A START of the request: from here on lines are its, unless it runs beside another one.
    pub fn start(&mut self, number: u64, request_id: &Arc<str>, json: bool) {
        let beside = match &self.place {
            // Text streams take one request after the other; a START that lacks the REPORT before it follows a crash.
            Place::In(current) => {
                (json || !self.named) && !current.ended && current.request_id != *request_id
            }
            Place::Concurrent => true,
            Place::Head | Place::Init => false,
        };
        // A START among them: the lines at the head were of the invocation before it.
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

    /// Another line that names its request. True if the lines at the stream's head are that request's as well.
    pub fn other_line(
        &mut self,
        number: u64,
        request_id: &Arc<str>,
        line: &Line<'_>,
        platform: bool,
        ends: bool,
    ) -> bool {
        match &mut self.place {
            // Most lines: of a number, and so without a look at the id.
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
            // In text logs, which know no concurrency, any line shows the request that its neighbours belong to.
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

    /// No invocation runs, as far as the object tells.
    pub fn is_between(&self) -> bool {
        !matches!(&self.place, Place::In(current) if !current.ended)
    }

    /// Key of a request of this stream.
    pub fn key(&self, request_id: &str) -> u64 {
        xxh3_64_with_seed(request_id.as_bytes(), self.hash)
    }

    /// Keeps what the platform states of the function. Of a stream without a name nothing holds for its other lines.
    pub fn learn(&mut self, record: &Record<'_>) {
        if !self.named || !matches!(record.kind, Kind::Start | Kind::InitStart) {
            return;
        }
        let platform = record.platform.as_deref();
        let arn = platform.and_then(|platform| platform.function_arn.as_deref());
        let of_arn = arn.and_then(Arn::of).map(|arn| arn.function);
        keep(
            &mut self.function_name,
            record.function_name.as_deref().or(of_arn),
        );
        keep(&mut self.function_version, record.version.as_deref());
    }

    /// Keeps the first error that the runtime printed in an init until the invocation that it leads to.
    pub fn note_init_error(&mut self, line: &Line<'_>) {
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        init.note_init_error(line);
    }

    /// Keeps what an INIT line states until the invocation that it leads to.
    pub fn note_init(&mut self, line: &Line<'_>, role: Role) {
        let facts = Facts::of(line.record, line.event.text, role);
        let init = (self.init).get_or_insert_with(|| Summary::new("", &self.origin));
        // One that follows a crash starts no environment.
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
