/*! A report goes in; what stands below its table comes out: why invocations failed, and where less memory would do.
Pure. */

use console::{style, truncate_str};

use crate::commands::report::amounts::{percent, whole};
use crate::commands::report::columns::{first_name, second_name};
use crate::commands::search::lists::cost;
use crate::commands::shared::table::{Table, grouped, harmless};
use crate::search::report::{GroupBy, MemoryUse, ReasonCount, Report, Row, SmallerSize};

/// On a terminal a name has at most so many columns, or a quarter of the width.
const MOST_NAME: usize = 20;
/// Most rows of a section.
const MOST: usize = 5;

pub fn write(report: &Report, rows: &[Row], width: usize, out: &mut String) {
    match report.by {
        GroupBy::Error => write_examples(rows, width, out),
        GroupBy::Function | GroupBy::Version => {
            let lists_them =
                "errors: logferry search --slowest --errors --function NAME lists them";
            write_errors(lists_them, rows, width, out);
        }
        GroupBy::Account | GroupBy::Region => write_errors("errors", rows, width, out),
    }
    write_smaller_sizes(rows, width, out);
}

/// The rows with most errors, by their error types.
fn write_errors(head: &str, rows: &[Row], width: usize, out: &mut String) {
    let mut failed: Vec<&Row> = rows.iter().filter(|row| row.now.errors > 0).collect();
    failed.sort_by_key(|row| std::cmp::Reverse(row.now.errors));
    let mut table = Table::new(&["", "", ""]);
    for row in failed.iter().take(MOST) {
        let rate = row.now.error_rate.map(percent).unwrap_or_default();
        table.row([
            name(row, width),
            format!("{} ({rate})", grouped(row.now.errors)),
            reasons(row),
        ]);
    }
    if !failed.is_empty() {
        heading(head, out);
        table.write(out, width);
    }
}

/// `7 Runtime.ExitError, 3 timeout, 1 without a type`.
fn reasons(row: &Row) -> String {
    let reason = |counted: &ReasonCount| {
        let name = match (&*counted.status, &counted.error_type) {
            (_, Some(error_type)) => harmless(error_type),
            ("error", None) => "without a type".to_owned(),
            (status, None) => harmless(status),
        };
        format!("{} {name}", grouped(counted.invocations))
    };
    let mut reasons: Vec<String> = row.reasons.iter().map(reason).collect();
    let counted: u64 = row.reasons.iter().map(|counted| counted.invocations).sum();
    let rest = row.now.errors.saturating_sub(counted);
    if rest > 0 {
        reasons.push(format!("{} others", grouped(rest)));
    }
    reasons.join(", ")
}

/// The newest invocation of each error.
fn write_examples(rows: &[Row], width: usize, out: &mut String) {
    let mut table = Table::new(&["", "", "", ""]);
    let mut examples = 0;
    for row in rows.iter().take(MOST) {
        let Some(example) = &row.example else {
            continue;
        };
        examples += 1;
        let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        table.row([
            name(row, width),
            cut(text(&example.function), width),
            text(&example.request_id).chars().take(8).collect(),
            text(&example.first_error),
        ]);
    }
    if examples > 0 {
        heading(
            "the newest of each: logferry search --request-id ID shows it",
            out,
        );
        table.write(out, width);
    }
}

/// The sizes that would save most.
fn write_smaller_sizes(rows: &[Row], width: usize, out: &mut String) {
    let mut savings: Vec<(&Row, &MemoryUse, SmallerSize)> = Vec::new();
    for row in rows {
        let sizes = row.memory.iter();
        savings.extend(sizes.filter_map(|size| Some((row, size, size.smaller?))));
    }
    savings.sort_by(|a, b| b.2.saves_at_most_usd.total_cmp(&a.2.saves_at_most_usd));
    if savings.is_empty() {
        return;
    }
    heading(
        "smaller sizes of memory that would hold the most that was used",
        out,
    );
    let mut table = Table::new(&["", ">", ">", ""]);
    for (row, size, smaller) in savings.into_iter().take(MOST) {
        let used = size.used_mb.map(whole).unwrap_or_default();
        table.row([
            name(row, width),
            format!("{} → {} MB", whole(size.size_mb), whole(smaller.size_mb)),
            format!("used {used}"),
            format!(
                "saves up to {}{}",
                cost(smaller.saves_at_most_usd),
                share_of_cost(size.cost_usd, smaller)
            ),
        ]);
    }
    table.write(out, width);
}

/// ` (63%)` of what the invocations cost.
fn share_of_cost(cost_usd: f64, smaller: SmallerSize) -> String {
    match cost_usd > 0.0 {
        true => format!(" ({})", percent(smaller.saves_at_most_usd / cost_usd)),
        false => String::new(),
    }
}

fn heading(text: &str, out: &mut String) {
    out.push_str(&format!("\n{}\n", style(text).bold()));
}

fn name(row: &Row, width: usize) -> String {
    let first = first_name(&row.key).map_or_else(|| "(none)".to_owned(), harmless);
    let name = match second_name(&row.key) {
        Some(second) => format!("{first} {}", harmless(second)),
        None => first,
    };
    cut(name, width)
}

fn cut(name: String, width: usize) -> String {
    match width {
        usize::MAX => name,
        width => truncate_str(&name, (width / 4).max(MOST_NAME), "…").into_owned(),
    }
}
