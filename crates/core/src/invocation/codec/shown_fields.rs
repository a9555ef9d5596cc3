/*! The latest lines of a request go in; the platform fields that its document shows come out. */

use crate::invocation::summary::line_role::LineRole;
use crate::invocation::summary::reported::{ReportedField, ReportedValue};
use crate::invocation::summary::request_summary::Summary;
use crate::invocation::summary::status::LatestByRole;
use crate::json;
use crate::json::constant_keys::{end, put, text};

/// The value of a field in the document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ShownValue<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> ShownValue<'a> {
    pub fn of(value: &'a ReportedValue) -> ShownValue<'a> {
        match value {
            ReportedValue::Number(number) => ShownValue::Number(*number),
            ReportedValue::Text(text) => ShownValue::Text(text),
        }
    }
}

/// The values under `lambda` and `aws.xray`, by field.
pub(crate) struct ShownFields<'a>([Option<ShownValue<'a>>; ReportedField::ALL.len()]);

impl Default for ShownFields<'_> {
    fn default() -> Self {
        ShownFields([None; ReportedField::ALL.len()])
    }
}

impl<'a> ShownFields<'a> {
    /// Fills each field from the latest report, else from the first line in the order of `AFTER_REPORTS` that has it.
    pub fn fill(&mut self, summary: &'a Summary, roles: &LatestByRole<'a>) {
        const AFTER_REPORTS: [LineRole; 7] = [
            LineRole::RuntimeDone,
            LineRole::Timeout,
            LineRole::Fault,
            LineRole::Start,
            LineRole::InitReport,
            LineRole::InitStart,
            LineRole::End,
        ];
        self.0[ReportedField::BilledDuration as usize] = summary.billed().map(ShownValue::Number);
        let reports = roles.reports();
        let others = AFTER_REPORTS.map(|role| roles.get(role));
        let mut is_traced = false;
        for latest in reports.into_iter().chain(others).flatten() {
            // All trace fields come from one report; without a trace there, any line's trace id is shown.
            let is_report = matches!(latest.role, LineRole::ReportText | LineRole::ReportJson);
            let mut traces = false;
            for (field, value) in latest.reported.iter() {
                let counts = match field {
                    // The document shows the billed duration of all attempts together, and never `Killed`.
                    ReportedField::BilledDuration | ReportedField::Killed => false,
                    // The result of an init is not the result of the invocation.
                    ReportedField::Status | ReportedField::ErrorType => {
                        latest.role != LineRole::InitReport
                    }
                    ReportedField::TraceId | ReportedField::SegmentId | ReportedField::Sampled => {
                        traces |= is_report && field == ReportedField::TraceId;
                        traces && !is_traced
                    }
                    _ => true,
                };
                let shown = &mut self.0[field as usize];
                if counts && shown.is_none() {
                    *shown = Some(ShownValue::of(value));
                }
            }
            is_traced |= traces;
        }
        if !is_traced {
            self.0[ReportedField::TraceId as usize] =
                summary.trace.as_deref().map(ShownValue::Text);
        }
    }

    pub fn get(&self, field: ReportedField) -> Option<ShownValue<'a>> {
        self.0[field as usize]
    }

    pub fn number(&self, field: ReportedField) -> Option<i64> {
        match self.get(field) {
            Some(ShownValue::Number(number)) => Some(number),
            _ => None,
        }
    }

    pub fn text(&self, field: ReportedField) -> Option<&'a str> {
        match self.get(field) {
            Some(ShownValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Appends `"lambda":{…}` or `"xray":{…}`, unless the object would be empty. `rest` appends its other members.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        key: &str,
        fields: &[ReportedField],
        rest: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = out.len();
        put(out, key);
        out.push(b'{');
        let inner = out.len();
        for field in fields {
            match self.get(*field) {
                None => {}
                Some(ShownValue::Text(value)) => {
                    put(out, field.key());
                    text(out, "\"", value);
                }
                Some(ShownValue::Number(number)) if *field == ReportedField::Sampled => {
                    put(out, field.key());
                    put(out, if number != 0 { "true," } else { "false," });
                }
                Some(ShownValue::Number(number)) => {
                    put(out, field.key());
                    json::thousandths(out, number);
                    out.push(b',');
                }
            }
        }
        rest(out);
        if out.len() == inner {
            out.truncate(start);
        } else {
            end(out, b'}');
        }
    }
}
