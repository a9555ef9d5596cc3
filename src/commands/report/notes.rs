/*! A report goes in; sentences about its figures come out: what is an estimate, and what is not shown. Pure. */

use crate::commands::report::columns::{first_name, second_name};
use crate::commands::shared::table::{grouped, harmless};
use crate::search::report::{GroupBy, Report, Row, SortKey};

/// Most names in a sentence.
const MOST_NAMES: usize = 5;

/// `hidden` are the rows beyond the limit, `left_out` the columns that did not fit.
/// `bars_together` is how many times one bar joins.
pub fn notes(
    report: &Report,
    hidden: &[Row],
    left_out: &[&str],
    bars_together: u64,
) -> Vec<String> {
    let mut notes = vec![estimates(report, bars_together)];
    notes.extend(not_shown(report, hidden));
    notes.extend(not_read(report));
    if (report.before_groups).is_some_and(|groups| !groups.is_exact()) {
        notes.push(
            "± The span before has more rows than one request reads: changes of single rows may be wrong."
                .to_owned(),
        );
    }
    notes.extend(incomplete(report));
    notes.extend(costs(report));
    if report
        .rows
        .iter()
        .any(|row| row.memory.iter().any(|size| size.smaller.is_some()))
    {
        notes.push(
            "A smaller size leaves a fifth above the most that was used. Its saving assumes the same durations; less \
             memory is less CPU, so it is the most that can be saved."
                .to_owned(),
        );
    }
    if !left_out.is_empty() {
        notes.push(format!(
            "Left out, as the terminal is narrow: {}. --json has all figures.",
            left_out.join(", ")
        ));
    }
    notes
}

fn estimates(report: &Report, bars_together: u64) -> String {
    let step = report.step_ms.unsigned_abs().saturating_mul(bars_together);
    let step = humantime::format_duration(std::time::Duration::from_millis(step));
    let bars =
        format!("One bar is {step}, red if something failed; each row has a scale of its own.");
    let exact = match report.groups.is_exact() {
        true => "Counts, sums and maxima are exact",
        false => "The row of all is exact",
    };
    format!("~ Percentiles are estimates (TDigest). {exact}. {bars}")
}

fn not_shown(report: &Report, hidden: &[Row]) -> Option<String> {
    let all = report.rows.len();
    let kinds = kinds(report.by);
    let sort = sorted_by(report.sort);
    let gone: Vec<String> = hidden
        .iter()
        .filter(|row| row.is_gone())
        .take(MOST_NAMES)
        .map(name)
        .collect();
    (!hidden.is_empty()).then(|| {
        let gone = match gone.len() {
            0 => String::new(),
            _ => format!(
                " Not shown and without invocations now: {}.",
                gone.join(", ")
            ),
        };
        format!(
            "The first {} of {all} {kinds} by {sort}; --limit all shows all.{gone}",
            all - hidden.len()
        )
    })
}

/// OpenSearch chose the groups that it returned.
fn not_read(report: &Report) -> Option<String> {
    let groups = report.groups;
    if groups.left_out_invocations == 0 {
        return None;
    }
    let kinds = kinds(report.by);
    let of = groups
        .about
        .map_or_else(String::new, |about| format!(" of about {}", grouped(about)));
    let chosen = match report.sort {
        SortKey::ErrorRate => "errors (not by their rate)",
        SortKey::ColdStarts => "cold starts (not by their rate)",
        SortKey::Memory => "memory used (not by its share)",
        sort => sorted_by(sort),
    };
    let missing = match groups.missing_at_most {
        Some(0) => String::new(),
        Some(most) => format!(" A row may lack up to {} invocations.", grouped(most)),
        None => " A row may lack invocations, and a greater one may be missing.".to_owned(),
    };
    Some(format!(
        "There are more {kinds} than one request reads: these are from the {}{of} that come first by {chosen}. The others \
         have {} invocations.{missing} --function or TEXT asks for fewer.",
        grouped(groups.read),
        grouped(groups.left_out_invocations),
    ))
}

fn incomplete(report: &Report) -> Option<String> {
    let count = report.total.statuses.incomplete;
    (count > 0).then(|| {
        let (have, they) = match count {
            1 => ("invocation has", "It counts"),
            _ => ("invocations have", "They count"),
        };
        format!(
            "{} {have} no end yet. {they} in no error rate.",
            grouped(count)
        )
    })
}

fn costs(report: &Report) -> Option<String> {
    let total = &report.total;
    if total.invocations == 0 {
        return None;
    }
    let prices: Vec<String> = report
        .prices
        .iter()
        .take(MOST_NAMES)
        .map(|price| harmless(&price.price))
        .collect();
    let unpriced = total.invocations.saturating_sub(total.priced);
    let by = match prices.len() {
        0 => "Costs are unknown".to_owned(),
        _ => format!("Costs are estimates by the prices {}", prices.join(", ")),
    };
    Some(match unpriced {
        0 => format!("{by}."),
        count => format!(
            "{by}; {} of {} invocations have none.",
            grouped(count),
            grouped(total.invocations)
        ),
    })
}

fn kinds(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Function => "functions",
        GroupBy::Version => "versions",
        GroupBy::Error => "errors",
        GroupBy::Account => "accounts",
        GroupBy::Region => "regions",
    }
}

fn sorted_by(sort: SortKey) -> &'static str {
    match sort {
        SortKey::Invocations => "invocations",
        SortKey::Errors => "errors",
        SortKey::ErrorRate => "error rate",
        SortKey::Timeouts => "timeouts",
        SortKey::OutOfMemory => "out-of-memory",
        SortKey::ColdStarts => "rate of cold starts",
        SortKey::P50 => "p50",
        SortKey::P95 => "p95",
        SortKey::P99 => "p99",
        SortKey::Billed => "billed time",
        SortKey::Cost => "cost",
        SortKey::Memory => "share of memory used",
    }
}

fn name(row: &Row) -> String {
    let names = [first_name(&row.key), second_name(&row.key)];
    let names: Vec<String> = names.into_iter().flatten().map(harmless).collect();
    names.join(" ")
}
