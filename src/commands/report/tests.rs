//! Whole reports as they are printed.

use jiff::{SignedDuration, Timestamp};

use crate::commands::report::render::{Layout, rendered};
use crate::search::report::{
    ErrorExample, Figures, GroupBy, GroupCount, GroupKey, MemoryUse, PriceCount, Quantiles,
    ReasonCount, Report, Row, SmallerSize, SortKey, Span, StatusCounts, TimeBucket, TotalBucket,
};

const HOUR_MS: i64 = 3_600_000;

fn a_day() -> Span {
    Span {
        since: "2026-11-23T12:00:00Z".parse().unwrap(),
        until: "2026-11-24T12:00:00Z".parse().unwrap(),
    }
}

fn starts() -> impl Iterator<Item = Timestamp> {
    (0..24).map(|hour| a_day().since + SignedDuration::from_hours(hour))
}

/// Figures that follow from a few numbers.
fn figures(success: u64, error: u64, timeout: u64) -> Figures {
    let invocations = success + error + timeout;
    let errors = error + timeout;
    let share = |part: u64| (invocations > 0).then(|| part as f64 / invocations as f64);
    let known = |value: f64| (invocations > 0).then_some(value);
    Figures {
        invocations,
        statuses: StatusCounts {
            success,
            error,
            timeout,
            ..StatusCounts::default()
        },
        errors,
        error_rate: share(errors),
        attempts: invocations,
        cold_starts: invocations / 50,
        cold_start_known: invocations,
        cold_start_rate: share(invocations / 50),
        init_p95_ms: known(412.5),
        duration_ms: (invocations > 0).then_some(Quantiles {
            p50: 12.52,
            p95: 140.0 + errors as f64,
            p99: 1479.22,
        }),
        longest_ms: known(3000.0),
        measured: invocations,
        billed_ms: invocations as f64 * 23.0,
        cost_usd: invocations as f64 * 0.000_001_733,
        priced: invocations,
        memory_used_max_mb: known(210.0),
        memory_used_p99_mb: known(190.0),
        memory_size_mb: known(1024.0),
        memory_used_share: known(210.0 / 1024.0),
        newest: known(0.0).and_then(|_| starts().last()),
    }
}

fn row(key: GroupKey, now: Figures, before: Option<Figures>) -> Row {
    let bucket = |(hour, start): (usize, Timestamp)| TimeBucket {
        start,
        invocations: now.invocations * hour as u64 / 276,
        failed: u64::from(hour == 20 && now.errors > 0),
    };
    let smaller = SmallerSize {
        size_mb: 256.0,
        saves_at_most_usd: now.cost_usd / 2.0,
    };
    let memory = MemoryUse {
        size_mb: 1024.0,
        invocations: now.invocations,
        used_mb: Some(210.0),
        cost_usd: now.cost_usd,
        smaller: Some(smaller),
    };
    let reason = |status: &str, error_type: Option<&str>, invocations| ReasonCount {
        status: status.to_owned(),
        error_type: error_type.map(str::to_owned),
        invocations,
    };
    let mut reasons = vec![
        reason("error", Some("Runtime.ExitError"), now.statuses.error / 2),
        reason("error", None, now.statuses.error / 2),
        reason("timeout", None, now.statuses.timeout / 2),
    ];
    reasons.retain(|reason| reason.invocations > 0);
    Row {
        key,
        over_time: starts().enumerate().map(bucket).collect(),
        reasons,
        memory: if now.invocations > 1000 {
            vec![memory]
        } else {
            vec![]
        },
        functions: None,
        example: None,
        now,
        before,
    }
}

fn report(by: GroupBy, rows: Vec<Row>) -> Report {
    let total = |success, error| StatusCounts {
        success,
        error,
        ..StatusCounts::default()
    };
    let bucket = |(hour, start): (usize, Timestamp)| TotalBucket {
        start,
        statuses: total(hour as u64 * 7, u64::from(hour == 20)),
    };
    Report {
        by,
        sort: SortKey::Invocations,
        span: a_day(),
        before_span: None,
        step_ms: HOUR_MS,
        total: figures(14_000, 40, 3),
        before_total: None,
        over_time: starts().enumerate().map(bucket).collect(),
        groups: GroupCount {
            read: rows.len() as u64,
            missing_at_most: Some(0),
            ..GroupCount::default()
        },
        before_groups: None,
        rows,
        prices: vec![PriceCount {
            price: "x86_64/eu-central-1/2025-08".to_owned(),
            invocations: 14_043,
        }],
    }
}

fn function(name: &str) -> GroupKey {
    GroupKey::Function {
        function: Some(name.to_owned()),
    }
}

