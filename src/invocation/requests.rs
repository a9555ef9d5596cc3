/*! The requests of an object that are followed. */

use std::collections::{HashMap, VecDeque};

use super::stream::{Place, Stream};
use super::summary::Summary;
use crate::hashed::AsItIs;

/// A request and what it is followed by.
#[derive(Debug)]
pub(super) struct Request {
    pub summary: Summary,
    /// Whether it is the first of its environment.
    pub cold_start: Option<bool>,
    /// [`Stream::key`].
    key: u64,
}

/// What is known of the invocation that a line belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub cold_start: Option<bool>,
}

impl Request {
    pub fn found(&self) -> Found {
        Found {
            cold_start: self.cold_start,
        }
    }
}

/// Requests in the order in which they came, which is that in which they leave. They are numbered in it.
#[derive(Debug, Default)]
pub(super) struct Requests {
    all: VecDeque<Request>,
    /// Number of the first.
    first: u64,
    /// How many of the first are closed, and wait to be fetched.
    closed: usize,
    /// Numbers of the others by [`Stream::key`].
    number_of: HashMap<u64, u64, AsItIs>,
    /// Lines held in the others.
    held: usize,
}

impl Requests {
    /// Whether the request of a number is still open.
    #[inline]
    pub fn holds(&self, number: u64) -> bool {
        number >= self.first + self.closed as u64
    }

    /// The number of a request by its id. If it is none yet, it becomes one if it `may_begin`.
    pub fn number(&mut self, stream: &Stream, id: &str, may_begin: bool) -> Option<u64> {
        let key = stream.key(id);
        match self.number_of.get(&key) {
            Some(&number) => {
                // Two ids of one hash: the second is not followed.
                let request = self.all.get(self.place(number)?)?;
                (request.summary.request_id() == id).then_some(number)
            }
            None => may_begin.then(|| self.begin(stream, key, id)),
        }
    }

    fn begin(&mut self, stream: &Stream, key: u64, id: &str) -> u64 {
        let mut summary = Summary::new(id, &stream.origin);
        summary.stream_name = stream.function_name.clone();
        // Of the invocation that the stream is in, this is a later part.
        let later = matches!(&stream.place, Place::In(current) if *current.request_id == *id);
        let number = self.first + self.all.len() as u64;
        self.number_of.insert(key, number);
        self.all.push_back(Request {
            summary,
            cold_start: (stream.seen && !later).then_some(false),
            key,
        });
        number
    }

    /// Does something with an open request.
    #[inline]
    pub fn with<T>(&mut self, number: u64, change: impl FnOnce(&mut Request) -> T) -> Option<T> {
        let place = self.place(number)?;
        let request = self.all.get_mut(place)?;
        let held = request.summary.held();
        let changed = change(request);
        self.held = self.held - held + request.summary.held();
        Some(changed)
    }

    #[inline]
    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// Closes the oldest until no more are open, and no more lines are held. The newest stays open.
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

    /// The next that is closed.
    #[inline]
    pub fn next_closed(&mut self) -> Option<Summary> {
        self.closed = self.closed.checked_sub(1)?;
        self.first += 1;
        self.all.pop_front().map(|request| request.summary)
    }

    /// The next that is left, be it open.
    pub fn next(&mut self) -> Option<Summary> {
        if self.closed == 0 {
            self.close_oldest();
        }
        self.next_closed()
    }
}
