/*! Two states of one request go in; their least upper bound comes out, field by field. */

use std::sync::Arc;

use crate::decode::{Origin, SubscriptionFields};
use crate::invocation::summary::durable_execution::DurableExecution;
use crate::invocation::summary::request_summary::{FirstError, Summary, latest_in, least};

impl Summary {
    /// Merges another part of the same request into this one. Commutative, associative, idempotent.
    pub fn merge(&mut self, other: &Summary) {
        if self.origin != other.origin {
            self.origin = Arc::new(least_origin(&self.origin, &other.origin));
        }
        least(&mut self.name, other.name.as_deref());
        least(&mut self.version, other.version.as_deref());
        least(&mut self.stream_name, other.stream_name.as_deref());
        least(&mut self.trace, other.trace.as_deref());
        DurableExecution::merge(&mut self.durable, &other.durable);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.cold |= other.cold;
        for run in other.starts.all() {
            self.starts.add(*run);
        }
        for run in other.reports.all() {
            self.reports.add(*run);
        }
        for latest in &other.latest {
            latest_in(&mut self.latest, latest.clone());
        }
        least_error(&mut self.first_error, &other.first_error);
        least_error(&mut self.init_error, &other.init_error);
        self.lines.merge(&other.lines);
        self.errors.merge(&other.errors);
        self.folded.merge(&other.folded);
    }
}

fn least_error(ours: &mut FirstError, theirs: &FirstError) {
    if let Some(theirs) = theirs
        && ours.as_ref().is_none_or(|ours| theirs < ours)
    {
        *ours = Some(theirs.clone());
    }
}

/// Merges two origins of the same request in the same stream: they differ only in the fields that their file formats
/// carry.
fn least_origin(a: &Origin, b: &Origin) -> Origin {
    Origin {
        account: least_of(&a.account, &b.account),
        region: least_of(&a.region, &b.region),
        log_group: least_of(&a.log_group, &b.log_group),
        log_stream: least_of(&a.log_stream, &b.log_stream),
        function_name: least_of(&a.function_name, &b.function_name),
        function_version: least_of(&a.function_version, &b.function_version),
        stream_day: least_of(&a.stream_day, &b.stream_day),
        // They belong to single events.
        subscription: SubscriptionFields::default(),
    }
}

fn least_of<T: Ord + Clone>(a: &Option<T>, b: &Option<T>) -> Option<T> {
    a.iter().chain(b).min().cloned()
}
