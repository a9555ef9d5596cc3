/*! Platform lines of text-format log groups: START, END, REPORT, INIT_START …, time-outs and faults. */

use std::borrow::Cow;

use super::key_values::{self, Key, Pair};
use super::record::{ErrorInfo, Extension, Kind, Platform, Record, Xray};
use super::{platform_usual, request_id, timestamp};

/// Reads a platform line; none for any other text. `text` has no white space at its start.
pub fn parse(text: &str) -> Option<Record<'_>> {
    platform_usual::parse(text).or_else(|| lenient(text))
}

/// The same for lines in any form in which they have been met.
pub(super) fn lenient(text: &str) -> Option<Record<'_>> {
    let (word, rest) = match memchr::memchr3(b' ', b'\t', b'\\', text.as_bytes()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    match word {
        "START" => keyed(Kind::Start, rest, Key::RequestId),
        "END" => keyed(Kind::End, rest, Key::RequestId),
        "REPORT" => report(rest),
        "INIT_START" => keyed(Kind::InitStart, rest, Key::RuntimeVersion),
        "INIT_REPORT" => keyed(Kind::InitReport, rest, Key::InitDuration),
        "RESTORE_START" => keyed(Kind::RestoreStart, rest, Key::RuntimeVersion),
        "RESTORE_REPORT" => keyed(Kind::RestoreReport, rest, Key::RestoreDuration),
        "EXTENSION" => keyed(Kind::Extension, rest, Key::Name),
        "TELEMETRY" => keyed(Kind::TelemetrySubscription, rest, Key::Name),
        "LOGS" => keyed(Kind::LogsSubscription, rest, Key::Name),
        "XRAY" => keyed(Kind::Xray, rest, Key::TraceId),
        "RequestId:" => fault(rest),
        // Its request id was cut off.
        "Error:" if rest.starts_with(" Runtime exited ") => without_id(rest.trim_start()),
        "Task" | "Runtime" | "Process" | "Unknown" => without_id(text),
        _ if word.as_bytes()[..].first()?.is_ascii_digit() => timed_out(text),
        _ => None,
    }
}

/// Bytes of a line in which fields are looked for: Lambda's own lines are far shorter.
const LONGEST: usize = 16 * 1024;

/// A line that is one only if its fields begin right behind its first word, and `needed` is among them.
fn keyed<'a>(kind: Kind<'a>, rest: &'a str, needed: Key) -> Option<Record<'a>> {
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

/// Whether nothing but blanks and tabs stands before `key` and its colon.
fn begins(text: &str, key: &str) -> bool {
    let mut text = text;
    while let Some(rest) = text.strip_prefix([' ', '\t']).or(text.strip_prefix("\\t")) {
        text = rest;
    }
    text.strip_prefix(key)
        .is_some_and(|rest| rest.trim_start_matches(' ').starts_with(':'))
}

fn report(rest: &str) -> Option<Record<'_>> {
    let mut record = keyed(Kind::Report, rest, Key::RequestId)
        .or_else(|| keyed(Kind::Report, rest, Key::Duration))?;
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

/// `[INVOKE,SHUTDOWN]`, with or without blanks.
fn list(value: &str) -> Option<Vec<Cow<'_, str>>> {
    let items = value
        .trim_start_matches('[')
        .split([',', ']'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(Cow::Borrowed);
    (!value.is_empty()).then(|| items.collect())
}

/// `<time> <id> Task timed out after …`, and `Process exited …` in the same form.
fn timed_out(text: &str) -> Option<Record<'_>> {
    let time = timestamp::scan(text.as_bytes()).filter(|time| time.zoned)?;
    let rest = text[time.len..].strip_prefix([' ', '\t'])?.trim_start();
    let end = rest.find([' ', '\t'])?;
    let (id, rest) = rest.split_at(end);
    let mut record = without_id(rest.trim_start())?;
    record.time = Some(time.millis);
    record.request_id = request_id::named(id).map(Cow::Borrowed);
    Some(record)
}

/// The fixed sentences of a platform line, behind its request id or alone.
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
    known.then(|| with_error(text))
}

/// Whether a sentence ends here: with the text, its line or its column.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start_matches(' ');
    rest.is_empty() || rest.starts_with(['\n', '\r', '\t', '\\'])
}

/// `RequestId: <id> Error: …`, `RequestId: <id> Process exited …`, `RequestId: <id> Status: …`.
fn fault(rest: &str) -> Option<Record<'_>> {
    let rest = rest.trim_start_matches([' ', '\t']);
    let (id, what) = rest.split_once([' ', '\t', '\n'])?;
    let id = request_id::named(id)?;
    let what = what.trim_start();
    let mut record = match what.strip_prefix("Error:") {
        Some(error) => {
            let error = error.trim_start();
            without_id(error).unwrap_or_else(|| with_error(error))
        }
        None => without_id(what)
            .or_else(|| keyed(Kind::Fault, what, Key::Status))
            .or_else(|| keyed(Kind::Fault, what, Key::ErrorType))?,
    };
    record.request_id = Some(Cow::Borrowed(id));
    Some(record)
}

/// A fault: its sentence is the error's message, a word alone on the second line its type.
fn with_error(text: &str) -> Record<'_> {
    let mut lines = text.lines().map(key_values::trim);
    let message = lines.next().filter(|line| !line.is_empty());
    let kind = lines
        .next()
        .filter(|line| !line.is_empty() && !line.contains([' ', '\t', ':', '{']));
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

/// The seconds of "Task timed out after 3.00 seconds" anywhere in a platform line.
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
    fn a_time_out_has_time_id_and_seconds() {
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
