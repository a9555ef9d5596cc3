/*! A platform line of a text-format log group goes in; its record comes out: START, END, REPORT, INIT_START …,
time-outs and faults. */

use std::borrow::Cow;

use crate::parse::record::{ErrorInfo, Extension, Kind, Platform, Record, Xray};
use crate::parse::text::key_values;
use crate::parse::text::key_values::{Key, Pair};
use crate::parse::text::platform_fast_path;
use crate::parse::{request_id, timestamp};

/// The record of a platform line, without its message; `None` for other texts. `text` must have no white space at its
/// start.
pub fn parse(text: &str) -> Option<Record<'_>> {
    platform_fast_path::parse(text).or_else(|| lenient(text))
}

/// [`parse`] for lines in any form that has been seen, without the fast path.
pub(crate) fn lenient(text: &str) -> Option<Record<'_>> {
    let (word, rest) = match memchr::memchr3(b' ', b'\t', b'\\', text.as_bytes()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    match word {
        "START" => match behind_blank_id(rest) {
            None => with_fields(Kind::Start, rest, Key::RequestId),
            Some(rest) => with_fields(Kind::Start, rest, Key::Version),
        },
        "END" => with_fields(Kind::End, rest, Key::RequestId),
        "REPORT" => report(behind_blank_id(rest).unwrap_or(rest)),
        "INIT_START" => with_fields(Kind::InitStart, rest, Key::RuntimeVersion),
        "INIT_REPORT" => with_fields(Kind::InitReport, rest, Key::InitDuration),
        "RESTORE_START" => with_fields(Kind::RestoreStart, rest, Key::RuntimeVersion),
        "RESTORE_REPORT" => with_fields(Kind::RestoreReport, rest, Key::RestoreDuration),
        "EXTENSION" => with_fields(Kind::Extension, rest, Key::Name),
        "TELEMETRY" => with_fields(Kind::TelemetrySubscription, rest, Key::Name),
        "LOGS" => with_fields(Kind::LogsSubscription, rest, Key::Name),
        "XRAY" => with_fields(Kind::Xray, rest, Key::TraceId),
        "RequestId:" => fault(rest),
        // A line whose request id was cut off
        "Error:" if rest.starts_with(" Runtime exited ") => without_id(rest.trim_start()),
        "Task" | "Runtime" | "Process" | "Unknown" => without_id(text),
        _ if word.as_bytes()[..].first()?.is_ascii_digit() => timed_out(text),
        _ => None,
    }
}

/// Longest part of a line in which fields are searched, in bytes. Lambda's own lines are far shorter.
const LONGEST: usize = 16 * 1024;

/// The record of a line of `kind` with the fields of `rest`. `None` unless the first field follows the line's first
/// word directly and the field `needed` has a value.
fn with_fields<'a>(kind: Kind<'a>, rest: &'a str, needed: Key) -> Option<Record<'a>> {
    let mut record = Record {
        kind,
        ..Record::default()
    };
    let mut found = false;
    let rest = &rest[..rest.floor_char_boundary(LONGEST)];
    let mut pairs = key_values::pairs(rest).peekable();
    if !pairs.peek().is_some_and(|first| begins(rest, first.name)) {
        return None;
    }
    for pair in pairs {
        found |= pair.key == Some(needed) && !pair.value.is_empty();
        set(&mut record, pair);
    }
    found.then_some(record)
}

/// The fields behind `RequestId:` if no id follows it but another field.
fn behind_blank_id(rest: &str) -> Option<&str> {
    const NEXT: [&str; 2] = ["Version:", "Duration:"];
    let rest = rest.trim_start().strip_prefix("RequestId:")?;
    let next = rest.trim_start();
    NEXT.iter().any(|key| next.starts_with(key)).then_some(rest)
}

/// Whether only blanks and tabs stand before `key` and its colon.
fn begins(text: &str, key: &str) -> bool {
    let mut text = text;
    while let Some(rest) = text.strip_prefix([' ', '\t']).or(text.strip_prefix("\\t")) {
        text = rest;
    }
    text.strip_prefix(key)
        .is_some_and(|rest| rest.trim_start_matches(' ').starts_with(':'))
}

/// The record of a REPORT line; `rest` follows the word REPORT.
fn report(rest: &str) -> Option<Record<'_>> {
    let mut record = with_fields(Kind::Report, rest, Key::RequestId)
        .or_else(|| with_fields(Kind::Report, rest, Key::Duration))?;
    if let Some(seconds) = task_timed_out(rest) {
        platform(&mut record).timeout_seconds = Some(seconds);
    }
    Some(record)
}

fn platform<'r, 'a>(record: &'r mut Record<'a>) -> &'r mut Platform<'a> {
    record.platform.get_or_insert_default()
}