fn by_function(compared: bool) -> Report {
    let before = |figures: Figures| compared.then_some(figures);
    let rows = vec![
        row(
            function("orders"),
            figures(13_000, 30, 0),
            before(figures(12_000, 10, 0)),
        ),
        row(
            function("checkout-of-the-shop-in-the-north"),
            figures(900, 10, 3),
            before(figures(0, 0, 0)),
        ),
        row(
            function("thumbnails"),
            figures(100, 0, 0),
            before(figures(200, 0, 0)),
        ),
        row(
            GroupKey::Function { function: None },
            figures(1, 0, 0),
            None,
        ),
        row(
            function("retired"),
            figures(0, 0, 0),
            before(figures(7, 0, 0)),
        ),
    ];
    let mut report = report(GroupBy::Function, rows);
    if compared {
        report.before_span = a_day().earlier(SignedDuration::from_hours(24));
        report.before_total = Some(figures(12_207, 10, 0));
    } else {
        report.rows.pop();
    }
    report
}

fn shown(report: &Report, columns: Option<usize>, limit: Option<usize>) -> String {
    rendered(report, Layout { columns, limit })
}

#[test]
fn reports_as_they_are_printed() {
    insta::assert_snapshot!("wide", shown(&by_function(false), Some(180), Some(20)));
    insta::assert_snapshot!("narrow", shown(&by_function(false), Some(80), Some(2)));
    insta::assert_snapshot!("piped", shown(&by_function(true), None, None));
    insta::assert_snapshot!(
        "compared_narrow",
        shown(&by_function(true), Some(80), Some(3))
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in [60, 72, 80, 100, 120, 140, 200] {
        for compared in [false, true] {
            // The title and headings are sentences, which the terminal wraps.
            let shown = shown(&by_function(compared), Some(columns), None);
            for line in shown.lines().filter(|line| line.starts_with("  ")) {
                let width = console::measure_text_width(line);
                assert!(width <= columns, "{width} of {columns}: {line}");
            }
        }
    }
}

#[test]
fn the_sorted_column_is_never_left_out() {
    for (sort, head) in [
        (SortKey::Billed, "billed"),
        (SortKey::OutOfMemory, "oom"),
        (SortKey::P50, "~p50"),
        (SortKey::Memory, "memory"),
    ] {
        let mut report = by_function(true);
        report.sort = sort;
        let shown = shown(&report, Some(80), None);
        let heads = shown.lines().find(|line| line.contains("over time"));
        assert!(heads.unwrap().contains(head), "{shown}");
    }
}

#[test]
fn names_of_strangers_do_nothing_to_a_terminal() {
    let hostile = "a\u{1b}[2J\u{202e}b\nc\u{9b}";
    let mut error = row(
        GroupKey::Error {
            status: "error".to_owned(),
            error_type: Some(hostile.to_owned()),
        },
        figures(0, 5, 0),
        None,
    );
    error.functions = Some(2);
    error.example = Some(ErrorExample {
        function: Some(hostile.to_owned()),
        request_id: Some(hostile.to_owned()),
        first_error: Some(hostile.repeat(50)),
    });
    let mut by_error = report(GroupBy::Error, vec![error]);
    by_error.prices[0].price = hostile.to_owned();
    let mut by_function = report(
        GroupBy::Function,
        vec![row(function(hostile), figures(2000, 5, 0), None)],
    );
    by_function.rows[0].reasons[0].error_type = Some(hostile.to_owned());
    by_function.rows[0].reasons[1].status = hostile.to_owned();
    for report in [by_error, by_function] {
        for columns in [None, Some(80), Some(200)] {
            let shown = shown(&report, columns, None);
            let harmful =
                |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
            assert!(!shown.contains(harmful), "{shown:?}");
            assert!(!shown.lines().any(|line| line.starts_with('c')), "{shown}");
        }
        insta::assert_snapshot!(shown(&report, Some(100), None));
    }
}

#[test]
fn what_was_not_read_is_said() {
    let mut report = by_function(false);
    for (sort, missing_at_most, about) in [
        (SortKey::Invocations, Some(0), Some(1234)),
        (SortKey::Invocations, Some(12), Some(1234)),
        (SortKey::ErrorRate, None, None),
    ] {
        report.sort = sort;
        report.groups = GroupCount {
            read: 909,
            about,
            left_out_invocations: 4321,
            missing_at_most,
        };
        report.before_groups = Some(report.groups);
        report.total.statuses.incomplete = 1;
        report.total.priced -= 1;
        let shown = shown(&report, None, Some(1));
        let (_, notes) = shown.rsplit_once("\n\n").unwrap();
        insta::assert_snapshot!(notes);
    }
}

#[test]
fn json_has_every_figure() {
    let mut report = by_function(true);
    report.rows.truncate(1);
    report.over_time.truncate(1);
    report.rows[0].over_time.truncate(1);
    insta::assert_json_snapshot!(report);
}
