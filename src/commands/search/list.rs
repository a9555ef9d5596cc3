/*! Lists of log lines and of invocations. Pure. */

use console::{style, truncate_str};
use serde::Deserialize;

use crate::commands::search::line::{Faas, Lambda, Line, memory, ms};
use crate::commands::table::{Table, harmless};

/// What is asked for of an invocation.
pub const INVOCATION_FIELDS: [&str; 8] = [
    "@timestamp",
    "faas",
    "lambda",
    "aws.log.stream.name",
    "invocation.status",
    "invocation.attempts",
    "invocation.first_error",
    "invocation.estimated_cost_usd",
];

/// An invocation's summary, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Invocation {
    #[serde(rename = "@timestamp")]
    pub start: String,
    pub faas: Faas,
    pub lambda: Lambda,
    pub invocation: Facts,
    pub aws: Aws,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Facts {
    pub end: Option<String>,
    pub status: String,
    pub attempts: u64,
    pub log_count: u64,
    pub error_count: u64,
    pub first_error: Option<String>,
    pub estimated_cost_usd: Option<f64>,
    pub price: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Aws {
    pub log: AwsLog,
    pub xray: Xray,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AwsLog {
    pub stream: Named,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Xray {
    pub trace_id: Option<String>,
}

/// On a terminal this narrow, ids are cut to what `--request-id` is content with, and invocations have fewer columns.
const NARROW: usize = 140;
const SHORT_ID: usize = 8;
/// The longest that a function's name gets on a terminal.
const FUNCTION: usize = 32;

/// Where a list goes.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns of a terminal; none elsewhere: nothing is cut.
    pub columns: Option<usize>,
}

impl Screen {
    pub fn width(self) -> usize {
        self.columns.unwrap_or(usize::MAX)
    }

    fn is_narrow(self) -> bool {
        self.width() < NARROW
    }

    fn request(self, faas: &Faas) -> String {
        let id = harmless(faas.invocation_id.as_deref().unwrap_or_default());
        if self.is_narrow() {
            id.chars().take(SHORT_ID).collect()
        } else {
            id
        }
    }

    fn function(self, faas: &Faas) -> String {
        let name = harmless(faas.name.as_deref().unwrap_or_default());
        match self.columns {
            Some(_) => truncate_str(&name, FUNCTION, "…").into_owned(),
            None => name,
        }
    }
}

/// A list that may go on.
pub struct Lines {
    table: Table,
    screen: Screen,
}

impl Lines {
    pub fn new(screen: Screen) -> Self {
        Self {
            table: Table::new(&["time", "level", "function", "request id", "message"]),
            screen,
        }
    }

    /// Rows of these lines, below those before.
    pub fn show(&mut self, lines: &[Line]) -> String {
        for line in lines {
            self.table.row([
                style(harmless(&line.time)).dim().to_string(),
                line.level(),
                self.screen.function(&line.faas),
                self.screen.request(&line.faas),
                line.said(),
            ]);
        }
        let mut out = String::new();
        if !lines.is_empty() {
            self.table.write(&mut out, self.screen.width());
        }
        out
    }
}

/// Invocations with what they took.
pub struct Invocations {
    table: Table,
    screen: Screen,
}

impl Invocations {
    pub fn new(screen: Screen) -> Self {
        let table = if screen.is_narrow() {
            Table::new(&[
                "start",
                "function",
                "request id",
                "status",
                ">duration",
                ">init",
                "first error",
            ])
        } else {
            Table::new(&[
                "start",
                "function",
                "request id",
                "status",
                ">duration",
                ">init",
                ">billed",
                ">memory",
                ">cost",
                "first error",
            ])
        };
        Self { table, screen }
    }

    /// Rows of these, below those before.
    pub fn show(&mut self, invocations: &[Invocation]) -> String {
        for Invocation {
            start,
            faas,
            lambda,
            invocation,
            ..
        } in invocations
        {
            let shown = |value: Option<f64>| value.map_or_else(String::new, ms);
            let mut row = vec![
                style(harmless(start)).dim().to_string(),
                self.screen.function(faas),
                self.screen.request(faas),
                status(invocation),
                shown(lambda.duration_ms),
                shown(lambda.init_duration_ms.or(lambda.restore_duration_ms)),
            ];
            if !self.screen.is_narrow() {
                row.push(shown(lambda.billed_duration_ms));
                row.push(memory(lambda).unwrap_or_default());
                row.push(invocation.estimated_cost_usd.map(cost).unwrap_or_default());
            }
            row.push(harmless(
                invocation.first_error.as_deref().unwrap_or_default(),
            ));
            self.table.row(row);
        }
        let mut out = String::new();
        if !invocations.is_empty() {
            self.table.write(&mut out, self.screen.width());
        }
        out
    }
}

/// With the number of attempts, if there were several.
pub fn status(facts: &Facts) -> String {
    let mut shown = harmless(&facts.status);
    if facts.attempts > 1 {
        shown.push_str(&format!(" ({} attempts)", facts.attempts));
    }
    match facts.status.as_str() {
        "success" => style(shown).green().to_string(),
        "incomplete" => style(shown).dim().to_string(),
        _ => style(shown).red().to_string(),
    }
}

/// Three digits that tell something, however little it is.
pub fn cost(usd: f64) -> String {
    let places = if usd > 0.0 && usd < 1.0 {
        (-usd.log10()).ceil() as usize + 2
    } else {
        2
    };
    format!("${usd:.places$}", places = places.min(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs() {
        for (usd, shown) in [
            (0.000001733336, "$0.00000173"),
            (0.0123, "$0.0123"),
            (12.3456, "$12.35"),
            (0.0, "$0.00"),
        ] {
            assert_eq!(cost(usd), shown);
        }
    }
}
