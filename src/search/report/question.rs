/*! What a report is asked for, validated. `config/report.rs` builds it from flags. */

use jiff::Timestamp;
use serde::Serialize;

use crate::search::question::{Question, Since, TimeRange, View};
use crate::search::report::span::Span;
use crate::search::report::time_steps::nice_step;

/// What one row stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    #[default]
    Function,
    /// Function and version.
    Version,
    /// Status and error type; only invocations that failed.
    Error,
    Account,
    Region,
}

/// The figure that rows are sorted by, the greatest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    #[default]
    Invocations,
    Errors,
    ErrorRate,
    Timeouts,
    OutOfMemory,
    /// Share of cold starts.
    ColdStarts,
    P50,
    P95,
    P99,
    Billed,
    Cost,
    /// Share of the configured memory that was used.
    Memory,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuestion {
    /// Selects the invocations of both spans.
    pub(super) invocations: Question,
    pub by: GroupBy,
    pub sort: SortKey,
    pub span: Span,
    /// The span to compare with.
    pub before: Option<Span>,
    /// Length of one time bucket, milliseconds.
    pub step_ms: i64,
}

impl ReportQuestion {
    /// The times of `filter` do not count, those of the spans do. `most_buckets` limits the time buckets of `span`.
    pub fn new(
        filter: Question,
        by: GroupBy,
        sort: SortKey,
        span: Span,
        before: Option<Span>,
        most_buckets: u32,
    ) -> Self {
        let whole = |since: Timestamp| TimeRange {
            since: Some(Since::At(since)),
            until: Some(span.until),
        };
        Self {
            invocations: Question {
                view: View::Slowest,
                range: whole(before.map_or(span.since, |before| before.since.min(span.since))),
                ..filter
            },
            by,
            sort,
            span,
            before,
            step_ms: nice_step(span, most_buckets),
        }
    }

    /// The list of invocations that the report is about, of both spans: for checks of TEXT, closed indices, sentences.
    pub fn invocations(&self) -> &Question {
        &self.invocations
    }

    /// The list of invocations of the span alone.
    pub fn invocations_of_span(&self) -> Question {
        Question {
            range: TimeRange {
                since: Some(Since::At(self.span.since)),
                until: Some(self.span.until),
            },
            ..self.invocations.clone()
        }
    }
}
