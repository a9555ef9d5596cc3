/*! A report and the width of the terminal go in; the columns of its table come out. Pure. */

use console::{measure_text_width, style, truncate_str};

use crate::commands::report::amounts::{billed, duration, memory, percent};
use crate::commands::report::change::{MoreIs, change};
use crate::commands::report::spark::{Bar, bars_together, joined, spark};
use crate::commands::search::lists::cost;
use crate::commands::shared::table::{grouped, harmless};
use crate::search::report::{Figures, GroupBy, GroupKey, Report, Row, SortKey};

/// Most columns of a name on a terminal.
const NAME_WIDTH: usize = 32;
const NARROW_NAME_WIDTH: usize = 20;
/// Below this width names are shorter and bars fewer.
const NARROW: usize = 100;
const NARROW_BARS: usize = 15;
const GAP: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Name,
    /// Version or error type.
    SecondName,
    Functions,
    Invocations,
    InvocationsChange,
    Errors,
    ErrorsChange,
    ErrorRate,
    Timeouts,
    OutOfMemory,
    ColdStarts,
    P50,
    P95,
    P95Change,
    P99,
    Billed,
    Cost,
    CostChange,
    Memory,
    OverTime,
}

use Column::{
    Billed, ColdStarts, Cost, CostChange, ErrorRate, Errors, ErrorsChange, Functions, Invocations,
    InvocationsChange, Memory, Name, OutOfMemory, OverTime, P50, P95, P95Change, P99, SecondName,
    Timeouts,
};

const ALL: [Column; 20] = [
    Name,
    SecondName,
    Functions,
    Invocations,
    InvocationsChange,
    Errors,
    ErrorsChange,
    ErrorRate,
    Timeouts,
    OutOfMemory,
    ColdStarts,
    P50,
    P95,
    P95Change,
    P99,
    Billed,
    Cost,
    CostChange,
    Memory,
    OverTime,
];

/// Columns that a narrow terminal leaves out, the first ones first.
const LEFT_OUT_FIRST: [Column; 15] = [
    Billed,
    P50,
    OutOfMemory,
    Timeouts,
    P99,
    CostChange,
    Memory,
    ColdStarts,
    Cost,
    Functions,
    P95Change,
    ErrorRate,
    ErrorsChange,
    InvocationsChange,
    P95,
];

/// The cells of the rows to show.
pub struct Cells<'a> {
    report: &'a Report,
    name_width: usize,
    bars: usize,
}

impl<'a> Cells<'a> {
    /// `width` is `None` if the output is no terminal, which cuts nothing.
    pub fn new(report: &'a Report, width: Option<usize>) -> Self {
        let (name_width, bars) = match width {
            None => (usize::MAX, usize::MAX),
            Some(width) if width < NARROW => (NARROW_NAME_WIDTH, NARROW_BARS),
            Some(_) => (NAME_WIDTH, usize::MAX),
        };
        Self {
            report,
            name_width,
            bars,
        }
    }

    /// The columns that fit, and those that were left out.
    pub fn columns(&self, rows: &[Row], width: Option<usize>) -> (Vec<Column>, Vec<Column>) {
        let mut columns: Vec<Column> = ALL.into_iter().filter(|c| self.is_of_report(*c)).collect();
        let mut left_out = Vec::new();
        let widths: Vec<(Column, usize)> =
            columns.iter().map(|c| (*c, self.width(*c, rows))).collect();
        let width_of = |columns: &[Column]| -> usize {
            let kept = widths.iter().filter(|(column, _)| columns.contains(column));
            kept.map(|(_, width)| width + GAP).sum()
        };
        for column in LEFT_OUT_FIRST {
            let fits = width.is_none_or(|width| width_of(&columns) <= width);
            let is_sorted_by = sorted_column(self.report.sort) == column;
            if !fits && !is_sorted_by && columns.contains(&column) {
                columns.retain(|kept| *kept != column);
                left_out.push(column);
            }
        }
        (columns, left_out)
    }

    /// How many times one bar joins.
    pub fn bars_together(&self) -> u64 {
        bars_together(self.report.over_time.len(), self.bars) as u64
    }

