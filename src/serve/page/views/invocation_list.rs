/*! Summaries go in; the rows of a list of invocations come out. Pure. */

use crate::search::reading::{cost, is_failed, status_text};
use crate::serve::page::inert::Inert;
use crate::serve::page::line_row::invocation;
use crate::serve::page::page_query::PageQuery;
use logferry_core::document::stored::StoredInvocation;

/// Most summaries that are read.
pub const MOST_SUMMARIES: usize = 200;
const LONGEST: usize = 1000;

/// Other invocations, and what they have in common.
pub struct Related {
    pub title: String,
    pub invocations: Vec<InvocationRow>,
    pub has_more: bool,
}

pub struct InvocationRow {
    pub start: Inert<'static>,
    pub function: Inert<'static>,
    pub request: Inert<'static>,
    pub href: String,
    pub status: Inert<'static>,
    pub is_failure: bool,
    pub duration: String,
    pub cost: String,
    pub first_error: Option<Inert<'static>>,
    pub is_current: bool,
}

pub fn related_rows(
    title: &str,
    invocations: &[StoredInvocation<'_>],
    query: &PageQuery,
    current: &str,
) -> Related {
    let rows = invocations
        .iter()
        .map(|summary| invocation_row(summary, query, current));
    Related {
        title: title.to_owned(),
        invocations: rows.collect(),
        has_more: invocations.len() >= MOST_SUMMARIES,
    }
}

pub fn invocation_row(
    summary: &StoredInvocation<'_>,
    query: &PageQuery,
    current: &str,
) -> InvocationRow {
    let request_id = summary.faas.invocation_id.as_deref().unwrap_or_default();
    let first_error = summary.invocation.first_error.as_deref();
    InvocationRow {
        start: Inert::line(
            summary
                .timestamp
                .replace('T', " ")
                .trim_end_matches('Z')
                .to_owned(),
        ),
        function: Inert::line(summary.faas.name.as_deref().unwrap_or_default().to_owned())
            .cut(LONGEST),
        request: Inert::line(request_id.to_owned()).cut(LONGEST),
        href: invocation(request_id, None, query),
        status: Inert::line(status_text(&summary.invocation)).cut(LONGEST),
        is_failure: !summary.invocation.status.is_empty() && is_failed(&summary.invocation.status),
        duration: summary
            .lambda
            .duration_ms
            .map_or_else(String::new, |ms| format!("{ms} ms")),
        cost: summary
            .invocation
            .estimated_cost_usd
            .map_or_else(String::new, cost),
        first_error: first_error.map(|error| Inert::line(error.to_owned()).cut(LONGEST)),
        is_current: !current.is_empty() && request_id == current,
    }
}
