/*! A summary goes in; the status of the request's last attempt, the number of attempts and the billed time come out. */

use crate::invocation::summary::line_role::LineRole;
use crate::invocation::summary::reported::ReportedField;
use crate::invocation::summary::request_summary::{LatestLine, Summary};
use crate::invocation::summary::runs::{Attempt, Attempts};

/// `invocation.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    Error,
    Timeout,
    OutOfMemory,
    /// No line has shown the end of the last attempt yet.
    Incomplete,
}

impl Status {
    /// Whether the invocation certainly failed.
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

/// The latest line of each role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LatestByRole<'a>([Option<&'a LatestLine>; LineRole::COUNT]);

impl<'a> LatestByRole<'a> {
    pub fn get(&self, role: LineRole) -> Option<&'a LatestLine> {
        self.0[role as usize]
    }

    /// The latest REPORT of each format, text and JSON; the later one first.
    pub fn reports(&self) -> [Option<&'a LatestLine>; 2] {
        let text = self.get(LineRole::ReportText);
        let json = self.get(LineRole::ReportJson);
        match (text, json) {
            (Some(a), Some(b)) if a.line_key < b.line_key => [json, text],
            _ => [text, json],
        }
    }

    fn memory_is_full(&self) -> bool {
        let [report, copy] = self.reports();
        report.or(copy).is_some_and(|LatestLine { reported, .. }| {
            reported
                .number_of(ReportedField::MaxMemoryUsed)
                .zip(reported.number_of(ReportedField::MemorySize))
                .is_some_and(|(used, size)| used >= size)
        })
    }
}

impl Summary {
    pub(crate) fn roles(&self) -> LatestByRole<'_> {
        self.roles_since(i64::MIN)
    }

    fn roles_since(&self, at: i64) -> LatestByRole<'_> {
        let mut roles = LatestByRole([None; LineRole::COUNT]);
        for latest in self.latest.iter().filter(|latest| latest.line_key.at >= at) {
            roles.0[latest.role as usize] = Some(latest);
        }
        roles
    }

    /**
    Status of the last attempt. Statements of the platform go before conclusions from lines. The evidence, strongest
    first: the status of a REPORT or runtimeDone, "Task timed out", a process killed at its memory limit, an exit, an
    error that the runtime printed. An error that the function logged is no evidence.
    */
    pub fn status(&self) -> Status {
        let last_start = (self.of_main_format(&self.starts).last()).map(|run| run.line_key.at);
        let in_last = self.roles_since(last_start.unwrap_or(i64::MIN));
        let reports = [
            LineRole::ReportText,
            LineRole::ReportJson,
            LineRole::RuntimeDone,
        ]
        .map(|role| in_last.get(role));
        let fault = in_last.get(LineRole::Fault);
        let failure = in_last.get(LineRole::Failure);
        // An init that failed inside the invocation (phase `invoke`) fails it. An init before the invocation may be
        // retried.
        let init = in_last
            .get(LineRole::InitReport)
            .filter(|init| init.reported.text_of(ReportedField::Phase) == Some("invoke"))
            .filter(|init| {
                let status = init.reported.text_of(ReportedField::Status);
                status.is_some_and(|status| status != "success")
            });

        let statuses = reports.map(|report| report?.reported.text_of(ReportedField::Status));
        let stated = |status| statuses.contains(&Some(status));
        let [text, json, done] = reports;
        let all = [text, json, done, fault, failure, init];
        if all.into_iter().flatten().any(is_out_of_memory) {
            Status::OutOfMemory
        } else if [text, json, done, fault]
            .into_iter()
            .flatten()
            .any(is_timeout)
            || in_last.get(LineRole::Timeout).is_some()
        {
            Status::Timeout
        } else if fault
            .is_some_and(|fault| fault.reported.number_of(ReportedField::Killed).is_some())
            && self.roles().memory_is_full()
        {
            Status::OutOfMemory
        } else if stated("error") || stated("failure") {
            Status::Error
        } else if stated("success") {
            Status::Success
        } else if fault.is_some() || failure.is_some() || init.is_some() {
            Status::Error
        } else if reports.iter().any(Option::is_some) || in_last.get(LineRole::End).is_some() {
            Status::Success
        } else {
            Status::Incomplete
        }
    }

    /// Number of attempts: the distinct STARTs, or the REPORTs if there are more; at least 1.
    pub fn attempts(&self) -> usize {
        if self.starts.all().len() <= 1 && self.reports.all().len() <= 1 {
            return 1;
        }
        let starts = self.of_main_format(&self.starts).count();
        starts
            .max(self.of_main_format(&self.reports).count())
            .max(1)
    }

    /// Sum of the billed durations of all attempts, in thousandths of milliseconds.
    pub(crate) fn billed(&self) -> Option<i64> {
        self.of_main_format(&self.reports)
            .filter_map(|run| run.billed)
            .reduce(i64::saturating_add)
    }

    /**
    Attempts of the format, text or JSON, that has more of them. Where a request has both formats, one is a copy of the
    other. Attempts with equal times are copies too: an event that came by export and by subscription has two
    identities.
    */
    fn of_main_format<'a>(&self, runs: &'a Attempts) -> impl Iterator<Item = &'a Attempt> {
        let json = self.starts.balance() + self.reports.balance() > 0;
        let mut previous = None;
        let each = runs.all().iter();
        each.filter(move |run| run.json == json)
            .filter(move |run| previous.replace(run.line_key.at) != Some(run.line_key.at))
    }
}

/// Whether a line of the platform states a time-out: by its status, or by an error type of Managed Instances.
fn is_timeout(latest: &LatestLine) -> bool {
    let kind = latest.reported.text_of(ReportedField::ErrorType);
    let status = latest.reported.text_of(ReportedField::Status);
    matches!(kind, Some("Runtime.InvokeTimeout" | "Sandbox.Timedout")) || status == Some("timeout")
}

fn is_out_of_memory(latest: &LatestLine) -> bool {
    let kind = latest.reported.text_of(ReportedField::ErrorType);
    kind.is_some_and(|kind| kind.contains("OutOfMemory"))
}
