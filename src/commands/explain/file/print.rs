/*! A report goes in; tables for a terminal come out. Pure; `console` drops the styles if standard output is no
terminal. */

use std::time::Duration;

use console::style;

use crate::commands::explain::file::finding::{Example, Finding, Findings};
use crate::commands::explain::file::report::{Report, shown_time};
use crate::commands::explain::file::rows::{
    InvocationRow, InvocationRows, LineKindRows, OriginRows,
};
use crate::commands::shared::table::{Table, grouped, harmless};

/// Most rows shown of invocations and of streams.
const INVOCATIONS: usize = 20;
const STREAMS: usize = 5;

/// The whole report as text; `width` is the number of columns.
pub fn tables(report: &Report, width: usize) -> String {
    let mut out = format!("{}\n", style(harmless(&report.file)).bold());
    file_info(report, &mut out, width);
    if let Some(why) = report.skipped {
        out.push_str(&format!(
            "\n{}: {why}\n",
            style("The worker skips it").bold()
        ));
    }
    if let Some(why) = &report.broken {
        out.push_str(&format!(
            "\n{}: {}\n",
            style("Broken").red().bold(),
            harmless(why)
        ));
    }
    if report.events == 0 {
        return out;
    }
    kinds(&report.kinds, &mut out, width);
    levels(report, &mut out, width);
    invocations(&report.invocations, &mut out, width);
    findings(
        "Flags",
        "No event is flagged.",
        &report.flags,
        &mut out,
        width,
    );
    let none = "Nothing that begins like JSON or a line of Lambda's own was taken for plain text.";
    findings(
        "Taken for plain text",
        none,
        &report.plain_text,
        &mut out,
        width,
    );
    out
}

fn heading(out: &mut String, text: &str) {
    out.push_str(&format!("\n{}\n", style(text).bold()));
}

fn file_info(report: &Report, out: &mut String, width: usize) {
    let mut table = Table::new(&["", ""]);
    let mut add_row =
        |name: &str, value: String| table.row([style(name).dim().to_string(), harmless(&value)]);
    if report.key.key != report.file {
        add_row("key", report.key.key.clone());
    }
    if let Some(format) = &report.format {
        add_row("format", format!("{}: {}", format.name, format.why));
    }
    if let Some(task) = &report.key.export_task_id {
        let chunk = report
            .key
            .chunk
            .map_or_else(String::new, |chunk| format!(", chunk {chunk}"));
        add_row("export task", format!("{task}{chunk}"));
    }
    origins(&report.origins, &mut add_row);
    let stored = if report.stored_bytes == report.bytes {
        String::new()
    } else {
        let ratio = report.bytes as f64 / report.stored_bytes.max(1) as f64;
        format!(
            ", {} as stored (1 : {ratio:.1})",
            grouped(report.stored_bytes)
        )
    };
    add_row("bytes", format!("{}{stored}", grouped(report.bytes)));
    let mut events = grouped(report.events);
    if report.control_messages > 0 {
        events.push_str(&format!(
            ", and {} control messages, which are skipped",
            grouped(report.control_messages)
        ));
    }
    add_row("events", events);
    if report.folded > 0 {
        let folded = format!("{} stand in the summaries below", grouped(report.folded));
        add_row("platform lines", folded);
    }
    if let Some(span) = &report.time {
        let ms = u64::try_from(span.last.saturating_sub(span.first)).unwrap_or_default();
        let length = humantime::format_duration(Duration::from_secs(ms.div_ceil(1000)));
        add_row(
            "time",
            format!(
                "{} to {} ({length})",
                shown_time(span.first),
                shown_time(span.last)
            ),
        );
    }
    table.write(out, width);
}

fn origins(origins: &OriginRows, add_row: &mut impl FnMut(&str, String)) {
    let mut last = Vec::new();
    for origin in origins.rows.iter().take(STREAMS) {
        let function = origin
            .function_name
            .as_ref()
            .map(|name| match &origin.function_version {
                Some(version) => format!("{name}, version {version}"),
                None => name.clone(),
            });
        let lines = [
            ("account", origin.account.clone()),
            ("region", origin.region.clone()),
            ("log group", origin.log_group.clone()),
            ("function", function),
            ("log stream", origin.log_stream.clone()),
        ];
        let lines = lines.map(|(name, value)| (name, value.unwrap_or_default()));
        for (index, (name, value)) in lines.iter().enumerate() {
            let repeated = last.get(index) == Some(value) && *name != "log stream";
            if !value.is_empty() && !repeated {
                add_row(name, value.clone());
            }
        }
        last = lines.map(|(_, value)| value).to_vec();
    }
    let more = origins.rows.len().saturating_sub(STREAMS);
    if more > 0 {
        let others = if origins.others > 0 { " at least" } else { "" };
        add_row("", format!("… {more} more streams{others}"));
    }
}

