/*! A report goes in; its text for a terminal or a file comes out: title, table, sections, notes. Pure. */

use console::style;
use jiff::Timestamp;

use crate::commands::report::amounts::percent;
use crate::commands::report::columns::Cells;
use crate::commands::report::{notes, sections};
use crate::commands::shared::table::{Table, grouped};
use crate::search::report::{Figures, Report, Row, Span};

/// How a report is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Columns of the terminal; `None` if the output is no terminal, which cuts nothing.
    pub columns: Option<usize>,
    /// Most rows.
    pub limit: Option<usize>,
}

pub fn rendered(report: &Report, layout: Layout) -> String {
    let width = layout.columns.unwrap_or(usize::MAX);
    let shown = layout.limit.unwrap_or(usize::MAX).min(report.rows.len());
    let (shown, hidden) = report.rows.split_at(shown);
    let mut out = title(report);
    out.push('\n');
    let cells = Cells::new(report, layout.columns);
    let left_out = write_table(&cells, shown, layout.columns, &mut out);
    sections::write(report, shown, width, &mut out);
    out.push('\n');
    for note in notes::notes(report, hidden, &left_out, cells.bars_together()) {
        out.push_str(&wrapped(&note, width));
    }
    out
}

/// Returns the names of the columns that were left out.
fn write_table(
    cells: &Cells<'_>,
    rows: &[Row],
    width: Option<usize>,
    out: &mut String,
) -> Vec<&'static str> {
    let (columns, left_out) = cells.columns(rows, width);
    let heads: Vec<&'static str> = columns.iter().map(|column| cells.head(*column)).collect();
    let mut table = Table::new(&heads);
    for row in rows {
        table.row(columns.iter().map(|column| cells.cell(*column, row)));
    }
    table.row(columns.iter().map(|column| cells.total_cell(*column)));
    table.write(out, width.unwrap_or(usize::MAX));
    let name = |column| cells.head(column).trim_start_matches('>');
    left_out
        .into_iter()
        .map(name)
        .filter(|name| *name != "±")
        .collect()
}

fn title(report: &Report) -> String {
    let length = humantime::format_duration(report.span.duration().unsigned_abs());
    let mut title = format!(
        "{} ({length}): {}\n",
        times(report.span),
        sentence(&report.total)
    );
    if let (Some(span), Some(total)) = (report.before_span, &report.before_total) {
        title.push_str(&format!("± against {}: {}\n", times(span), sentence(total)));
    }
    style(title).bold().to_string()
}

fn sentence(total: &Figures) -> String {
    let mut sentence = match total.invocations {
        1 => "1 invocation".to_owned(),
        count => format!("{} invocations", grouped(count)),
    };
    match (total.errors, total.error_rate) {
        (1, Some(rate)) => sentence.push_str(&format!(", 1 error ({})", percent(rate))),
        (errors, Some(rate)) => {
            sentence.push_str(&format!(", {} errors ({})", grouped(errors), percent(rate)));
        }
        (_, None) => {}
    }
    sentence
}

/// Times of a span, to the second.
fn times(span: Span) -> String {
    let shown = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!("{} to {}", shown(span.since), shown(span.until))
}

/// A note in lines that fit; the first one begins with a mark.
fn wrapped(note: &str, width: usize) -> String {
    const LEAST: usize = 40;
    let room = width.saturating_sub(2).max(LEAST);
    let mut lines = vec![String::new()];
    for word in note.split(' ') {
        let line = lines.last_mut().filter(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= room
        });
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    let lines = lines
        .iter()
        .map(|line| format!("  {}\n", style(line).dim()));
    lines.collect()
}
