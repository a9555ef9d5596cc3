/*! The fields of an invocation's document, as design section 3 names them. Members without a value are left out. */

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::facts::{Arn, Facts, Role, Stamp};
use super::price::{Prices, Usage};
use super::summary::Summary;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: Time,
    faas: Faas<'a>,
    #[serde(skip_serializing_if = "is_default")]
    aws: Aws<'a>,
    #[serde(skip_serializing_if = "is_default")]
    cloud: Cloud<'a>,
    #[serde(skip_serializing_if = "is_default")]
    lambda: Lambda<'a>,
    invocation: Invocation<'a>,
}

#[derive(Serialize)]
struct Faas<'a> {
    #[serde(skip_serializing_if = "is_default")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    version: Option<&'a str>,
    invocation_id: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    coldstart: Option<bool>,
}

#[derive(Serialize, Default, PartialEq)]
struct Aws<'a> {
    #[serde(skip_serializing_if = "is_default")]
    log: Log<'a>,
    #[serde(skip_serializing_if = "is_default")]
    xray: Xray<'a>,
}

#[derive(Serialize, Default, PartialEq)]
struct Log<'a> {
    #[serde(skip_serializing_if = "is_default")]
    group: Named<'a>,
    #[serde(skip_serializing_if = "is_default")]
    stream: Named<'a>,
}

#[derive(Serialize, Default, PartialEq)]
struct Named<'a> {
    name: Option<&'a str>,
}

#[derive(Serialize, Default, PartialEq)]
struct Xray<'a> {
    #[serde(skip_serializing_if = "is_default")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    segment_id: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    sampled: Option<bool>,
}

#[derive(Serialize, Default, PartialEq)]
struct Cloud<'a> {
    #[serde(skip_serializing_if = "is_default")]
    account: Account<'a>,
    #[serde(skip_serializing_if = "is_default")]
    region: Option<&'a str>,
}

#[derive(Serialize, Default, PartialEq)]
struct Account<'a> {
    id: Option<&'a str>,
}

#[derive(Serialize, Default, PartialEq)]
struct Lambda<'a> {
    #[serde(skip_serializing_if = "is_default")]
    duration_ms: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    billed_duration_ms: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    memory_size_mb: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    max_memory_used_mb: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    init_duration_ms: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    restore_duration_ms: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    billed_restore_duration_ms: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    produced_bytes: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    timeout_seconds: Option<Number>,
    #[serde(skip_serializing_if = "is_default")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    error_type: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    phase: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    initialization_type: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    runtime_version: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    runtime_version_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    function_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    tenant_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Invocation<'a> {
    end: Time,
    status: &'static str,
    attempts: usize,
    log_count: u64,
    error_count: u64,
    log_bytes: u64,
    /// There are more lines than are told apart: the counts are estimates.
    #[serde(skip_serializing_if = "is_default")]
    counts_estimated: bool,
    #[serde(skip_serializing_if = "is_default")]
    first_error: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    estimated_cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "is_default")]
    price: Option<String>,
    merge: Merge<&'a Summary>,
}

/// `invocation.merge`, stored and not indexed: the state and the version of its form.
#[derive(Serialize, serde::Deserialize)]
pub(super) struct Merge<S> {
    pub v: u32,
    pub state: S,
}

