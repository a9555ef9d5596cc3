/*! How a request ended, as far as its lines tell, and how often it was tried. */

use super::facts::Role;
use super::summary::{Latest, Run, Summary};

/// `invocation.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    Error,
    Timeout,
    OutOfMemory,
    /// Nothing tells of the end of the last attempt, yet.
    Incomplete,
}

impl Status {
    /// Whether the invocation failed for certain.
    pub fn is_failure(self) -> bool {
        matches!(self, Status::Error | Status::Timeout | Status::OutOfMemory)
    }

    /// The value of `invocation.status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Error => "error",
            Status::Timeout => "timeout",
            Status::OutOfMemory => "out_of_memory",
            Status::Incomplete => "incomplete",
        }
    }
}

impl Summary {
    /**
    How the last attempt ended. What the platform states goes before what lines let guess: a REPORT's or runtimeDone's
    status, "Task timed out", a process killed at its memory's limit, an exit, an error that the runtime printed. An
    error that the function logged is none of these.
    */
    pub fn status(&self) -> Status {
        let last_start = self.of_form(&self.starts).last().map(|run| run.stamp.at);
        let in_last = |role| {
            self.latest(role)
                .filter(|latest| last_start.is_none_or(|start| latest.stamp.at >= start))
        };
        let reports = [Role::ReportText, Role::ReportJson, Role::RuntimeDone].map(in_last);
        let fault = in_last(Role::Fault);
        let failure = in_last(Role::Failure);
        // An init that is made up for inside the invocation fails it; one before it may be tried again.
        let init = in_last(Role::InitReport)
            .filter(|init| init.facts.phase.as_deref() == Some("invoke"))
            .filter(|init| !is_status(init, "success") && init.facts.status.is_some());

        let stated = |status: &str| {
            let mut reports = reports.iter().flatten();
            reports.any(|report| is_status(report, status))
        };
        let mut all = reports.iter().chain([&fault, &failure, &init]).flatten();
        if all.any(|latest| is_out_of_memory(latest)) {
            Status::OutOfMemory
        } else if stated("timeout") || in_last(Role::Timeout).is_some() {
            Status::Timeout
        } else if fault.is_some_and(|fault| fault.facts.killed) && self.memory_is_full() {
            Status::OutOfMemory
        } else if stated("error") || stated("failure") {
            Status::Error
        } else if stated("success") {
            Status::Success
        } else if fault.is_some() || failure.is_some() || init.is_some() {
            Status::Error
        } else if reports.iter().any(Option::is_some) || in_last(Role::End).is_some() {
            Status::Success
        } else {
            Status::Incomplete
        }
    }

    /// How often the request was tried: its distinct STARTs, or its REPORTs if there are more; at least once.
    pub fn attempts(&self) -> usize {
        let starts = self.of_form(&self.starts).count();
        starts.max(self.of_form(&self.reports).count()).max(1)
    }

    /// Billed durations of all attempts together, in thousandths of milliseconds.
    pub(super) fn billed(&self) -> Option<i64> {
        self.of_form(&self.reports)
            .filter_map(|run| run.billed)
            .reduce(i64::saturating_add)
    }

    /**
    Runs of the form, text or JSON, that tells of more: where both are there, one is a copy of the other. So are runs of
    one time: an event that came by export and by subscription has two identities.
    */
    fn of_form<'a>(&self, runs: &'a [Run]) -> impl Iterator<Item = &'a Run> {
        let all = || self.starts.iter().chain(&self.reports);
        let json = all().filter(|run| run.json).count();
        let json = json > all().count() - json;
        let mut before = None;
        runs.iter()
            .filter(move |run| run.json == json)
            .filter(move |run| before.replace(run.stamp.at) != Some(run.stamp.at))
    }

    /// REPORTs, the latest first.
    pub(super) fn reports(&self) -> [Option<&Latest>; 2] {
        let text = self.latest(Role::ReportText);
        let json = self.latest(Role::ReportJson);
        match (text, json) {
            (Some(a), Some(b)) if a.stamp < b.stamp => [json, text],
            _ => [text, json],
        }
    }

    fn memory_is_full(&self) -> bool {
        let [report, copy] = self.reports();
        report.or(copy).is_some_and(|Latest { facts, .. }| {
            facts
                .max_memory_used
                .zip(facts.memory_size)
                .is_some_and(|(used, size)| used >= size)
        })
    }
}

fn is_status(latest: &Latest, status: &str) -> bool {
    latest.facts.status.as_deref() == Some(status)
}

fn is_out_of_memory(latest: &Latest) -> bool {
    let kind = latest.facts.error_type.as_deref();
    kind.is_some_and(|kind| kind.contains("OutOfMemory"))
}
