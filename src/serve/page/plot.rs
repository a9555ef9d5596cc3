/*! Numbers over time go in; a histogram or a sparkline as SVG comes out, coloured by classes of the style sheet. Pure.

Each bar is a link that zooms, so that nothing needs a script. */

use askama::Template;
use jiff::Timestamp;

use crate::search::reading::grouped;
use crate::search::report::Span;
use crate::serve::page::page_query::PageQuery;

/// Size of the drawing in its own units; the style sheet stretches it.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;
/// Least height of a part that is not empty: one error among thousands must be seen.
const LEAST_HEIGHT: f64 = 4.0;
/// Most bars of a histogram.
pub const MOST_BARS: u32 = 60;

/// One colour of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// Class in the style sheet.
    pub class: &'static str,
    pub name: &'static str,
}

/// A histogram over time.
#[derive(Template)]
#[template(path = "plot.html")]
pub struct Plot {
    /// Counts what?
    noun: &'static str,
    bars: Vec<Bar>,
    legend: Vec<(Series, String)>,
    highest: String,
    since: String,
    until: String,
    since_ms: i64,
    until_ms: i64,
}

struct Bar {
    x: String,
    width: String,
    parts: Vec<Part>,
    /// For a person: the times and the numbers.
    label: String,
    href: String,
    is_empty: bool,
}

struct Part {
    class: &'static str,
    y: String,
    height: String,
}

impl Plot {
    /// `counts` has one row of numbers for each step of the span, in the order of `series`, the lowest part first.
    pub fn new(
        noun: &'static str,
        series: &[Series],
        span: Span,
        step_ms: i64,
        counts: &[Vec<u64>],
        zoom: impl Fn(Span) -> String,
    ) -> Self {
        let total = |row: &Vec<u64>| row.iter().sum::<u64>();
        let highest = counts.iter().map(total).max().unwrap_or(0);
        let width = WIDTH / counts.len().max(1) as f64;
        let bars = counts.iter().enumerate().map(|(index, row)| {
            let times = step(span, step_ms, index);
            let numbers = (series.iter().zip(row))
                .filter(|(_, count)| **count > 0)
                .map(|(series, count)| format!("{} {}", grouped(*count), series.name));
            let numbers: Vec<String> = numbers.collect();
            let label = format!(
                "{} to {}: {}",
                time(times.since),
                time(times.until),
                if numbers.is_empty() {
                    "none".to_owned()
                } else {
                    numbers.join(", ")
                }
            );
            Bar {
                x: rounded(index as f64 * width),
                width: rounded(width * 0.86),
                parts: parts(series, row, highest),
                label,
                href: zoom(times),
                is_empty: total(row) == 0,
            }
        });
        let sums = series.iter().enumerate().map(|(index, series)| {
            let sum: u64 = counts.iter().filter_map(|row| row.get(index)).sum();
            (*series, grouped(sum))
        });
        Self {
            noun,
            bars: bars.collect(),
            legend: sums.collect(),
            highest: grouped(highest),
            since: time(span.since),
            until: time(span.until),
            since_ms: span.since.as_millisecond(),
            until_ms: span.until.as_millisecond(),
        }
    }
}

/// The parts of one bar from below.
fn parts(series: &[Series], row: &[u64], highest: u64) -> Vec<Part> {
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (series, count) in series.iter().zip(row).filter(|(_, count)| **count > 0) {
        let height = (*count as f64 / highest.max(1) as f64 * HEIGHT).max(LEAST_HEIGHT);
        let height = height.min(top);
        top -= height;
        parts.push(Part {
            class: series.class,
            y: rounded(top),
            height: rounded(height),
        });
    }
    parts
}

/// The times of one bar.
fn step(span: Span, step_ms: i64, index: usize) -> Span {
    let at = |index: usize| {
        let offset = step_ms.saturating_mul(i64::try_from(index).unwrap_or(i64::MAX));
        let ms = span.since.as_millisecond().saturating_add(offset);
        Timestamp::from_millisecond(ms).unwrap_or(span.until)
    };
    Span {
        since: at(index),
        until: at(index + 1).min(span.until),
    }
}

/// A small histogram in a row of a table: all, and those that failed.
#[derive(Template)]
#[template(path = "sparkline.html")]
pub struct Sparkline {
    all: String,
    failed: String,
    label: String,
}

impl Sparkline {
    /// Pairs of all and failed.
    pub fn new(counts: &[(u64, u64)]) -> Self {
        let highest = counts.iter().map(|(all, _)| *all).max().unwrap_or(0).max(1);
        let width = WIDTH / counts.len().max(1) as f64;
        let path = |pick: fn(&(u64, u64)) -> u64| {
            let mut path = String::new();
            for (index, count) in counts
                .iter()
                .map(pick)
                .enumerate()
                .filter(|(_, count)| *count > 0)
            {
                let height = (count as f64 / highest as f64 * HEIGHT).max(LEAST_HEIGHT * 3.0);
                path.push_str(&format!(
                    "M{} 100v-{}h{}v{}z",
                    rounded(index as f64 * width),
                    rounded(height.min(HEIGHT)),
                    rounded(width * 0.86),
                    rounded(height.min(HEIGHT)),
                ));
            }
            path
        };
        let sum = |pick: fn(&(u64, u64)) -> u64| counts.iter().map(pick).sum::<u64>();
        Self {
            all: path(|(all, _)| *all),
            failed: path(|(_, failed)| *failed),
            label: format!(
                "{} invocations over time, {} failed",
                grouped(sum(|(all, _)| *all)),
                grouped(sum(|(_, failed)| *failed))
            ),
        }
    }
}

fn rounded(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `2026-11-23 10:00:00`, UTC.
pub fn time(time: Timestamp) -> String {
    let text = format!("{time:.0}");
    text.replace('T', " ").trim_end_matches('Z').to_owned()
}

/// The links of a histogram lead to the same view within other times.
pub fn zoom<'a>(query: &'a PageQuery, path: &'a str) -> impl Fn(Span) -> String + 'a {
    move |span| query.zoomed(span).href(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: [Series; 2] = [
        Series {
            class: "failed",
            name: "failed",
        },
        Series {
            class: "good",
            name: "succeeded",
        },
    ];

    #[test]
    fn a_histogram_is_links_without_script_and_style() {
        let at = |text: &str| text.parse().unwrap();
        let span = Span {
            since: at("2026-11-23T10:00:00Z"),
            until: at("2026-11-23T10:00:25Z"),
        };
        let query = PageQuery {
            text: "a\"b".to_owned(),
            ..PageQuery::default()
        };
        let counts = [vec![1, 999], vec![0, 0], vec![0, 500]];
        let plot = Plot::new(
            "invocations",
            &SERIES,
            span,
            10_000,
            &counts,
            zoom(&query, "/"),
        );
        let html = plot.render().unwrap();
        insta::assert_snapshot!(html);
        assert!(!html.contains("style="));
    }

    #[test]
    fn a_sparkline_shows_one_failure_among_many() {
        let html = Sparkline::new(&[(1000, 1), (0, 0), (10, 0)])
            .render()
            .unwrap();
        insta::assert_snapshot!(html);
    }
}