impl<'a> Document<'a> {
    pub fn of(summary: &'a Summary, prices: &Prices, version: u32) -> Document<'a> {
        let origin = &summary.origin;
        let lambda = Lambda::of(summary);
        let arn = lambda.function_arn.and_then(Arn::of);
        let region = origin.region.as_deref().or(arn.map(|arn| arn.region));
        let (lines, line_bytes) = summary.lines.totals();
        let (errors, error_bytes) = summary.errors.totals();
        let status = summary.status();
        let first_error = match status.is_failure() {
            true => failure(summary, lambda.error_type),
            false => text_of(&summary.first_error),
        };
        let attempts = summary.attempts();
        let paid = lambda.billed_duration_ms.zip(lambda.memory_size_mb);
        let cost = paid.and_then(|(billed, memory)| {
            prices.cost(&Usage {
                region,
                start: summary.start(),
                billed_ms: billed.value(),
                memory_mb: memory.value(),
                attempts,
            })
        });
        let (estimated_cost_usd, price) = cost.unzip();
        Document {
            timestamp: Time(summary.start()),
            faas: Faas {
                name: (summary.name.as_deref())
                    .or(arn.map(|arn| arn.function))
                    .or(origin.function_name.as_deref())
                    .or(summary.stream_name.as_deref()),
                version: (summary.version.as_deref()).or(origin.function_version.as_deref()),
                invocation_id: &summary.request_id,
                coldstart: summary.cold_start(),
            },
            aws: Aws::of(summary),
            cloud: Cloud {
                account: Account {
                    id: origin.account.as_deref().or(arn.map(|arn| arn.account)),
                },
                region,
            },
            lambda,
            invocation: Invocation {
                end: Time(summary.end()),
                status: status.as_str(),
                attempts,
                log_count: lines.saturating_add(errors),
                // A failure that only the platform's report tells of is one, too.
                error_count: errors.max(u64::from(status.is_failure())),
                log_bytes: line_bytes.saturating_add(error_bytes),
                counts_estimated: summary.lines.is_estimate() || summary.errors.is_estimate(),
                first_error,
                estimated_cost_usd,
                price,
                merge: Merge {
                    v: version,
                    state: summary,
                },
            },
        }
    }
}

/// Why a request failed: what the runtime said in the init before, else its own first error, else the platform's word.
fn failure<'a>(summary: &'a Summary, error_type: Option<&'a str>) -> Option<&'a str> {
    text_of(&summary.init_error)
        .or_else(|| text_of(&summary.first_error))
        .or(error_type)
}

fn text_of(error: &Option<(Stamp, String)>) -> Option<&str> {
    error.as_ref().map(|(_, text)| text.as_str())
}

impl<'a> Aws<'a> {
    fn of(summary: &'a Summary) -> Aws<'a> {
        let reports = summary.reports();
        let traced = reports
            .iter()
            .flatten()
            .find(|report| report.facts.trace_id.is_some());
        Aws {
            log: Log {
                group: Named {
                    name: summary.origin.log_group.as_deref(),
                },
                stream: Named {
                    name: summary.origin.log_stream.as_deref(),
                },
            },
            xray: match traced {
                Some(report) => Xray {
                    trace_id: report.facts.trace_id.as_deref(),
                    segment_id: report.facts.segment_id.as_deref(),
                    sampled: report.facts.sampled,
                },
                None => Xray {
                    trace_id: summary.trace.as_deref(),
                    ..Xray::default()
                },
            },
        }
    }
}

impl<'a> Lambda<'a> {
    /// Each field from the last attempt's report, else from the line that tells it best.
    fn of(summary: &'a Summary) -> Lambda<'a> {
        const AFTER_REPORTS: [Role; 7] = [
            Role::RuntimeDone,
            Role::Timeout,
            Role::Fault,
            Role::Start,
            Role::InitReport,
            Role::InitStart,
            Role::End,
        ];
        let [last, copy] = summary.reports();
        let others = AFTER_REPORTS.map(|role| summary.latest(role));
        let sources = || {
            let latest = [last, copy].into_iter().chain(others);
            latest.flatten().map(|latest| (latest.role, &latest.facts))
        };
        let text = |field: fn(&Facts) -> &Option<String>| {
            sources().find_map(|(_, facts)| field(facts).as_deref())
        };
        let number = |field: fn(&Facts) -> Option<i64>| {
            sources().find_map(|(_, facts)| field(facts)).map(Number)
        };
        // What an init came to is not what the invocation came to.
        let end = |field: fn(&Facts) -> &Option<String>| {
            let of_end = sources().filter(|(role, _)| *role != Role::InitReport);
            of_end
                .map(|(_, facts)| field(facts))
                .find_map(Option::as_deref)
        };
        Lambda {
            duration_ms: number(|facts| facts.duration),
            billed_duration_ms: summary.billed().map(Number),
            memory_size_mb: number(|facts| facts.memory_size),
            max_memory_used_mb: number(|facts| facts.max_memory_used),
            init_duration_ms: number(|facts| facts.init_duration),
            restore_duration_ms: number(|facts| facts.restore_duration),
            billed_restore_duration_ms: number(|facts| facts.billed_restore_duration),
            produced_bytes: number(|facts| facts.produced_bytes),
            timeout_seconds: number(|facts| facts.timeout),
            status: end(|facts| &facts.status),
            error_type: end(|facts| &facts.error_type),
            phase: text(|facts| &facts.phase),
            initialization_type: text(|facts| &facts.initialization_type),
            runtime_version: text(|facts| &facts.runtime_version),
            runtime_version_arn: text(|facts| &facts.runtime_version_arn),
            function_arn: text(|facts| &facts.function_arn),
            tenant_id: text(|facts| &facts.tenant_id),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Thousandths, written as the number they are of.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Number(i64);

impl Number {
    fn value(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.value())
        }
    }
}

/// Milliseconds since 1970, written as RFC 3339; times beyond years of four digits as the nearest that has one.
#[derive(Debug, Clone, Copy)]
struct Time(i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const WRITABLE: (i64, i64) = (-62_167_219_200_000, 253_402_207_200_999);
        let time = Timestamp::from_millisecond(self.0.clamp(WRITABLE.0, WRITABLE.1));
        serializer.collect_str(&format_args!("{:.3}", time.unwrap_or_default()))
    }
}
