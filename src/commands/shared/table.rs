/*! Cells go in; aligned columns come out. The last column is cut to the terminal's width. Pure. */

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str, truncate_str};

pub use crate::search::reading::{grouped, harmless};

const GAP: &str = "  ";
/// Least width of the last column, even on a narrower terminal.
const LEAST: usize = 20;

/// `3h 5m`: a time without its seconds, as people type it in flags.
pub fn whole_minutes(milliseconds: i64) -> String {
    let minutes = u64::try_from(milliseconds / 60_000).unwrap_or(0);
    humantime::format_duration(Duration::from_secs(minutes * 60)).to_string()
}

/// A table of text cells.
pub struct Table {
    /// Name and alignment of each column.
    head: Vec<(&'static str, Alignment)>,
    rows: Vec<Vec<String>>,
    /// Widths of the columns written so far, so that later rows stay aligned.
    widths: Vec<usize>,
}

impl Table {
    /// A table with column names. A name that begins with `>` aligns its column to the right, for numbers. If all
    /// names are empty, the head is not written.
    pub fn new(head: &[&'static str]) -> Self {
        let column = |name: &&'static str| match name.strip_prefix('>') {
            Some(name) => (name, Alignment::Right),
            None => (*name, Alignment::Left),
        };
        Self {
            head: head.iter().map(column).collect(),
            rows: Vec::new(),
            widths: Vec::new(),
        }
    }

    /// Adds a row; cells may contain styles.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes the rows and removes them. The head is written only by the first call.
    pub fn write(&mut self, out: &mut String, width: usize) {
        let heads = self
            .head
            .iter()
            .map(|(name, _)| console::style(*name).dim().to_string());
        let heads: Vec<String> = heads.collect();
        let headless = self.head.iter().all(|(name, _)| name.is_empty());
        let skip_head = headless || !self.widths.is_empty();
        let rows = std::mem::take(&mut self.rows);
        let all = || {
            std::iter::once(&heads)
                .skip(usize::from(skip_head))
                .chain(&rows)
        };
        let widest = |column: usize| {
            all()
                .filter_map(|row| row.get(column))
                .map(|cell| measure_text_width(cell))
                .max()
        };
        let before = |column: usize| self.widths.get(column).copied();
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| widest(column).max(before(column)).unwrap_or(0))
            .collect();
        for row in all() {
            let mut line = String::new();
            let mut used = 0;
            for (column, cell) in row.iter().enumerate() {
                line.push_str(GAP);
                used += GAP.len();
                let (_, alignment) = self.head[column];
                if column + 1 == self.head.len() && alignment == Alignment::Left {
                    line.push_str(&truncate_str(
                        cell,
                        width.saturating_sub(used).max(LEAST),
                        "…",
                    ));
                } else {
                    line.push_str(&pad_str(cell, widths[column], alignment, None));
                    used += widths[column];
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        self.widths = widths;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_with_wide_characters() {
        let mut table = Table::new(&["name", ">n", "text"]);
        table.row(["日本".to_owned(), "7".to_owned(), "x".repeat(99)]);
        table.row(["a".to_owned(), "1,000".to_owned(), String::new()]);
        let mut out = String::new();
        table.write(&mut out, 40);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "  name      n  text");
        assert_eq!(measure_text_width(lines[1]), 40);
        assert!(lines[1].starts_with("  日本      7  xxx") && lines[1].ends_with("x…"));
        assert_eq!(lines[2], "  a     1,000");
    }

    #[test]
    fn a_second_write_stays_aligned() {
        let mut table = Table::new(&["name", "text"]);
        let mut out = String::new();
        for name in ["abcdef", "g", "hijklmnop"] {
            table.row([name.to_owned(), "x".to_owned()]);
            table.write(&mut out, 40);
        }
        assert_eq!(
            out,
            "  name    text\n  abcdef  x\n  g       x\n  hijklmnop  x\n"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            harmless("\u{1b}[31m\tred\u{202e}\u{9b}\r\n"),
            "\\u{1b}[31m\\tred\\u{202e}\\u{9b}"
        );
        assert_eq!(harmless("{\"é\":\"🚢\\n\"}"), "{\"é\":\"🚢\\n\"}");
    }
}