fn xray<'r, 'a>(record: &'r mut Record<'a>) -> &'r mut Xray<'a> {
    record.xray.get_or_insert_default()
}

fn extension<'r, 'a>(record: &'r mut Record<'a>) -> &'r mut Extension<'a> {
    platform(record).extension.get_or_insert_default()
}

/// Sets the field of a pair in `record`.
fn set<'a>(record: &mut Record<'a>, pair: Pair<'a>) {
    let number = key_values::number(pair.value);
    let word = key_values::word(pair.value);
    let word = (!word.is_empty()).then_some(Cow::Borrowed(word));
    let whole = (!pair.value.is_empty()).then_some(Cow::Borrowed(pair.value));
    let Some(key) = pair.key else {
        let unknown = (Cow::Borrowed(pair.name), Cow::Borrowed(pair.value));
        platform(record).unknown.push(unknown);
        return;
    };
    match key {
        Key::RequestId => {
            record.request_id = request_id::named(key_values::word(pair.value)).map(Cow::Borrowed);
        }
        Key::Version => record.version = word,
        Key::Duration => platform(record).duration_ms = number,
        Key::BilledDuration => platform(record).billed_duration_ms = number,
        Key::MemorySize => platform(record).memory_size_mb = number,
        Key::MaxMemoryUsed => platform(record).max_memory_used_mb = number,
        Key::InitDuration => platform(record).init_duration_ms = number,
        Key::RestoreDuration => platform(record).restore_duration_ms = number,
        Key::BilledRestoreDuration => platform(record).billed_restore_duration_ms = number,
        Key::Status => platform(record).status = word,
        Key::ErrorType => platform(record).error_type = word,
        Key::Phase => platform(record).phase = word,
        Key::InitializationType => platform(record).initialization_type = word,
        Key::RuntimeVersion => platform(record).runtime_version = word,
        Key::RuntimeVersionArn => platform(record).runtime_version_arn = word,
        Key::FunctionArn => platform(record).function_arn = word,
        Key::TenantId => platform(record).tenant_id = whole,
        Key::TraceId => xray(record).trace_id = word,
        Key::SegmentId => xray(record).segment_id = word,
        Key::Sampled => xray(record).sampled = word.and_then(|word| word.parse().ok()),
        Key::Name => extension(record).name = whole,
        Key::State => extension(record).state = whole,
        Key::Events => extension(record).events = list(pair.value),
        Key::Types => extension(record).types = list(pair.value),
    }
}

/// The items of a list such as `[INVOKE,SHUTDOWN]`, with or without blanks; `None` for an empty text.
fn list(value: &str) -> Option<Vec<Cow<'_, str>>> {
    let items = value
        .trim_start_matches('[')
        .split([',', ']'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(Cow::Borrowed);
    (!value.is_empty()).then(|| items.collect())
}

/// The record of `<time> <id> Task timed out after …`, or of `Process exited …` and the like in the same form.
fn timed_out(text: &str) -> Option<Record<'_>> {
    let time = timestamp::scan(text.as_bytes()).filter(|time| time.zoned)?;
    let rest = text[time.len..].strip_prefix([' ', '\t'])?.trim_start();
    let (id, mut record) = match without_id(rest) {
        Some(record) => ("", record),
        None => {
            let (id, rest) = rest.split_at(rest.find([' ', '\t'])?);
            (id, without_id(rest.trim_start())?)
        }
    };
    record.time = Some(time.millis);
    record.request_id = request_id::named(id).map(Cow::Borrowed);
    Some(record)
}

/// The record of one of the platform's fixed sentences, which stand behind a request id or alone.
fn without_id(text: &str) -> Option<Record<'_>> {
    if text.starts_with("Task timed out after ") {
        let seconds = task_timed_out(text)?;
        let platform = Platform {
            timeout_seconds: Some(seconds),
            ..Platform::default()
        };
        return Some(Record {
            kind: Kind::Timeout,
            platform: Some(Box::new(platform)),
            ..Record::default()
        });
    }
    let whole = [
        "Runtime exited",
        "Runtime exited without providing a reason",
        "Process exited before completing request",
        "Unknown application error occurred",
    ];
    let known = text.starts_with("Runtime exited with error: ")
        || whole
            .iter()
            .any(|sentence| text.strip_prefix(sentence).is_some_and(ends));
    known.then(|| fault_record(text))
}

/// Whether a sentence ends before `rest`: the text, the line or the column ends there.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start_matches(' ');
    rest.is_empty() || rest.starts_with(['\n', '\r', '\t', '\\'])
}

