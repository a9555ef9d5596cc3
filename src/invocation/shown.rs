/*! What a document shows of its request's platform lines. */

use super::facts::Role;
use super::field::{Field, Value};
use super::members::{end, put, text};
use super::status::Roles;
use super::summary::Summary;
use crate::json;

/// What is shown of a field.
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

/// By field: under `lambda` and `aws.xray`.
pub(super) struct Shown<'a>([Option<Said<'a>>; Field::ALL.len()]);

impl Default for Shown<'_> {
    fn default() -> Self {
        Shown([None; Field::ALL.len()])
    }
}

impl<'a> Shown<'a> {
    /// Takes in each field from the last attempt's report, else from the line that tells it best.
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
            // The trace of one report, whole; else the one that any line names.
            let is_report = matches!(latest.role, Role::ReportText | Role::ReportJson);
            let mut traces = false;
            for (field, value) in latest.facts.iter() {
                let counts = match field {
                    // The sum of all attempts.
                    Field::BilledDuration | Field::Killed => false,
                    // What an init came to is not what the invocation came to.
                    Field::Status | Field::ErrorType => latest.role != Role::InitReport,
                    Field::TraceId | Field::SegmentId | Field::Sampled => {
                        traces |= is_report && field == Field::TraceId;
                        traces && !is_traced
                    }
                    _ => true,
                };
                let said = &mut self.0[field as usize];
                if counts && said.is_none() {
                    *said = Some(Said::of(value));
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

    /// Appends `"lambda":{…}` or `"xray":{…}`, if there is something in it.
    pub fn write(&self, out: &mut Vec<u8>, key: &str, fields: &[Field]) {
        let start = out.len();
        put(out, key);
        out.push(b'{');
        let inner = out.len();
        for field in fields {
            match self.get(*field) {
                None => {}
                Some(Said::Text(said)) => {
                    put(out, field.key());
                    text(out, "\"", said);
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
