/*! Summaries and log documents of one request go in; its timeline comes out. Pure. */

use console::{Alignment, pad_str, style};
use jiff::Timestamp;

use crate::commands::search::level::styled_level;
use crate::commands::search::lists::status;
use crate::commands::shared::table::{Table, harmless};
use crate::search::reading::{
    Clock, FactName, LogLine, Reading, facts, signed_seconds, status_text,
};
use logferry_core::document::stored::{StoredInvocation, StoredLogDocument};

/// Widths of the columns before the message. Fixed, so that the lines of a stack trace are aligned.
const AT_WIDTH: usize = 12;
const AFTER_WIDTH: usize = 10;
const LEVEL_WIDTH: usize = 7;

/// The timeline of one request: its summaries, then its log lines, page by page.
pub struct Timeline {
    clock: Clock,
}

impl Timeline {
    /// `summaries` holds one summary for each log stream in which the request was tried, or none.
    pub fn new(summaries: &[StoredInvocation<'_>]) -> Self {
        Self {
            clock: Clock::new(summaries),
        }
    }

    /// The timeline of one invocation of an execution: `at` counts from the execution's start.
    pub fn since(start: Option<Timestamp>) -> Self {
        Self {
            clock: Clock::since(start),
        }
    }

    pub fn head(&self, request_id: &str, summaries: &[StoredInvocation<'_>]) -> String {
        let mut out = format!(
            "{}\n",
            style(format!("Request {}", harmless(request_id))).bold()
        );
        if summaries.is_empty() {
            out.push_str("  no summary of it: its lines alone\n");
        }
        for summary in summaries {
            write_summary(summary, &mut out);
        }
        out
    }

    /// The rows of these documents.
    pub fn rows(&mut self, documents: &[StoredLogDocument<'_>]) -> String {
        let mut out = String::new();
        if self.clock.is_new() && !documents.is_empty() {
            let head = self.row(["at", "after", "", ""].map(str::to_owned));
            out.push_str(&format!("\n{}\n", style(head).dim()));
        }
        for document in documents {
            self.write_line(document, &mut out);
        }
        out
    }

    fn write_line(&mut self, document: &StoredLogDocument<'_>, out: &mut String) {
        let Reading { at, after } = self.clock.read(&document.timestamp);
        let shown_at = at.map_or_else(String::new, signed_seconds);
        let after = after.map_or_else(String::new, |ms| format!("{ms} ms"));
        let line = LogLine::new(document);
        let lines = line.all_lines();
        let mut lines = lines.iter().map(|line| harmless(line));
        let first = lines.next().unwrap_or_default();
        let row = self.row([
            shown_at,
            style(after).dim().to_string(),
            styled_level(&line),
            first,
        ]);
        out.push_str(&row);
        out.push('\n');
        let indent = " ".repeat(2 + AT_WIDTH + 2 + AFTER_WIDTH + 2 + LEVEL_WIDTH + 2 + 2);
        for more in lines {
            out.push_str(format!("{indent}{more}").trim_end());
            out.push('\n');
        }
    }

    fn row(&self, [at, after, level, message]: [String; 4]) -> String {
        let at = pad_str(&at, AT_WIDTH, Alignment::Right, None);
        let after = pad_str(&after, AFTER_WIDTH, Alignment::Right, None);
        let level = pad_str(&level, LEVEL_WIDTH, Alignment::Left, None);
        format!("  {at}  {after}  {level}  {message}")
            .trim_end()
            .to_owned()
    }
}

/// Writes the facts of a summary as a table.
fn write_summary(summary: &StoredInvocation<'_>, out: &mut String) {
    let mut table = Table::new(&["", ""]);
    for (name, value) in facts(summary) {
        let value = match name {
            FactName::Status => {
                let value = harmless(&value);
                let shown = status(&summary.invocation);
                let plain = harmless(&status_text(&summary.invocation));
                format!("{shown}{}", value.strip_prefix(&plain).unwrap_or_default())
            }
            FactName::FirstError => style(harmless(&value)).red().to_string(),
            _ => harmless(&value),
        };
        table.row([style(name.as_str()).dim().to_string(), value]);
    }
    table.write(out, usize::MAX);
}
