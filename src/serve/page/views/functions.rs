/*! Functions: the invocations of a span go in; a row for each function and a histogram by status come out. */

use askama::Template;
use jiff::Timestamp;

use crate::search::reading::{cost, grouped};
use crate::search::report::{GroupBy, GroupKey, Report, ReportQuestion, Row, SortKey, TotalBucket};
use crate::search::{Order, Question, list};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::failure::PageError;
use crate::serve::page::inert::Inert;
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::plot::{MOST_BARS, Plot, Series, Sparkline, time, zoom};
use crate::serve::page::shared::{Answer, Shared};
use crate::serve::page::views::search::{closed_note, incomplete_note};

const PATH: &str = "/";
/// Bars by status, the failures at the bottom.
const SERIES: [Series; 5] = [
    Series {
        class: "failed",
        name: "errors",
    },
    Series {
        class: "timeout",
        name: "timeouts",
    },
    Series {
        class: "memory",
        name: "out of memory",
    },
    Series {
        class: "unknown",
        name: "incomplete",
    },
    Series {
        class: "good",
        name: "succeeded",
    },
];
/// The columns by which the rows can be sorted, with their names in the URL.
const COLUMNS: [(&str, &str, SortKey); 6] = [
    ("invocations", "Invocations", SortKey::Invocations),
    ("errors", "Errors", SortKey::Errors),
    ("rate", "Error rate", SortKey::ErrorRate),
    ("p95", "p95", SortKey::P95),
    ("cold", "Cold starts", SortKey::ColdStarts),
    ("cost", "Cost", SortKey::Cost),
];

#[derive(Template)]
#[template(path = "functions.html")]
struct FunctionsPage {
    head: Head,
    form: SearchForm,
    plot: Plot,
    columns: Vec<Column>,
    rows: Vec<FunctionRow>,
    /// Where to look if there is nothing in the span.
    newest: Option<(String, String)>,
    foot: Foot,
}

struct Column {
    name: &'static str,
    href: String,
    is_sorted: bool,
}

struct FunctionRow {
    name: Inert<'static>,
    lines: String,
    invocations: String,
    /// Number and link to the errors; none without one.
    errors: Option<(String, String)>,
    kinds: String,
    rate: String,
    p95: String,
    cold: String,
    cost: String,
    sparkline: Sparkline,
    is_failing: bool,
}

pub async fn page(shared: &Shared, query: &PageQuery, now: Timestamp) -> Result<Answer, PageError> {
    let span = query.span(now).map_err(PageError::Query)?;
    let client = shared.client();
    let filter = Question {
        functions: query.functions.clone(),
        ..Question::default()
    };
    let question = ReportQuestion::new(
        filter,
        GroupBy::Function,
        sort(query),
        span,
        None,
        MOST_BARS,
    );
    let invocations = question.invocations_of_span();
    let report = client.report(&question, now).await?;
    let closed = client.met_closed_indices(&invocations, now).await?;
    let newest = match report.total.invocations {
        0 => client.newest_invocation(&question, now).await?,
        _ => None,
    };
    let listed = list(&invocations, now, Order::NewestFirst);
    let curl = shared.curl_of("the invocations of these times", &client, &listed, 50);
    let dashboards = shared
        .dashboards
        .as_ref()
        .map(|to| to.discover("lambda.type:platform.report", span));
    let mut page = functions_page(&report, query, newest);
    page.foot = Foot::new(vec![curl], dashboards);
    page.head.notes.extend(closed_note(&closed));
    page.head.notes.extend(incomplete_note(&client));
    Answer::page(&page)
}

fn sort(query: &PageQuery) -> SortKey {
    let column = COLUMNS.iter().find(|(name, ..)| *name == query.sort);
    column.map_or(SortKey::Errors, |(.., key)| *key)
}

fn functions_page(report: &Report, query: &PageQuery, newest: Option<Timestamp>) -> FunctionsPage {
    let counts: Vec<Vec<u64>> = report.over_time.iter().map(by_status).collect();
    let mut head = Head::new("Functions", PATH, query).with_times(PATH, query, report.span);
    if report.groups.left_out_invocations > 0 {
        head.notes.push(format!(
            "Only the {} functions that come first are listed; {} invocations of others are in the histogram alone.",
            report.groups.read,
            grouped(report.groups.left_out_invocations)
        ));
    }
    let newest = newest.map(|newest| {
        let day = PageQuery {
            since: format!("{}", newest.strftime("%Y-%m-%d")),
            until: format!("{}", newest.strftime("%Y-%m-%d")),
            ..query.first_page()
        };
        (time(newest), day.href(PATH))
    });
    let sorted = sort(query);
    let columns = COLUMNS.map(|(name, shown, key)| Column {
        name: shown,
        href: PageQuery {
            sort: name.to_owned(),
            ..query.clone()
        }
        .href(PATH),
        is_sorted: key == sorted,
    });
    FunctionsPage {
        head,
        form: SearchForm::new(&query.times()),
        plot: Plot::new(
            "invocations",
            &SERIES,
            report.span,
            report.step_ms,
            &counts,
            zoom(query, PATH),
        ),
        columns: columns.into(),
        rows: report
            .rows
            .iter()
            .map(|row| function_row(row, query))
            .collect(),
        newest,
        foot: Foot::new(Vec::new(), None),
    }
}

fn by_status(bucket: &TotalBucket) -> Vec<u64> {
    let statuses = &bucket.statuses;
    vec![
        statuses.error,
        statuses.timeout,
        statuses.out_of_memory,
        statuses.incomplete,
        statuses.success,
    ]
}

fn function_row(row: &Row, query: &PageQuery) -> FunctionRow {
    let name = match &row.key {
        GroupKey::Function { function } => function.clone(),
        _ => None,
    };
    let only = PageQuery {
        functions: name.clone().into_iter().collect(),
        ..query.times()
    };
    let figures = &row.now;
    let statuses = &figures.statuses;
    let kinds = [
        (statuses.timeout, "timeouts"),
        (statuses.out_of_memory, "out of memory"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds
        .map(|(count, name)| format!("{name}: {}", grouped(*count)))
        .collect();
    let percent = |share: Option<f64>| {
        share.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0))
    };
    let counts: Vec<(u64, u64)> = (row.over_time.iter())
        .map(|bucket| (bucket.invocations, bucket.failed))
        .collect();
    FunctionRow {
        name: Inert::line(name.unwrap_or_else(|| "(without a name)".to_owned())).cut(200),
        lines: only.href("/search"),
        invocations: grouped(figures.invocations),
        errors: (figures.errors > 0).then(|| (grouped(figures.errors), only.href("/errors"))),
        kinds: kinds.join(", "),
        rate: percent(figures.error_rate),
        p95: figures
            .duration_ms
            .as_ref()
            .map_or_else(String::new, |d| duration(d.p95)),
        cold: percent(figures.cold_start_rate),
        cost: if figures.priced > 0 {
            cost(figures.cost_usd)
        } else {
            String::new()
        },
        sparkline: Sparkline::new(&counts),
        is_failing: figures.errors > 0,
    }
}

/// `1.23 s` or `45 ms`.
fn duration(ms: f64) -> String {
    if ms >= 1000.0 {
        format!("{:.2} s", ms / 1000.0)
    } else {
        format!("{ms:.0} ms")
    }
}
