/*! A summary's state goes in; its JSON comes out, in the form that
[`state_reader`](crate::invocation::codec::state_reader) reads.

Every struct is destructured without `..`: the next merge would lose a field that is not written here.

The reader has the whole document, so the state omits what the document shows: the request, its version and its origin,
and, if they are equal, the text of the first error and the values of platform lines. It also omits what other parts
imply: the times of first, last and latest lines, and the runs of a request that was tried once. A line is named by its
index in the set of lines, because a hash does not compress. */

use crate::base64_url;
use crate::decode::Origin;
use crate::invocation::codec::shown_fields::{ShownFields, ShownValue};
use crate::invocation::summary::line_role::{LineKey, LineRole};
use crate::invocation::summary::line_set::LineSet;
use crate::invocation::summary::reported::{ReportedField, ReportedFields, ReportedValue};
use crate::invocation::summary::request_summary::{
    FirstError, LatestLine, Summary, SummaryState, ended,
};
use crate::invocation::summary::runs::{Attempt, Attempts};
use crate::json::constant_keys::{end, number, put, text, text_if};

/// Above this value, in thousandths, a number may change when it is written to a document and read.
const EXACT: u64 = 1 << 40;

/// Appends the state and a comma. `first_error` is the text that the document shows.
pub(crate) fn write(
    summary: &Summary,
    shown: &ShownFields<'_>,
    first_error: Option<&str>,
    out: &mut Vec<u8>,
) {
    let SummaryState {
        request_id: _,
        origin,
        name,
        version,
        stream_name,
        trace,
        // The document shows all of it.
        durable: _,
        first,
        last,
        cold,
        starts,
        reports,
        latest,
        first_error: own_error,
        init_error,
        lines,
        errors,
        // The document shows them.
        folded: _,
    } = &**summary;
    let line_keys = LineKeyWriter {
        first: *first,
        state: summary,
    };
    write_origin("{\"origin\":{", origin, out);
    text_if(out, "\"name\":\"", name.as_deref());
    if version.is_none() {
        put(out, "\"own_version\":false,");
    }
    text_if(out, "\"stream_name\":\"", stream_name.as_deref());
    text_if(out, "\"trace\":\"", trace.as_deref());
    number(out, "\"first\":", *first);
    if ended(latest) != Some(*last) {
        number(out, "\"last\":", last.wrapping_sub(*first));
    }
    if *cold {
        put(out, "\"cold\":true,");
    }
    let [start, report] = implied_runs(latest);
    if starts.all() != start.as_slice() {
        line_keys.write_runs("\"starts\":[", starts, out);
    }
    if reports.all() != report.as_slice() {
        line_keys.write_runs("\"reports\":[", reports, out);
    }
    line_keys.write_latest(latest, shown, out);
    line_keys.write_error("\"first_error\":", own_error, first_error, out);
    line_keys.write_error("\"init_error\":", init_error, first_error, out);
    write_lines("\"lines\":\"", lines, out);
    write_lines("\"errors\":\"", errors, out);
    end(out, b'}');
}

/// The START and the REPORT that the latest lines imply, if there is one of each.
pub(crate) fn implied_runs(all: &[LatestLine]) -> [Option<Attempt>; 2] {
    let (mut start, mut report) = (None, None);
    for LatestLine {
        role,
        line_key,
        reported,
    } in all
    {
        match role {
            LineRole::Start => {
                start = Some(Attempt {
                    line_key: *line_key,
                    json: false,
                    billed: None,
                });
            }
            LineRole::ReportText | LineRole::ReportJson => {
                report = Some(Attempt {
                    line_key: *line_key,
                    json: *role == LineRole::ReportJson,
                    billed: reported.number_of(ReportedField::BilledDuration),
                });
            }
            _ => {}
        }
    }
    // One line may be a copy of the other in the other format.
    if let (Some(start), Some(report)) = (&mut start, &report) {
        start.json = report.json;
    }
    [start, report]
}