    pub fn head(&self, column: Column) -> &'static str {
        match column {
            Name => match self.report.by {
                GroupBy::Function | GroupBy::Version => "function",
                GroupBy::Error => "status",
                GroupBy::Account => "account",
                GroupBy::Region => "region",
            },
            SecondName => match self.report.by {
                GroupBy::Error => "error type",
                _ => "version",
            },
            Functions => ">functions",
            Invocations => ">invocations",
            Errors => ">errors",
            InvocationsChange | ErrorsChange | P95Change | CostChange => ">±",
            ErrorRate => ">rate",
            Timeouts => ">timeouts",
            OutOfMemory => ">oom",
            ColdStarts => ">cold",
            P50 => ">~p50",
            P95 => ">~p95",
            P99 => ">~p99",
            Billed => ">billed",
            Cost => ">cost",
            Memory => ">memory",
            OverTime => "over time",
        }
    }

    pub fn cell(&self, column: Column, row: &Row) -> String {
        match column {
            Name => self.name(first_name(&row.key)),
            SecondName => self.name(second_name(&row.key)),
            Functions => row.functions.map(grouped).unwrap_or_default(),
            OverTime => {
                let bar = |bucket: &crate::search::report::TimeBucket| Bar {
                    invocations: bucket.invocations,
                    failed: bucket.failed,
                };
                let bars: Vec<Bar> = row.over_time.iter().map(bar).collect();
                // Every invocation of an error failed: the colour would tell nothing.
                let is_error = self.report.by == GroupBy::Error;
                let plain = |bar: &Bar| Bar { failed: 0, ..*bar };
                match is_error {
                    true => spark(&bars.iter().map(plain).collect::<Vec<_>>(), self.bars),
                    false => spark(&bars, self.bars),
                }
            }
            _ => self.figure(column, &row.now, row.before.as_ref()),
        }
    }

    /// The cell of the last row, which is over all invocations.
    pub fn total_cell(&self, column: Column) -> String {
        let report = self.report;
        let cell = match column {
            Name => "all".to_owned(),
            // The most used by one function is not of the most configured for another.
            SecondName | Functions | Memory => String::new(),
            OverTime => {
                let bars: Vec<Bar> = (report.over_time.iter())
                    .map(|bucket| Bar {
                        invocations: bucket.statuses.all(),
                        failed: bucket.statuses.failed(),
                    })
                    .collect();
                return spark(&bars, self.bars);
            }
            _ => self.figure(column, &report.total, report.before_total.as_ref()),
        };
        style(cell).bold().to_string()
    }

    fn figure(&self, column: Column, now: &Figures, before: Option<&Figures>) -> String {
        let changed = |value: fn(&Figures) -> Option<f64>, more_is| {
            change(value(now), before.and_then(value), more_is)
        };
        let duration_of = |pick: fn(&crate::search::report::Quantiles) -> f64| {
            now.duration_ms
                .as_ref()
                .map(|d| duration(pick(d)))
                .unwrap_or_default()
        };
        let bad = |count: u64| match count {
            0 => style("0".to_owned()).dim().to_string(),
            count => style(grouped(count)).red().to_string(),
        };
        match column {
            Name | SecondName | Functions | OverTime => String::new(),
            Invocations => grouped(now.invocations),
            InvocationsChange => changed(|f| Some(f.invocations as f64), MoreIs::Neither),
            Errors => bad(now.errors),
            ErrorsChange => changed(|f| Some(f.errors as f64), MoreIs::Worse),
            ErrorRate => now.error_rate.map(percent).unwrap_or_default(),
            Timeouts => bad(now.statuses.timeout),
            OutOfMemory => bad(now.statuses.out_of_memory),
            ColdStarts => now.cold_start_rate.map(percent).unwrap_or_default(),
            P50 => duration_of(|d| d.p50),
            P95 => duration_of(|d| d.p95),
            P95Change => changed(|f| f.duration_ms.map(|d| d.p95), MoreIs::Worse),
            P99 => duration_of(|d| d.p99),
            Billed => billed(now.billed_ms),
            Cost => cost(now.cost_usd),
            CostChange => changed(|f| Some(f.cost_usd), MoreIs::Worse),
            Memory => memory(now.memory_used_max_mb, now.memory_size_mb),
        }
    }

    fn is_of_report(&self, column: Column) -> bool {
        let by = self.report.by;
        match column {
            SecondName => matches!(by, GroupBy::Version | GroupBy::Error),
            Functions => matches!(by, GroupBy::Error | GroupBy::Account | GroupBy::Region),
            // Each of them is the number of invocations, or none.
            Errors | ErrorsChange | ErrorRate | Timeouts | OutOfMemory if by == GroupBy::Error => {
                false
            }
            Memory => matches!(by, GroupBy::Function | GroupBy::Version),
            InvocationsChange | ErrorsChange | P95Change | CostChange => {
                self.report.before_span.is_some()
            }
            _ => true,
        }
    }

    fn width(&self, column: Column, rows: &[Row]) -> usize {
        let head = self.head(column).trim_start_matches('>');
        let cells = rows.iter().map(|row| self.cell(column, row));
        let all = cells.chain([self.total_cell(column), head.to_owned()]);
        let widest = all.map(|cell| measure_text_width(&cell)).max().unwrap_or(0);
        match column {
            OverTime => {
                let bars = vec![Bar::default(); self.report.over_time.len()];
                widest.max(joined(&bars, self.bars).len())
            }
            _ => widest,
        }
    }

    fn name(&self, name: Option<&str>) -> String {
        match name {
            None => style("(none)").dim().to_string(),
            Some(name) => truncate_str(&harmless(name), self.name_width, "…").into_owned(),
        }
    }
}

/// The first part of what a row stands for.
pub fn first_name(key: &GroupKey) -> Option<&str> {
    match key {
        GroupKey::Function { function } | GroupKey::Version { function, .. } => function.as_deref(),
        GroupKey::Error { status, .. } => Some(status),
        GroupKey::Account { account } => account.as_deref(),
        GroupKey::Region { region } => region.as_deref(),
    }
}

pub fn second_name(key: &GroupKey) -> Option<&str> {
    match key {
        GroupKey::Version { version, .. } => version.as_deref(),
        GroupKey::Error { error_type, .. } => error_type.as_deref(),
        GroupKey::Function { .. } | GroupKey::Account { .. } | GroupKey::Region { .. } => None,
    }
}

/// The column that shows what rows are sorted by.
pub fn sorted_column(sort: SortKey) -> Column {
    match sort {
        SortKey::Invocations => Invocations,
        SortKey::Errors => Errors,
        SortKey::ErrorRate => ErrorRate,
        SortKey::Timeouts => Timeouts,
        SortKey::OutOfMemory => OutOfMemory,
        SortKey::ColdStarts => ColdStarts,
        SortKey::P50 => P50,
        SortKey::P95 => P95,
        SortKey::P99 => P99,
        SortKey::Billed => Billed,
        SortKey::Cost => Cost,
        SortKey::Memory => Memory,
    }
}