fn kinds(kinds: &LineKindRows, out: &mut String, width: usize) {
    heading(out, "Lines");
    let mut table = Table::new(&[
        "lambda.type",
        "as",
        ">events",
        ">bytes",
        ">share",
        "first example",
    ]);
    for kind in &kinds.0 {
        table.row([
            harmless(&kind.name),
            if kind.json { "JSON" } else { "text" }.to_owned(),
            grouped(kind.events),
            grouped(kind.bytes),
            format!("{:.1} %", kind.share * 100.0),
            harmless(&kind.example.text),
        ]);
    }
    table.write(out, width);
}

fn levels(report: &Report, out: &mut String, width: usize) {
    if report.levels.is_empty() {
        return;
    }
    heading(out, "Levels");
    let mut table = Table::new(&["log.level", ">events"]);
    for level in ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "none"] {
        if let Some(events) = report.levels.get(level) {
            let shown = match level {
                "FATAL" | "ERROR" => style(level).red().to_string(),
                "none" => style(level).dim().to_string(),
                _ => level.to_owned(),
            };
            table.row([shown, grouped(*events)]);
        }
    }
    table.write(out, width);
}

fn invocations(all: &InvocationRows, out: &mut String, width: usize) {
    if all.count == 0 {
        heading(out, "No invocation shows.");
        return;
    }
    let by_status = all
        .by_status
        .iter()
        .map(|(status, n)| format!("{} {status}", grouped(*n)));
    let by_status: Vec<String> = by_status.collect();
    heading(
        out,
        &format!(
            "Invocations: {}, of them {}",
            grouped(all.count),
            by_status.join(", ")
        ),
    );
    let mut table = Table::new(&[
        "request id",
        "status",
        "start",
        ">duration",
        ">billed",
        ">MB used / of",
        "cold",
        ">lines",
        ">errors",
        "first error",
    ]);
    for invocation in some(&all.rows) {
        table.row(row(invocation));
    }
    table.write(out, width);
    let more = all.count - (all.rows.len().min(INVOCATIONS)) as u64;
    if more > 0 {
        out.push_str(&format!("  … {} more\n", grouped(more)));
    }
}

/// At most [`INVOCATIONS`] rows in their order. Invocations other than `success` take precedence over successful ones.
fn some(rows: &[InvocationRow]) -> impl Iterator<Item = &InvocationRow> {
    let failed = rows.iter().filter(|row| row.status != "success").count();
    let mut failed_left = failed.min(INVOCATIONS);
    let mut others_left = INVOCATIONS - failed_left;
    rows.iter().filter(move |row| {
        let left = if row.status == "success" {
            &mut others_left
        } else {
            &mut failed_left
        };
        let shown = *left > 0;
        *left = left.saturating_sub(1);
        shown
    })
}

fn row(invocation: &InvocationRow) -> [String; 10] {
    let ms = |value: Option<f64>| value.map_or_else(String::new, |ms| format!("{ms} ms"));
    let status = match invocation.status.as_str() {
        "success" => invocation.status.clone(),
        "incomplete" => style(&invocation.status).dim().to_string(),
        status => style(status).red().to_string(),
    };
    let memory = match (invocation.max_memory_used_mb, invocation.memory_size_mb) {
        (None, None) => String::new(),
        (used, size) => {
            let number = |n: Option<f64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
            format!("{} / {}", number(used), number(size))
        }
    };
    let attempts = match invocation.attempts {
        0 | 1 => String::new(),
        n => format!(" (attempt {n})"),
    };
    [
        harmless(&invocation.request_id),
        format!("{status}{attempts}"),
        invocation.start.clone(),
        ms(invocation.duration_ms),
        ms(invocation.billed_duration_ms),
        memory,
        match invocation.cold_start {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => String::new(),
        },
        grouped(invocation.log_count),
        match invocation.error_count {
            0 => "0".to_owned(),
            n => style(grouped(n)).red().to_string(),
        },
        invocation
            .first_error
            .as_deref()
            .map_or_else(String::new, harmless),
    ]
}

fn findings(title: &str, none: &str, findings: &Findings, out: &mut String, width: usize) {
    if findings.0.is_empty() {
        out.push_str(&format!("\n{}\n", style(none).dim()));
        return;
    }
    heading(out, title);
    for Finding {
        name,
        meaning,
        count,
        examples,
    } in &findings.0
    {
        out.push_str(&format!(
            "  {}  {}: {meaning}\n",
            grouped(*count),
            style(name).bold()
        ));
        let mut table = Table::new(&["", "", ""]);
        for Example { offset, why, text } in examples {
            let why = why.as_deref().map_or_else(String::new, harmless);
            table.row([
                style(format!("  at byte {offset}")).dim().to_string(),
                why,
                harmless(text),
            ]);
        }
        table.write(out, width);
    }
}
