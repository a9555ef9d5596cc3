/*! The figures that a report has. Counts and sums are exact unless a field says otherwise; percentiles are estimates
(TDigest). */

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::search::report::memory::MemoryUse;
use crate::search::report::question::{GroupBy, SortKey};
use crate::search::report::span::{Span, as_text};

/// The answer to a [`ReportQuestion`](crate::search::report::ReportQuestion).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub by: GroupBy,
    pub sort: SortKey,
    pub span: Span,
    pub before_span: Option<Span>,
    /// Length of a time bucket, milliseconds.
    pub step_ms: i64,
    /// All invocations of the span, also those that no row counts.
    pub total: Figures,
    pub before_total: Option<Figures>,
    /// All invocations of the span by time: one bucket for each step, the last one may be shorter.
    pub over_time: Vec<TotalBucket>,
    /// The greatest first. With a span before also groups that have invocations in that span only.
    pub rows: Vec<Row>,
    pub groups: GroupCount,
    /// The same of the span before.
    pub before_groups: Option<GroupCount>,
    /// Price tables that costs are estimated by, the most frequent first.
    pub prices: Vec<PriceCount>,
}

/// How many groups the span has, and how sure their figures are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GroupCount {
    /// Groups that were read. All of them if `left_out_invocations` is 0.
    pub read: u64,
    /// All groups, if more than were read: OpenSearch's estimate, where it has one.
    pub about: Option<u64>,
    /// Invocations of the groups that were not read.
    pub left_out_invocations: u64,
    /// Most invocations that a row may lack because a shard did not return its group: 0 means that rows are exact,
    /// `None` that OpenSearch does not know.
    pub missing_at_most: Option<u64>,
}

impl GroupCount {
    /// Whether rows hold every invocation of every group.
    pub fn is_exact(&self) -> bool {
        self.left_out_invocations == 0 && self.missing_at_most == Some(0)
    }
}

/// One function, version, error, account or region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub key: GroupKey,
    pub now: Figures,
    /// Figures of the span before: all zero for a new group. `None` without such a span, or if the group may have been
    /// left out there.
    pub before: Option<Figures>,
    /// One bucket for each step.
    pub over_time: Vec<TimeBucket>,
    /// Why invocations failed, the most frequent reasons first.
    pub reasons: Vec<ReasonCount>,
    /// Configured sizes, the most frequent first. Only by function and by version.
    pub memory: Vec<MemoryUse>,
    /// Functions of the group (an estimate above some thousands). Only by error, account and region.
    pub functions: Option<u64>,
    /// The newest failed invocation. Only by error.
    pub example: Option<ErrorExample>,
}

impl Row {
    /// Has invocations in the span, and had none in the span before.
    pub fn is_new(&self) -> bool {
        let before = self.before.as_ref();
        self.now.invocations > 0 && before.is_some_and(|before| before.invocations == 0)
    }

    /// Had invocations in the span before, and has none in the span.
    pub fn is_gone(&self) -> bool {
        self.now.invocations == 0
    }
}

/// What a row stands for. A document may lack each of the fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum GroupKey {
    Function {
        function: Option<String>,
    },
    Version {
        function: Option<String>,
        version: Option<String>,
    },
    Error {
        status: String,
        error_type: Option<String>,
    },
    Account {
        account: Option<String>,
    },
    Region {
        region: Option<String>,
    },
}

/// Figures of some invocations.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    pub invocations: u64,
    pub statuses: StatusCounts,
    /// Errors of all kinds: timeouts and out-of-memory too.
    pub errors: u64,
    /// Share of errors among the invocations whose end is known.
    pub error_rate: Option<f64>,
    /// Attempts of all invocations: asynchronous retries repeat a request id.
    pub attempts: u64,
    pub cold_starts: u64,
    /// Invocations of which it is known whether they were a cold start.
    pub cold_start_known: u64,
    pub cold_start_rate: Option<f64>,
    /// 95th percentile of the duration of inits, milliseconds: an estimate.
    pub init_p95_ms: Option<f64>,
    /// Durations in milliseconds: estimates.
    pub duration_ms: Option<Quantiles>,
    pub longest_ms: Option<f64>,
    /// Invocations with a duration.
    pub measured: u64,
    pub billed_ms: f64,
    /// Sum of the estimated costs.
    pub cost_usd: f64,
    /// Invocations with a cost.
    pub priced: u64,
    /// The most memory that one invocation used, megabytes.
    pub memory_used_max_mb: Option<f64>,
    /// 99th percentile of the memory used, megabytes: an estimate.
    pub memory_used_p99_mb: Option<f64>,
    /// The most memory that is configured, megabytes.
    pub memory_size_mb: Option<f64>,
    /// Share of the configured memory that one invocation used at most.
    pub memory_used_share: Option<f64>,
    /// Start of the newest invocation.
    #[serde(serialize_with = "as_optional_text")]
    pub newest: Option<Timestamp>,
}

impl Figures {
    /// The value of a sort key; `None` if it is not known.
    pub fn value(&self, key: SortKey) -> Option<f64> {
        let duration = |pick: fn(&Quantiles) -> f64| self.duration_ms.as_ref().map(pick);
        match key {
            SortKey::Invocations => Some(self.invocations as f64),
            SortKey::Errors => Some(self.errors as f64),
            SortKey::ErrorRate => self.error_rate,
            SortKey::Timeouts => Some(self.statuses.timeout as f64),
            SortKey::OutOfMemory => Some(self.statuses.out_of_memory as f64),
            SortKey::ColdStarts => self.cold_start_rate,
            SortKey::P50 => duration(|quantiles| quantiles.p50),
            SortKey::P95 => duration(|quantiles| quantiles.p95),
            SortKey::P99 => duration(|quantiles| quantiles.p99),
            SortKey::Billed => Some(self.billed_ms),
            SortKey::Cost => Some(self.cost_usd),
            SortKey::Memory => self.memory_used_share,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    pub success: u64,
    /// Failed, and neither a timeout nor out of memory.
    pub error: u64,
    pub timeout: u64,
    pub out_of_memory: u64,
    /// No end was seen yet.
    pub incomplete: u64,
}

impl StatusCounts {
    pub fn failed(&self) -> u64 {
        self.error + self.timeout + self.out_of_memory
    }

    pub fn all(&self) -> u64 {
        self.failed() + self.success + self.incomplete
    }

    /// The count of a status by its name in documents.
    pub(super) fn of(&mut self, status: &str) -> Option<&mut u64> {
        match status {
            "success" => Some(&mut self.success),
            "error" => Some(&mut self.error),
            "timeout" => Some(&mut self.timeout),
            "out_of_memory" => Some(&mut self.out_of_memory),
            "incomplete" => Some(&mut self.incomplete),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Invocations that started in one time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeBucket {
    #[serde(serialize_with = "as_text")]
    pub start: Timestamp,
    pub invocations: u64,
    pub failed: u64,
}

/// Invocations that started in one time bucket, by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TotalBucket {
    #[serde(serialize_with = "as_text")]
    pub start: Timestamp,
    pub statuses: StatusCounts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// `error`, `timeout` or `out_of_memory`.
    pub status: String,
    /// The platform does not report a type for each failure.
    pub error_type: Option<String>,
    pub invocations: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorExample {
    pub function: Option<String>,
    pub request_id: Option<String>,
    pub first_error: Option<String>,
}

/// How many invocations are priced by one table: `architecture/region/month of the price`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceCount {
    pub price: String,
    pub invocations: u64,
}

fn as_optional_text<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => as_text(time, serializer),
        None => serializer.serialize_none(),
    }
}
