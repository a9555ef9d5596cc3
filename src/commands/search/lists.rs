/*! Stored documents go in; the rows of a list of log lines or of invocations come out. Pure. */

use console::{style, truncate_str};

use crate::commands::search::level::styled_level;
use crate::commands::shared::table::{Table, harmless};
pub use crate::search::reading::cost;
use crate::search::reading::{LogLine, memory, ms, status_text};
use logferry_core::document::stored::{
    StoredFaas, StoredInvocation, StoredInvocationFields, StoredLogDocument,
};

/// The fields of a summary that are shown in a list.
pub const INVOCATION_LIST_FIELDS: [&str; 8] = [
    "@timestamp",
    "faas",
    "lambda",
    "aws.log.stream.name",
    "invocation.status",
    "invocation.attempts",
    "invocation.first_error",
    "invocation.estimated_cost_usd",
];

/// Below this width, request ids are cut to their beginning, which `--request-id` accepts, and columns are left out.
const NARROW: usize = 140;
const SHORT_ID_LENGTH: usize = 8;
/// Most columns of a function's name on a terminal.
const MAX_FUNCTION_WIDTH: usize = 32;

/// The output of a list.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns of the terminal; `None` if the output is no terminal, which cuts nothing.
    pub columns: Option<usize>,
}

impl Screen {
    pub fn width(self) -> usize {
        self.columns.unwrap_or(usize::MAX)
    }

    fn is_narrow(self) -> bool {
        self.width() < NARROW
    }

    fn request_id(self, faas: &StoredFaas<'_>) -> String {
        let id = harmless(faas.invocation_id.as_deref().unwrap_or_default());
        if self.is_narrow() {
            id.chars().take(SHORT_ID_LENGTH).collect()
        } else {
            id
        }
    }

    fn function(self, faas: &StoredFaas<'_>) -> String {
        let name = harmless(faas.name.as_deref().unwrap_or_default());
        match self.columns {
            Some(_) => truncate_str(&name, MAX_FUNCTION_WIDTH, "…").into_owned(),
            None => name,
        }
    }
}

/// A list of log lines, written page by page.
pub struct LogLineList {
    table: Table,
    screen: Screen,
}

impl LogLineList {
    pub fn new(screen: Screen) -> Self {
        Self {
            table: Table::new(&["time", "level", "function", "request id", "message"]),
            screen,
        }
    }

    /// Rows of these lines, aligned with the rows before.
    pub fn rows(&mut self, documents: &[StoredLogDocument<'_>]) -> String {
        for document in documents {
            let line = LogLine::new(document);
            self.table.row([
                style(harmless(&document.timestamp)).dim().to_string(),
                styled_level(&line),
                self.screen.function(&document.faas),
                self.screen.request_id(&document.faas),
                harmless(&line.one_line()),
            ]);
        }
        let mut out = String::new();
        if !documents.is_empty() {
            self.table.write(&mut out, self.screen.width());
        }
        out
    }
}

/// A list of invocations with durations, memory and costs, written page by page.
pub struct InvocationList {
    table: Table,
    screen: Screen,
}

impl InvocationList {
    pub fn new(screen: Screen) -> Self {
        let mut columns = vec![
            "start",
            "function",
            "request id",
            "status",
            ">duration",
            ">init",
        ];
        if !screen.is_narrow() {
            columns.extend([">billed", ">memory", ">cost"]);
        }
        columns.push("first error");
        let table = Table::new(&columns);
        Self { table, screen }
    }

    /// Rows of these invocations, aligned with the rows before.
    pub fn rows(&mut self, invocations: &[StoredInvocation<'_>]) -> String {
        for StoredInvocation {
            timestamp,
            faas,
            lambda,
            invocation,
            ..
        } in invocations
        {
            let shown = |value: Option<f64>| value.map_or_else(String::new, ms);
            let mut row = vec![
                style(harmless(timestamp)).dim().to_string(),
                self.screen.function(faas),
                self.screen.request_id(faas),
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

/// The status, and the number of attempts if there were several.
pub fn status(invocation: &StoredInvocationFields<'_>) -> String {
    let shown = style(harmless(&status_text(invocation)));
    match &*invocation.status {
        "success" => shown.green().to_string(),
        "incomplete" => shown.dim().to_string(),
        _ => shown.red().to_string(),
    }
}
