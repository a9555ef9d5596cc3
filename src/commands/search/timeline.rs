/*! Summaries and log documents of one request go in; its timeline comes out. Pure. */

use console::{Alignment, pad_str, style};
use jiff::Timestamp;

use crate::commands::search::lists::{cost, status};
use crate::commands::search::log_line::{LogLine, memory, ms, parse_time};
use crate::commands::shared::table::{Table, harmless};
use logferry_core::document::stored::{StoredInvocation, StoredLogDocument};

/// The fields of a summary that a timeline shows.
pub const SUMMARY_FIELDS: [&str; 5] = ["@timestamp", "faas", "lambda", "aws", "invocation"];
/// Excluded from them: it is long and serves merging only.
pub const SUMMARY_EXCLUDES: [&str; 1] = ["invocation.merge"];

/// Widths of the columns before the message. Fixed, so that the lines of a stack trace are aligned.
const AT_WIDTH: usize = 12;
const AFTER_WIDTH: usize = 10;
const LEVEL_WIDTH: usize = 7;

/// The timeline of one request: its summaries, then its log lines, page by page.
pub struct Timeline {
    start: Option<Timestamp>,
    /// Time of the line before.
    before: Option<Timestamp>,
}

impl Timeline {
    /// `summaries` holds one summary for each log stream in which the request was tried, or none.
    pub fn new(summaries: &[StoredInvocation<'_>]) -> Self {
        Self {
            start: summaries
                .iter()
                .filter_map(|s| parse_time(&s.timestamp))
                .min(),
            before: None,
        }
    }

    /// The timeline of one invocation of an execution: `at` counts from the execution's start.
    pub fn since(start: Option<Timestamp>) -> Self {
        Self {
            start,
            before: None,
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
        if self.before.is_none() && !documents.is_empty() {
            let head = self.row(["at", "after", "", ""].map(str::to_owned));
            out.push_str(&format!("\n{}\n", style(head).dim()));
        }
        for document in documents {
            self.write_line(document, &mut out);
        }
        out
    }

    fn write_line(&mut self, document: &StoredLogDocument<'_>, out: &mut String) {
        let at = parse_time(&document.timestamp);
        let start = *self.start.get_or_insert(at.unwrap_or_default());
        let since = |from: Option<Timestamp>| {
            let from = from?.as_millisecond();
            Some(at?.as_millisecond() - from)
        };
        let shown_at = since(Some(start)).map_or_else(String::new, |ms| {
            format!("{}{}", if ms < 0 { "-" } else { "+" }, seconds(ms))
        });
        let after = since(self.before).map_or_else(String::new, |ms| format!("{ms} ms"));
        self.before = at.or(self.before);
        let line = LogLine::new(document);
        let lines = line.all_lines();
        let mut lines = lines.iter().map(String::as_str);
        let first = lines.next().unwrap_or_default().to_owned();
        let row = self.row([
            shown_at,
            style(after).dim().to_string(),
            line.level(),
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

/// Writes the fields of a summary as a table.
fn write_summary(summary: &StoredInvocation<'_>, out: &mut String) {
    let StoredInvocation {
        timestamp,
        faas,
        lambda,
        invocation,
        aws,
    } = summary;
    let mut table = Table::new(&["", ""]);
    let mut add_row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.row([style(name).dim().to_string(), value]);
        }
    };
    let version = faas.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!(", version {version}"));
    let name = faas.name.as_ref();
    add_row(
        "function",
        name.map(|name| harmless(&format!("{name}{version}"))),
    );
    let why = lambda.error_type.as_ref();
    let why = why.map_or_else(String::new, |why| format!(": {}", harmless(why)));
    add_row("status", Some(format!("{}{why}", status(invocation))));
    let end = invocation.end.as_deref();
    add_row(
        "time",
        Some(end.map_or_else(
            || harmless(timestamp),
            |end| format!("{} to {}", harmless(timestamp), harmless(end)),
        )),
    );
    let billed = lambda
        .billed_duration_ms
        .map(|b| format!("billed {}", ms(b)));
    let duration = [lambda.duration_ms.map(ms), billed];
    let duration: Vec<String> = duration.into_iter().flatten().collect();
    add_row(
        "duration",
        (!duration.is_empty()).then(|| duration.join(", ")),
    );
    add_row("memory", memory(lambda));
    let init = lambda
        .init_duration_ms
        .map(|init| format!(", init {}", ms(init)));
    let restore = lambda.restore_duration_ms;
    let restore = restore.map(|restore| format!(", restore {}", ms(restore)));
    add_row(
        "cold start",
        faas.cold_start.map(|cold| {
            let cold = if cold { "yes" } else { "no" };
            [
                cold,
                &init.unwrap_or_default(),
                &restore.unwrap_or_default(),
            ]
            .concat()
        }),
    );
    let price = invocation.price.as_deref();
    let price = price.map_or_else(String::new, |price| format!(" ({})", harmless(price)));
    let usd = invocation.estimated_cost_usd;
    add_row("cost", usd.map(|usd| format!("{}{price}", cost(usd))));
    add_row(
        "lines",
        Some(format!(
            "{}, of them {} with an error",
            invocation.log_count, invocation.error_count
        )),
    );
    let error = invocation.first_error.as_ref();
    add_row(
        "first error",
        error.map(|error| style(harmless(error)).red().to_string()),
    );
    let durable = &lambda.durable;
    let execution = (durable.execution_name.as_ref()).or(durable.execution_arn.as_ref());
    add_row("execution", execution.map(|name| harmless(name)));
    let attempt = durable.attempt.filter(|attempt| *attempt > 1);
    let attempt = attempt.map_or_else(String::new, |attempt| format!(", up to attempt {attempt}"));
    add_row(
        "operations",
        (!durable.operation.is_empty()).then(|| harmless(&durable.operation.join(", ")) + &attempt),
    );
    add_row("trace", aws.xray.trace_id.as_deref().map(harmless));
    add_row("log stream", aws.log.stream.name.as_deref().map(harmless));
    table.write(out, usize::MAX);
}

/// `62.345 s`, without the sign.
fn seconds(ms: i64) -> String {
    let ms = ms.unsigned_abs();
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}
