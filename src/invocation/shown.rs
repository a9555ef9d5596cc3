/*! The latest lines of a request go in; the platform fields that its document shows come out. */

use super::facts::Role;
use super::field::{Field, Value};
use super::members::{end, put, text};
use super::status::Roles;
use super::summary::Summary;
use crate::json;

/// Value of a field in the document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> Said<'a> {
    pub fn of(value: &'a Value) -> Said<'a> {
        match value {
            Value::Number(number) => Said::Number(*number),
            Value::Text(text) => Said::Text(text),
        }
    }
}

/// The values under `lambda` and `aws.xray`, by field.
pub(super) struct Shown<'a>([Option<Said<'a>>; Field::ALL.len()]);

impl Default for Shown<'_> {
    fn default() -> Self {
        Shown([None; Field::ALL.len()])
    }
}

impl<'a> Shown<'a> {
    /// Fills each field from the latest report, else from the first line in the order of `AFTER_REPORTS` that has it.
    pub fn fill(&mut self, summary: &'a Summary, roles: &Roles<'a>) {
        const AFTER_REPORTS: [Role; 7] = [
            Role::RuntimeDone,
            Role::Timeout,
            Role::Fault,
            Role::Start,
            Role::InitReport,
            Role::InitStart,
            Role::End,
        ];
        self.0[Field::BilledDuration as usize] = summary.billed().map(Said::Number);
        let reports = roles.reports();
        let others = AFTER_REPORTS.map(|role| roles.get(role));
        let mut is_traced = false;
        for latest in reports.into_iter().chain(others).flatten() {
            // All trace fields come from one report; without a trace there, any line's trace id is shown.
            let is_report = matches!(latest.role, Role::ReportText | Role::ReportJson);
            let mut traces = false;
            for (field, value) in latest.facts.iter() {
                let counts = match field {
                    // The document shows the billed duration of all attempts together, and never `Killed`.
                    Field::BilledDuration | Field::Killed => false,
                    // The result of an init is not the result of the invocation.
                    Field::Status | Field::ErrorType => latest.role != Role::InitReport,
                    Field::TraceId | Field::SegmentId | Field::Sampled => {
                        traces |= is_report && field == Field::TraceId;
                        traces && !is_traced
                    }
                    _ => true,
                };
                let shown = &mut self.0[field as usize];
                if counts && shown.is_none() {
                    *shown = Some(Said::of(value));
                }
            }
            is_traced |= traces;
        }
        if !is_traced {
            self.0[Field::TraceId as usize] = summary.trace.as_deref().map(Said::Text);
        }
    }

    pub fn get(&self, field: Field) -> Option<Said<'a>> {
        self.0[field as usize]
    }

    pub fn number(&self, field: Field) -> Option<i64> {
        match self.get(field) {
            Some(Said::Number(number)) => Some(number),
            _ => None,
        }
    }

    pub fn text(&self, field: Field) -> Option<&'a str> {
        match self.get(field) {
            Some(Said::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Appends `"lambda":{…}` or `"xray":{…}`, unless the object would be empty.
    pub fn write(&self, out: &mut Vec<u8>, key: &str, fields: &[Field]) {
        let start = out.len();
        put(out, key);
        out.push(b'{');
        let inner = out.len();
        for field in fields {
            match self.get(*field) {
                None => {}
                Some(Said::Text(value)) => {
                    put(out, field.key());
                    text(out, "\"", value);
                }
                Some(Said::Number(number)) if *field == Field::Sampled => {
                    put(out, field.key());
                    put(out, if number != 0 { "true," } else { "false," });
                }
                Some(Said::Number(number)) => {
                    put(out, field.key());
                    json::thousandths(out, number);
                    out.push(b',');
                }
            }
        }
        if out.len() == inner {
            out.truncate(start);
        } else {
            end(out, b'}');
        }
    }
}
