/*! A summary's state as JSON, in the form that [`Summary`]'s own reader takes. Every struct is taken apart without `..`: a field that is
not written here would be forgotten by the next merge. */

use super::facts::{Facts, Stamp};
use super::lines::LineSet;
use super::summary::{Latest, Run, Summary};
use crate::decode::Origin;
use crate::json;

/// Appends the state.
pub(super) fn write(summary: &Summary, out: &mut Vec<u8>) {
    let Summary {
        request_id,
        origin,
        name,
        version,
        stream_name,
        trace,
        first,
        last,
        cold,
        starts,
        reports,
        latest,
        first_error,
        init_error,
        lines,
        errors,
    } = summary;
    out.push(b'{');
    json::string_member(out, "request", Some(request_id));
    json::key(out, "origin");
    write_origin(origin, out);
    json::string_member(out, "name", name.as_deref());
    json::string_member(out, "version", version.as_deref());
    json::string_member(out, "stream_name", stream_name.as_deref());
    json::string_member(out, "trace", trace.as_deref());
    json::signed_member(out, "first", *first);
    json::signed_member(out, "last", *last);
    json::bool_member(out, "cold", cold.then_some(true));
    write_runs("starts", starts, out);
    write_runs("reports", reports, out);
    write_latest(latest, out);
    write_error("first_error", first_error, out);
    write_error("init_error", init_error, out);
    write_lines("lines", lines, out);
    write_lines("errors", errors, out);
    out.push(b'}');
}

fn write_latest(all: &[Latest], out: &mut Vec<u8>) {
    if all.is_empty() {
        return;
    }
    json::key(out, "latest");
    out.push(b'[');
    for Latest { role, stamp, facts } in all {
        json::comma(out);
        out.push(b'{');
        json::string_member(out, "r", Some(role.as_str()));
        json::key(out, "s");
        write_stamp(*stamp, out);
        if !facts.is_none() {
            json::object_member(out, "f", |out| write_facts(facts, out));
        }
        out.push(b'}');
    }
    out.push(b']');
}

fn write_origin(origin: &Origin, out: &mut Vec<u8>) {
    let Origin {
        account,
        region,
        log_group,
        log_stream,
        function_name,
        function_version,
        stream_day,
    } = origin;
    out.push(b'{');
    for (name, value) in [
        ("account", account),
        ("region", region),
        ("group", log_group),
        ("stream", log_stream),
        ("name", function_name),
        ("version", function_version),
    ] {
        json::string_member(out, name, value.as_deref());
    }
    if let Some(day) = *stream_day {
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
    for Run {
        stamp,
        json,
        billed,
    } in runs
    {
        json::comma(out);
        out.push(b'{');
        json::key(out, "s");
        write_stamp(*stamp, out);
        json::bool_member(out, "j", json.then_some(true));
        if let Some(billed) = *billed {
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
    let Facts {
        duration,
        billed_duration,
        memory_size,
        max_memory_used,
        init_duration,
        restore_duration,
        billed_restore_duration,
        produced_bytes,
        timeout,
        status,
        error_type,
        phase,
        initialization_type,
        runtime_version,
        runtime_version_arn,
        function_arn,
        tenant_id,
        trace_id,
        segment_id,
        sampled,
        killed,
    } = facts;
    for (name, number) in [
        ("duration", duration),
        ("billed_duration", billed_duration),
        ("memory_size", memory_size),
        ("max_memory_used", max_memory_used),
        ("init_duration", init_duration),
        ("restore_duration", restore_duration),
        ("billed_restore_duration", billed_restore_duration),
        ("produced_bytes", produced_bytes),
        ("timeout", timeout),
    ] {
        if let Some(number) = *number {
            json::signed_member(out, name, number);
        }
    }
    for (name, text) in [
        ("status", status),
        ("error_type", error_type),
        ("phase", phase),
        ("initialization_type", initialization_type),
        ("runtime_version", runtime_version),
        ("runtime_version_arn", runtime_version_arn),
        ("function_arn", function_arn),
        ("tenant_id", tenant_id),
        ("trace_id", trace_id),
        ("segment_id", segment_id),
    ] {
        json::string_member(out, name, text.as_deref());
    }
    json::bool_member(out, "sampled", *sampled);
    json::bool_member(out, "killed", killed.then_some(true));
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