fn write_origin(key: &str, origin: &Origin, out: &mut Vec<u8>) {
    let Origin {
        account,
        region,
        log_group: _,
        log_stream: _,
        function_name,
        function_version,
        stream_day,
        // Summaries do not keep it.
        subscription: _,
    } = origin;
    put(out, key);
    text_if(out, "\"account\":\"", account.as_deref());
    text_if(out, "\"region\":\"", region.as_deref());
    text_if(out, "\"name\":\"", function_name.as_deref());
    text_if(out, "\"version\":\"", function_version.as_deref());
    if let Some(day) = *stream_day {
        number(out, "\"day\":", i64::from(day));
    }
    end(out, b'}');
}

/// Writes the keys of lines relative to the rest of the state.
#[derive(Clone, Copy)]
struct LineKeyWriter<'a> {
    first: i64,
    state: &'a SummaryState,
}

impl LineKeyWriter<'_> {
    /// Appends `key` and an object with the time since the first line, and the line's index; its hash if the line is
    /// not in the sets.
    fn write(self, key: &str, line_key: LineKey, out: &mut Vec<u8>) {
        let LineKey { at, hash } = line_key;
        put(out, key);
        number(out, "{\"at\":", at.wrapping_sub(self.first));
        let SummaryState { lines, errors, .. } = self.state;
        let of_errors = || errors.index(hash).map(|index| lines.held() + index);
        match lines.index(hash).or_else(of_errors) {
            Some(index) => number(out, "\"line\":", index as i64),
            None => {
                put(out, "\"hash\":\"");
                out.extend_from_slice(&base64_url::encode::<6>(hash));
                put(out, "\",");
            }
        }
    }

    fn write_runs(self, key: &str, runs: &Attempts, out: &mut Vec<u8>) {
        put(out, key);
        for run in runs.all() {
            let Attempt {
                line_key,
                json,
                billed,
            } = *run;
            self.write("", line_key, out);
            if json {
                put(out, "\"json\":true,");
            }
            if let Some(billed) = billed {
                number(out, "\"billed\":", billed);
            }
            end(out, b'}');
        }
        end(out, b']');
    }

    fn write_latest(self, all: &[LatestLine], shown: &ShownFields<'_>, out: &mut Vec<u8>) {
        put(out, "\"latest\":{");
        for LatestLine {
            role,
            line_key,
            reported,
        } in all
        {
            self.write(role.key(), *line_key, out);
            write_reported(reported, shown, out);
            end(out, b'}');
        }
        end(out, b'}');
    }

    /// Appends an error, without its text if the document shows that text.
    fn write_error(self, key: &str, error: &FirstError, shown: Option<&str>, out: &mut Vec<u8>) {
        if let Some((line_key, own)) = error {
            self.write(key, *line_key, out);
            text_if(
                out,
                "\"text\":\"",
                Some(&**own).filter(|own| shown != Some(own)),
            );
            end(out, b'}');
        }
    }
}

/// Appends the letters of the values that the document shows, and all other values.
fn write_reported(reported: &ReportedFields, shown: &ShownFields<'_>, out: &mut Vec<u8>) {
    let is_shown = |field: ReportedField, value: &ReportedValue| {
        let is_exact =
            !matches!(value, ReportedValue::Number(number) if number.unsigned_abs() > EXACT);
        is_exact && shown.get(field) == Some(ShownValue::of(value))
    };
    if reported.is_empty() {
        return;
    }
    put(out, "\"shown\":\"");
    let mut others = 0;
    for (field, value) in reported.iter() {
        if is_shown(field, value) {
            out.push(field.letter());
        } else {
            others += 1;
        }
    }
    put(out, "\",");
    if others == 0 {
        return;
    }
    put(out, "\"told\":{");
    for (field, value) in reported
        .iter()
        .filter(|(field, value)| !is_shown(*field, value))
    {
        match value {
            ReportedValue::Number(told) => number(out, field.key(), *told),
            ReportedValue::Text(told) => {
                put(out, field.key());
                text(out, "\"", told);
            }
        }
    }
    end(out, b'}');
}

fn write_lines<const CAP: usize>(key: &str, lines: &LineSet<CAP>, out: &mut Vec<u8>) {
    if !lines.is_empty() {
        put(out, key);
        lines.write(out);
        put(out, "\",");
    }
}
