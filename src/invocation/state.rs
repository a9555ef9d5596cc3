/*! A summary's state as JSON, in the form that [`Summary`]'s own reader takes. */

use super::facts::{Facts, Stamp};
use super::lines::LineSet;
use super::summary::{Run, Summary};
use crate::decode::Origin;
use crate::json;

/// Appends the state.
pub(super) fn write(summary: &Summary, out: &mut Vec<u8>) {
    out.push(b'{');
    json::string_member(out, "request", Some(&summary.request_id));
    json::key(out, "origin");
    write_origin(&summary.origin, out);
    json::string_member(out, "name", summary.name.as_deref());
    json::string_member(out, "version", summary.version.as_deref());
    json::string_member(out, "stream_name", summary.stream_name.as_deref());
    json::string_member(out, "trace", summary.trace.as_deref());
    json::signed_member(out, "first", summary.first);
    json::signed_member(out, "last", summary.last);
    json::bool_member(out, "cold", summary.cold.then_some(true));
    write_runs("starts", &summary.starts, out);
    write_runs("reports", &summary.reports, out);
    if !summary.latest.is_empty() {
        json::key(out, "latest");
        out.push(b'[');
        for latest in &summary.latest {
            json::comma(out);
            out.push(b'{');
            json::string_member(out, "r", Some(latest.role.as_str()));
            json::key(out, "s");
            write_stamp(latest.stamp, out);
            if !latest.facts.is_none() {
                json::object_member(out, "f", |out| write_facts(&latest.facts, out));
            }
            out.push(b'}');
        }
        out.push(b']');
    }
    write_error("first_error", &summary.first_error, out);
    write_error("init_error", &summary.init_error, out);
    write_lines("lines", &summary.lines, out);
    write_lines("errors", &summary.errors, out);
    out.push(b'}');
}

fn write_origin(origin: &Origin, out: &mut Vec<u8>) {
    out.push(b'{');
    for (name, value) in [
        ("account", &origin.account),
        ("region", &origin.region),
        ("group", &origin.log_group),
        ("stream", &origin.log_stream),
        ("name", &origin.function_name),
        ("version", &origin.function_version),
    ] {
        json::string_member(out, name, value.as_deref());
    }
    if let Some(day) = origin.stream_day {
        json::signed_member(out, "day", i64::from(day));
    }
    out.push(b'}');
}

fn write_runs(name: &str, runs: &[Run], out: &mut Vec<u8>) {
    if runs.is_empty() {
        return;
    }
    json::key(out, name);
    out.push(b'[');
    for run in runs {
        json::comma(out);
        out.push(b'{');
        json::key(out, "s");
        write_stamp(run.stamp, out);
        json::bool_member(out, "j", run.json.then_some(true));
        if let Some(billed) = run.billed {
            json::signed_member(out, "b", billed);
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// Text, because readers that know only doubles would round the hash.
fn write_stamp(stamp: Stamp, out: &mut Vec<u8>) {
    out.push(b'"');
    json::signed(out, stamp.at);
    out.push(b':');
    json::hex(out, stamp.hash);
    out.push(b'"');
}

fn write_facts(facts: &Facts, out: &mut Vec<u8>) {
    for (name, number) in [
        ("duration", facts.duration),
        ("billed_duration", facts.billed_duration),
        ("memory_size", facts.memory_size),
        ("max_memory_used", facts.max_memory_used),
        ("init_duration", facts.init_duration),
        ("restore_duration", facts.restore_duration),
        ("billed_restore_duration", facts.billed_restore_duration),
        ("produced_bytes", facts.produced_bytes),
        ("timeout", facts.timeout),
    ] {
        if let Some(number) = number {
            json::signed_member(out, name, number);
        }
    }
    for (name, text) in [
        ("status", &facts.status),
        ("error_type", &facts.error_type),
        ("phase", &facts.phase),
        ("initialization_type", &facts.initialization_type),
        ("runtime_version", &facts.runtime_version),
        ("runtime_version_arn", &facts.runtime_version_arn),
        ("function_arn", &facts.function_arn),
        ("tenant_id", &facts.tenant_id),
        ("trace_id", &facts.trace_id),
        ("segment_id", &facts.segment_id),
    ] {
        json::string_member(out, name, text.as_deref());
    }
    json::bool_member(out, "sampled", facts.sampled);
    json::bool_member(out, "killed", facts.killed.then_some(true));
}

fn write_error(name: &str, error: &Option<(Stamp, String)>, out: &mut Vec<u8>) {
    if let Some((stamp, text)) = error {
        json::key(out, name);
        out.push(b'[');
        write_stamp(*stamp, out);
        out.push(b',');
        json::string(out, text);
        out.push(b']');
    }
}

fn write_lines<const CAP: usize>(name: &str, lines: &LineSet<CAP>, out: &mut Vec<u8>) {
    if !lines.is_empty() {
        json::key(out, name);
        out.push(b'"');
        lines.write(out);
        out.push(b'"');
    }
}
