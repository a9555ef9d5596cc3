/*! A summary and the prices go in; the JSON of the invocation's document comes out, field by field (names: design
section 3). Members without a value are left out. */

use crate::invocation::codec::folded_lines;
use crate::invocation::codec::folded_lines::ShownFaas;
use crate::invocation::codec::shown_fields::ShownFields;
use crate::invocation::codec::state_writer;
use crate::invocation::price::{Prices, Usage};
use crate::invocation::summary::line_role::FunctionArn;
use crate::invocation::summary::reported::ReportedField;
use crate::invocation::summary::request_summary::{FirstError, Summary};
use crate::invocation::summary::status::Status;
use crate::json;
use crate::json::constant_keys::{end, number, put, text, text_if, word};
use crate::time::rfc3339::TimeWriter;

/// Appends the document's source. `version` is the version of the stored state's format.
pub(crate) fn write(summary: &Summary, prices: &Prices, version: i64, out: &mut Vec<u8>) {
    let origin = &summary.origin;
    let mut shown = ShownFields::default();
    shown.fill(summary, &summary.roles());
    let arn = shown
        .text(ReportedField::FunctionArn)
        .and_then(FunctionArn::of);
    let region = origin.region.as_deref().or(arn.map(|arn| arn.region));
    let account = origin.account.as_deref().or(arn.map(|arn| arn.account));
    let name = (summary.name.as_deref())
        .or(arn.map(|arn| arn.function))
        .or(origin.function_name.as_deref())
        .or(summary.stream_name.as_deref());
    let stream_version = origin.function_version.as_deref();
    let mut times = TimeWriter::default();
    put(out, "{\"@timestamp\":");
    times.write(out, summary.start());
    put(out, ",\"faas\":{");
    text_if(out, "\"name\":\"", name);
    let faas = ShownFaas {
        name,
        version: summary.version.as_deref().or(stream_version),
        cold: summary.cold_start(),
    };
    text_if(out, "\"version\":\"", faas.version);
    text(out, "\"invocation_id\":\"", &summary.request_id);
    match faas.cold {
        Some(true) => put(out, "\"coldstart\":true,"),
        Some(false) => put(out, "\"coldstart\":false,"),
        None => {}
    }
    end(out, b'}');
    let objects = folded_lines::objects(summary.folded.all());
    write_aws(summary, &shown, &objects, out);
    if account.is_some() || region.is_some() {
        put(out, "\"cloud\":{");
        if let Some(account) = account {
            text(out, "\"account\":{\"id\":\"", account);
            end(out, b'}');
        }
        text_if(out, "\"region\":\"", region);
        end(out, b'}');
    }
    shown.write(
        out,
        "\"lambda\":",
        &ReportedField::ALL[..ReportedField::TraceId as usize],
        |out| {
            if let Some(durable) = &summary.durable {
                durable.write(out);
            }
        },
    );
    put(out, "\"invocation\":{\"end\":");
    times.write(out, summary.end());
    out.push(b',');
    let first_error = write_invocation(summary, &shown, region, prices, out);
    folded_lines::write_lines(summary.folded.all(), &objects, &faas, out);
    number(out, "\"merge\":{\"v\":", version);
    put(out, "\"state\":");
    state_writer::write(summary, &shown, first_error, out);
    // Closes `merge`, `invocation` and the document.
    for _ in 0..3 {
        end(out, b'}');
    }
    out.pop();
}

/// Appends the members of `invocation` except `end` and `merge`. Returns the text that `first_error` shows.
fn write_invocation<'a>(
    summary: &'a Summary,
    shown: &ShownFields<'a>,
    region: Option<&str>,
    prices: &Prices,
    out: &mut Vec<u8>,
) -> Option<&'a str> {
    let (lines, line_bytes) = summary.lines.totals();
    let (errors, error_bytes) = summary.errors.totals();
    let status = summary.status();
    let first_error = first_error(summary, status, shown);
    let attempts = summary.attempts();
    word(out, "\"status\":\"", status.as_str());
    number(out, "\"attempts\":", attempts as i64);
    count(out, "\"log_count\":", lines.saturating_add(errors));
    // A failure that only the platform reports counts as one error.
    let error_count = errors.max(u64::from(status.is_failure()));
    count(out, "\"error_count\":", error_count);
    count(
        out,
        "\"log_bytes\":",
        line_bytes.saturating_add(error_bytes),
    );
    // The sets are full: the counts are estimates.
    if summary.lines.is_estimate() || summary.errors.is_estimate() {
        put(out, "\"counts_estimated\":true,");
    }
    text_if(out, "\"first_error\":\"", first_error);
    let billed = shown.number(ReportedField::BilledDuration);
    let memory = shown.number(ReportedField::MemorySize);
    let cost = billed.zip(memory).and_then(|(billed, memory)| {
        prices.cost(&Usage {
            region,
            start: summary.start(),
            billed_ms: billed as f64 / 1000.0,
            memory_mb: memory as f64 / 1000.0,
            attempts,
        })
    });
    if let Some(cost) = cost {
        put(out, "\"estimated_cost_usd\":");
        json::float(out, cost.usd);
        put(out, ",\"price\":\"");
        put(out, cost.architecture);
        out.push(b'/');
        json::escaped(out, cost.region);
        word(out, "/", cost.since);
    }
    first_error
}

/// Appends a count, clamped to OpenSearch's signed `long`.
fn count(out: &mut Vec<u8>, key: &str, count: u64) {
    number(out, key, i64::try_from(count).unwrap_or(i64::MAX));
}

/// For a failed request the reason: the runtime's error in the init before it, else the request's first error, else the
/// platform's error type. For any other request the first error.
fn first_error<'a>(
    summary: &'a Summary,
    status: Status,
    shown: &ShownFields<'a>,
) -> Option<&'a str> {
    let own = text_of(&summary.first_error);
    match status.is_failure() {
        true => text_of(&summary.init_error)
            .or(own)
            .or(shown.text(ReportedField::ErrorType)),
        false => own,
    }
}

fn text_of(error: &FirstError) -> Option<&str> {
    error.as_ref().map(|(_, text)| &**text)
}

fn write_aws(
    summary: &Summary,
    shown: &ShownFields<'_>,
    objects: &[(&str, &str)],
    out: &mut Vec<u8>,
) {
    let origin = &summary.origin;
    let is_traced = shown.get(ReportedField::TraceId).is_some();
    let is_logged = origin.log_group.is_some() || origin.log_stream.is_some();
    if !is_logged && !is_traced && objects.is_empty() {
        return;
    }
    put(out, "\"aws\":{");
    if is_logged {
        put(out, "\"log\":{");
        if let Some(group) = &origin.log_group {
            text(out, "\"group\":{\"name\":\"", group);
            end(out, b'}');
        }
        if let Some(stream) = &origin.log_stream {
            text(out, "\"stream\":{\"name\":\"", stream);
            end(out, b'}');
        }
        end(out, b'}');
    }
    folded_lines::write_objects(objects, out);
    if is_traced {
        let fields = [
            ReportedField::TraceId,
            ReportedField::SegmentId,
            ReportedField::Sampled,
        ];
        shown.write(out, "\"xray\":", &fields, |_| {});
    }
    end(out, b'}');
}
