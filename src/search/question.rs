/*! What a person asks, validated. `config/search.rs` builds it from flags. */

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What is asked, and in which view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    pub view: View,
    /// TEXT, in the syntax of query_string unless `literal` is set.
    pub text: Option<String>,
    /// TEXT has neither fields nor operators.
    pub literal: bool,
    /// A request id or the beginning of one.
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    /// Name or ARN of a durable execution. A name may have wildcards.
    pub execution: Option<String>,
    /// Names of functions, with wildcards. Any of them matches; none means every function.
    pub functions: Vec<String>,
    /// Levels of log lines. Any of them matches; none means every level.
    pub levels: Vec<String>,
    /// Types of errors. Any of them matches; none means every line.
    pub error_types: Vec<String>,
    pub errors: bool,
    pub cold_starts: bool,
    pub range: TimeRange,
    /// `None` means no limit.
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// Log lines, by time.
    #[default]
    Lines,
    /// Log lines as they arrive.
    Follow,
    /// Invocations by duration.
    Slowest,
    /// Invocations by the duration of their init.
    ColdStarts,
    /// Invocations from start to end.
    Timeline,
}

/// Beginning of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A duration before the current time.
    Ago(Duration),
    At(Timestamp),
}

impl Since {
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Since::At(time) => time,
            Since::Ago(ago) => SignedDuration::try_from(ago)
                .ok()
                .and_then(|ago| now.checked_sub(ago).ok())
                .unwrap_or(Timestamp::MIN),
        }
    }
}

/// Range of times to search; `None` leaves an end open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    pub since: Option<Since>,
    /// End of the range, exclusive.
    pub until: Option<Timestamp>,
}

/// For tests: a question with a text, a request, functions, errors and a range of times.
#[cfg(test)]
pub(crate) fn a_question_of_everything() -> Question {
    Question {
        text: Some("payment AND declined".to_owned()),
        request_id: Some("8f14e45f".to_owned()),
        functions: vec!["orders".to_owned(), "check*".to_owned()],
        errors: true,
        range: TimeRange {
            since: Some(Since::Ago(Duration::from_secs(3600))),
            until: "2026-11-24T11:30:00Z".parse().ok(),
        },
        ..Question::default()
    }
}