/// The record of `RequestId: <id> Error: …`, `RequestId: <id> Process exited …` or `RequestId: <id> Status: …`; `rest`
/// follows `RequestId:`. The id may be missing.
fn fault(rest: &str) -> Option<Record<'_>> {
    let rest = rest.trim_start_matches([' ', '\t']);
    let blank = ["Error:", "Status:", "ErrorType:"]
        .iter()
        .any(|key| rest.starts_with(key));
    let (id, sentence) = match blank || without_id(rest).is_some() {
        true => ("", rest),
        false => rest.split_once([' ', '\t', '\n'])?,
    };
    let sentence = sentence.trim_start();
    let mut record = match sentence.strip_prefix("Error:") {
        Some(error) => {
            let error = error.trim_start();
            without_id(error).unwrap_or_else(|| fault_record(error))
        }
        None => without_id(sentence)
            .or_else(|| with_fields(Kind::Fault, sentence, Key::Status))
            .or_else(|| with_fields(Kind::Fault, sentence, Key::ErrorType))?,
    };
    record.request_id = request_id::named(id).map(Cow::Borrowed);
    Some(record)
}

/// The record of a fault. The first line is the error's message; a second line of one word is its type, or the last
/// word of the first line if it can be nothing else.
fn fault_record(text: &str) -> Record<'_> {
    let mut lines = text.lines().map(key_values::trim);
    let message = lines.next().filter(|line| !line.is_empty());
    let kind = lines
        .next()
        .filter(|line| !line.is_empty() && !line.contains([' ', '\t', ':', '{']));
    let (message, kind) = match message.zip(message.and_then(type_at_end)) {
        Some((line, found)) if kind.is_none() => {
            let message = key_values::trim(&line[..line.len() - found.len()]);
            (Some(message), Some(found))
        }
        _ => (message, kind),
    };
    let mut record = Record {
        kind: Kind::Fault,
        ..Record::default()
    };
    if let Some(kind) = kind {
        platform(&mut record).error_type = Some(Cow::Borrowed(kind));
    }
    record.error = Some(Box::new(ErrorInfo {
        kind: kind.map(Cow::Borrowed),
        message: message.map(Cow::Borrowed),
        stack_trace: None,
    }));
    record
}

/// Families of the error types that Lambda itself reports.
const FAMILIES: [&str; 4] = ["Runtime.", "Extension.", "Sandbox.", "Function."];

/// The error type at the end of a fault on one line: `signal: killed Runtime.ExitError`.
fn type_at_end(line: &str) -> Option<&str> {
    let (_, word) = line.rsplit_once([' ', '\t'])?;
    let name = FAMILIES
        .iter()
        .find_map(|family| word.strip_prefix(family))?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(word)
}

/// The seconds of "Task timed out after 3.00 seconds", anywhere in a platform line.
fn task_timed_out(text: &str) -> Option<f64> {
    let (_, rest) = text.split_once("Task timed out after ")?;
    let (number, unit) = rest.split_once(' ')?;
    unit.starts_with("second").then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_not_platform_lines() {
        for text in [
            "REPORT invalid report log line",
            "REPORT",
            "START",
            "START the engine",
            "START RequestId:",
            "END of file",
            "EXTENSION loaded",
            "LOGS are here",
            "XRAY",
            "Task timed out after all",
            "Runtime: 3 s",
            "RequestId: 42",
            "RequestId: 42 was fine",
            "INIT_REPORT soon",
            "START Processing batch RequestId: 55",
            "START RequestId of RequestId: 55",
            "END of run, RequestId: 7",
            "EXTENSION of the deadline: Name: x",
            "LOGS for user Name: Peter",
            "Runtime exited early, see below",
            "Runtime exited with status 3 in child worker",
            "Process exited before completing request: child 7 died",
            "Unknown application error occurred in module x",
            "Error: Runtime is slow",
            "Error: Task timed out after 3.00 seconds",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn unknown_keys_are_kept() {
        let record =
            parse("REPORT RequestId: a\tDuration: 1 ms\tGpu Time: 3 s\t").expect("a report");
        let platform = record.platform.expect("its fields");
        assert_eq!(platform.duration_ms, Some(1.0));
        assert_eq!(platform.unknown, [("Gpu Time".into(), "3 s".into())]);
    }

    #[test]
    fn a_time_out_has_its_time_and_seconds() {
        let record =
            parse("2020-06-09T15:02:26.150Z 7c9567b5-107b-4a6c-8798-0157ac21db52 Task timed out after 3.00 seconds")
                .expect("a time-out");
        assert_eq!(record.kind, Kind::Timeout);
        assert_eq!(record.time, Some(1_591_714_946_150));
        assert_eq!(
            record
                .platform
                .and_then(|platform| platform.timeout_seconds),
            Some(3.0)
        );
    }
}
