/*! An invocation from start to end. Pure. */

use console::{Alignment, pad_str, style};
use jiff::Timestamp;

use crate::commands::search::line::{Line, memory, ms, time};
use crate::commands::search::list::{Invocation, cost, status};
use crate::commands::table::{Table, harmless};

/// What is asked for of an invocation.
pub const INVOCATION_FIELDS: [&str; 5] = ["@timestamp", "faas", "lambda", "aws", "invocation"];
/// Not that: it is long, and for merging alone.
pub const NOT_SHOWN: [&str; 1] = ["invocation.merge"];

/// Where messages begin, so that the lines of a stack trace stand below each other.
const AT: usize = 12;
const AFTER: usize = 10;
const LEVEL: usize = 7;

/// Timeline of one request: a summary, then lines as they come.
pub struct Timeline {
    start: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Timeline {
    /// The summaries of a request: one of each stream that it was tried in; none where none is there yet.
    pub fn new(summaries: &[Invocation]) -> Self {
        Self {
            start: summaries.iter().filter_map(|s| time(&s.start)).min(),
            before: None,
        }
    }

    pub fn head(&self, request: &str, summaries: &[Invocation]) -> String {
        let mut out = format!(
            "{}\n",
            style(format!("Request {}", harmless(request))).bold()
        );
        if summaries.is_empty() {
            out.push_str("  no summary of it: its lines alone\n");
        }
        for summary in summaries {
            facts(summary, &mut out);
        }
        out
    }

    /// Lines below those before.
    pub fn show(&mut self, lines: &[Line]) -> String {
        let mut out = String::new();
        if self.before.is_none() && !lines.is_empty() {
            let head = self.row(["at", "after", "", ""].map(str::to_owned));
            out.push_str(&format!("\n{}\n", style(head).dim()));
        }
        for line in lines {
            self.line(line, &mut out);
        }
        out
    }

    fn line(&mut self, line: &Line, out: &mut String) {
        let at = time(&line.time);
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
        let told = line.told();
        let mut told = told.iter().map(String::as_str);
        let first = told.next().unwrap_or_default().to_owned();
        let row = self.row([
            shown_at,
            style(after).dim().to_string(),
            line.level(),
            first,
        ]);
        out.push_str(&row);
        out.push('\n');
        let indent = " ".repeat(2 + AT + 2 + AFTER + 2 + LEVEL + 2 + 2);
        for more in told {
            out.push_str(format!("{indent}{more}").trim_end());
            out.push('\n');
        }
    }

    fn row(&self, [at, after, level, message]: [String; 4]) -> String {
        let at = pad_str(&at, AT, Alignment::Right, None);
        let after = pad_str(&after, AFTER, Alignment::Right, None);
        let level = pad_str(&level, LEVEL, Alignment::Left, None);
        format!("  {at}  {after}  {level}  {message}")
            .trim_end()
            .to_owned()
    }
}

/// Streams and starts of those that began an environment.
pub fn cold_starts(summaries: &[Invocation]) -> Vec<(String, Timestamp)> {
    let cold = summaries.iter().filter(|s| s.faas.coldstart == Some(true));
    cold.filter_map(|s| s.aws.log.stream.name.clone().zip(time(&s.start)))
        .collect()
}

fn facts(summary: &Invocation, out: &mut String) {
    let Invocation {
        start,
        faas,
        lambda,
        invocation,
        aws,
    } = summary;
    let mut table = Table::new(&["", ""]);
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.row([style(name).dim().to_string(), value]);
        }
    };
    let version = faas.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!(", version {version}"));
    let name = faas.name.as_ref();
    fact(
        "function",
        name.map(|name| harmless(&format!("{name}{version}"))),
    );
    let why = lambda.error_type.as_ref();
    let why = why.map_or_else(String::new, |why| format!(": {}", harmless(why)));
    fact("status", Some(format!("{}{why}", status(invocation))));
    let end = invocation.end.as_deref();
    fact(
        "time",
        Some(end.map_or_else(
            || harmless(start),
            |end| format!("{} to {}", harmless(start), harmless(end)),
        )),
    );
    let billed = lambda
        .billed_duration_ms
        .map(|b| format!("billed {}", ms(b)));
    let duration = [lambda.duration_ms.map(ms), billed];
    let duration: Vec<String> = duration.into_iter().flatten().collect();
    fact(
        "duration",
        (!duration.is_empty()).then(|| duration.join(", ")),
    );
    fact("memory", memory(lambda));
    let init = lambda
        .init_duration_ms
        .map(|init| format!(", init {}", ms(init)));
    let restore = lambda.restore_duration_ms;
    let restore = restore.map(|restore| format!(", restore {}", ms(restore)));
    fact(
        "cold start",
        faas.coldstart.map(|cold| {
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
    fact("cost", usd.map(|usd| format!("{}{price}", cost(usd))));
    fact(
        "lines",
        Some(format!(
            "{}, of them {} with an error",
            invocation.log_count, invocation.error_count
        )),
    );
    let error = invocation.first_error.as_ref();
    fact(
        "first error",
        error.map(|error| style(harmless(error)).red().to_string()),
    );
    fact("trace", aws.xray.trace_id.as_deref().map(harmless));
    fact("log stream", aws.log.stream.name.as_deref().map(harmless));
    table.write(out, usize::MAX);
}

/// `62.345 s`, without the sign.
fn seconds(ms: i64) -> String {
    let ms = ms.unsigned_abs();
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}
