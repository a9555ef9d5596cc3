/*! Lines of requests go in by number; the summaries of closed requests come out, in the order in which the requests
came. */

use std::collections::{HashMap, VecDeque};

use crate::identity_hasher::BuildIdentityHasher;
use crate::invocation::summary::request_summary::Summary;
use crate::invocation::tracker::stream_state::{StreamPosition, StreamState};

/// One request that the tracker follows.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    pub summary: Summary,
    /// Whether the request is the first of its environment.
    pub cold_start: Option<bool>,
    /// [`StreamState::key`].
    pub key: u64,
    number: u64,
}

/// Context of the invocation that a line belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestInfo {
    /// Number of the request in [`OpenRequests`].
    pub number: u64,
    /// The summary takes one more line instead of a document.
    pub has_room: bool,
    pub cold_start: Option<bool>,
}

impl OpenRequest {
    pub fn found(&self) -> RequestInfo {
        RequestInfo {
            number: self.number,
            has_room: self.summary.folded.has_room(),
            cold_start: self.cold_start,
        }
    }
}

/// A queue of requests. They leave in the order in which they came, and are numbered in that order.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    all: VecDeque<OpenRequest>,
    /// Number of the first request in `all`.
    first: u64,
    /// How many requests at the front of `all` are closed and wait to be fetched. The rest are open.
    closed: usize,
    /// Numbers of the open requests by [`StreamState::key`].
    number_of: HashMap<u64, u64, BuildIdentityHasher>,
    /// Lines held in the open requests.
    held: usize,
}

impl OpenRequests {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the request of a number is still open.
    #[inline]
    pub fn holds(&self, number: u64) -> bool {
        number >= self.first + self.closed as u64
    }

    /// The number of the request with an id. An unknown id begins a request if it `may_begin`, else the answer is
    /// `None`.
    pub fn number(&mut self, stream: &StreamState, id: &str, may_begin: bool) -> Option<u64> {
        let key = stream.key(id);
        match self.number_of.get(&key) {
            Some(&number) => {
                // Two ids share a hash: the second is not followed.
                let request = self.all.get(self.index(number)?)?;
                (request.summary.request_id() == id).then_some(number)
            }
            None => may_begin.then(|| self.begin(stream, key, id)),
        }
    }

    /// Whether a request is open, by its [`StreamState::key`].
    pub fn knows(&self, key: u64) -> bool {
        self.number_of.contains_key(&key)
    }

    fn begin(&mut self, stream: &StreamState, key: u64, id: &str) -> u64 {
        let mut summary = Summary::new(id, &stream.origin);
        summary.stream_name = stream.function_name.clone();
        // The stream is in this invocation already: the new request is a later part of it.
        let is_later_part =
            matches!(&stream.position, StreamPosition::In(current) if *current.request_id == *id);
        let number = self.first + self.all.len() as u64;
        self.number_of.insert(key, number);
        self.all.push_back(OpenRequest {
            summary,
            cold_start: (stream.shows_order()
                && stream.seen
                && !is_later_part
                && !stream.has_started(key))
            .then_some(false),
            key,
            number,
        });
        number
    }

    /// Calls `change` with a request. The number of held lines is that of open requests.
    #[inline]
    pub fn with<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut OpenRequest) -> T,
    ) -> Option<T> {
        let index = self.index(number)?;
        let is_open = self.holds(number);
        let request = self.all.get_mut(index)?;
        let held = request.summary.held();
        let changed = change(request);
        if is_open {
            self.held = self.held - held + request.summary.held();
        }
        Some(changed)
    }

    #[inline]
    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// Closes the oldest requests until at most `max_open` are open and at most `max_lines` lines are held. The newest
    /// request stays open.
    #[inline]
    pub fn keep_bounds(&mut self, max_open: usize, max_lines: usize) {
        while self.all.len() - self.closed > max_open || self.held > max_lines {
            if self.all.len() - self.closed <= 1 {
                return;
            }
            self.close_oldest();
        }
    }

    fn close_oldest(&mut self) {
        if let Some(request) = self.all.get_mut(self.closed) {
            let summary = &mut request.summary;
            self.held = self.held.saturating_sub(summary.held());
            self.number_of.remove(&request.key);
            summary.lines.tidy();
            summary.errors.tidy();
            self.closed += 1;
        }
    }

    /// Takes the next closed request's summary.
    #[inline]
    pub fn next_closed(&mut self) -> Option<Summary> {
        self.closed = self.closed.checked_sub(1)?;
        self.first += 1;
        self.all.pop_front().map(|request| request.summary)
    }

    /// Takes the next request's summary, closed or open.
    pub fn next(&mut self) -> Option<Summary> {
        if self.closed == 0 {
            self.close_oldest();
        }
        self.next_closed()
    }
}
