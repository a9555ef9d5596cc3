/*! The fields of an invocation's document, as design section 3 names them, written one by one. Members without a value are left out. */

use super::facts::{Arn, Facts, Role, Stamp};
use super::price::{Prices, Usage};
use super::state;
use super::summary::Summary;
use crate::document::time::TimeWriter;
use crate::json;

/// Appends the document's source. `version` is that of the state's form.
pub(super) fn write(summary: &Summary, prices: &Prices, version: u32, out: &mut Vec<u8>) {
    let origin = &summary.origin;
    let lambda = Lambda::of(summary);
    let arn = lambda.function_arn.and_then(Arn::of);
    let region = origin.region.as_deref().or(arn.map(|arn| arn.region));
    let account = origin.account.as_deref().or(arn.map(|arn| arn.account));
    let name = (summary.name.as_deref())
        .or(arn.map(|arn| arn.function))
        .or(origin.function_name.as_deref())
        .or(summary.stream_name.as_deref());
    let mut times = TimeWriter::default();
    out.extend_from_slice(b"{\"@timestamp\":");
    times.write(out, summary.start());
    json::object_member(out, "faas", |out| {
        json::string_member(out, "name", name);
        let version = summary.version.as_deref();
        json::string_member(
            out,
            "version",
            version.or(origin.function_version.as_deref()),
        );
        json::string_member(out, "invocation_id", Some(&summary.request_id));
        json::bool_member(out, "coldstart", summary.cold_start());
    });
    write_aws(summary, out);
    json::object_member(out, "cloud", |out| {
        json::object_member(out, "account", |out| {
            json::string_member(out, "id", account);
        });
        json::string_member(out, "region", region);
    });
    lambda.write(out);
    json::object_member(out, "invocation", |out| {
        json::key(out, "end");
        times.write(out, summary.end());
        write_invocation(summary, &lambda, region, prices, out);
        json::object_member(out, "merge", |out| {
            json::unsigned_member(out, "v", u64::from(version));
            json::key(out, "state");
            state::write(summary, out);
        });
    });
    out.push(b'}');
}

fn write_invocation(
    summary: &Summary,
    lambda: &Lambda<'_>,
    region: Option<&str>,
    prices: &Prices,
    out: &mut Vec<u8>,
) {
    let (lines, line_bytes) = summary.lines.totals();
    let (errors, error_bytes) = summary.errors.totals();
    let status = summary.status();
    let first_error = match status.is_failure() {
        true => failure(summary, lambda.error_type),
        false => text_of(&summary.first_error),
    };
    let attempts = summary.attempts();
    json::string_member(out, "status", Some(status.as_str()));
    json::unsigned_member(out, "attempts", attempts as u64);
    json::unsigned_member(out, "log_count", lines.saturating_add(errors));
    // A failure that only the platform's report tells of is one, too.
    let error_count = errors.max(u64::from(status.is_failure()));
    json::unsigned_member(out, "error_count", error_count);
    json::unsigned_member(out, "log_bytes", line_bytes.saturating_add(error_bytes));
    // There are more lines than are told apart: the counts are estimates.
    let estimated = summary.lines.is_estimate() || summary.errors.is_estimate();
    json::bool_member(out, "counts_estimated", estimated.then_some(true));
    json::string_member(out, "first_error", first_error);
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
    if let Some((usd, price)) = cost {
        json::float_member(out, "estimated_cost_usd", Some(usd));
        json::string_member(out, "price", Some(&price));
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

fn write_aws(summary: &Summary, out: &mut Vec<u8>) {
    let reports = summary.reports();
    let traced = reports
        .iter()
        .flatten()
        .find(|report| report.facts.trace_id.is_some());
    json::object_member(out, "aws", |out| {
        json::object_member(out, "log", |out| {
            for (kind, name) in [
                ("group", &summary.origin.log_group),
                ("stream", &summary.origin.log_stream),
            ] {
                json::object_member(out, kind, |out| {
                    json::string_member(out, "name", name.as_deref());
                });
            }
        });
        json::object_member(out, "xray", |out| match traced {
            Some(report) => {
                json::string_member(out, "trace_id", report.facts.trace_id.as_deref());
                json::string_member(out, "segment_id", report.facts.segment_id.as_deref());
                json::bool_member(out, "sampled", report.facts.sampled);
            }
            None => json::string_member(out, "trace_id", summary.trace.as_deref()),
        });
    });
}

struct Lambda<'a> {
    duration_ms: Option<Number>,
    billed_duration_ms: Option<Number>,
    memory_size_mb: Option<Number>,
    max_memory_used_mb: Option<Number>,
    init_duration_ms: Option<Number>,
    restore_duration_ms: Option<Number>,
    billed_restore_duration_ms: Option<Number>,
    produced_bytes: Option<Number>,
    timeout_seconds: Option<Number>,
    status: Option<&'a str>,
    error_type: Option<&'a str>,
    phase: Option<&'a str>,
    initialization_type: Option<&'a str>,
    runtime_version: Option<&'a str>,
    runtime_version_arn: Option<&'a str>,
    function_arn: Option<&'a str>,
    tenant_id: Option<&'a str>,
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
        let mut told = Vec::with_capacity(2 + AFTER_REPORTS.len());
        for latest in [last, copy].into_iter().chain(others).flatten() {
            if !latest.facts.is_none() {
                told.push((latest.role, &latest.facts));
            }
        }
        let sources = || told.iter().copied();
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

    fn write(&self, out: &mut Vec<u8>) {
        json::object_member(out, "lambda", |out| {
            for (name, number) in [
                ("duration_ms", self.duration_ms),
                ("billed_duration_ms", self.billed_duration_ms),
                ("memory_size_mb", self.memory_size_mb),
                ("max_memory_used_mb", self.max_memory_used_mb),
                ("init_duration_ms", self.init_duration_ms),
                ("restore_duration_ms", self.restore_duration_ms),
                (
                    "billed_restore_duration_ms",
                    self.billed_restore_duration_ms,
                ),
                ("produced_bytes", self.produced_bytes),
                ("timeout_seconds", self.timeout_seconds),
            ] {
                if let Some(number) = number {
                    json::key(out, name);
                    json::thousandths(out, number.0);
                }
            }
            for (name, text) in [
                ("status", self.status),
                ("error_type", self.error_type),
                ("phase", self.phase),
                ("initialization_type", self.initialization_type),
                ("runtime_version", self.runtime_version),
                ("runtime_version_arn", self.runtime_version_arn),
                ("function_arn", self.function_arn),
                ("tenant_id", self.tenant_id),
            ] {
                json::string_member(out, name, text);
            }
        });
    }
}

/// Thousandths of what is shown.
#[derive(Clone, Copy)]
struct Number(i64);

impl Number {
    fn value(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}
