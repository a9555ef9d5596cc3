/*! Invocation: a request id, a trace or a durable execution goes in; one invocation from start to end with what belongs
to it, or the list of the invocations that are meant, comes out. */

use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use crate::search::reading::{
    Clock, Fact, FactName, Reading, SUMMARY_AND_LINE_FIELDS, SUMMARY_EXCLUDES, SUMMARY_FIELDS,
    facts, is_failed, parse_time, signed_seconds,
};
use crate::search::report::Span;
use crate::search::{
    FoundRequests, Hit, Question, RequestLines, RequestSummaries, SearchClient, SearchError,
    SourceFields, View, find_requests_with_lines, named_invocations,
};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::dashboards::phrase;
use crate::serve::page::failure::PageError;
use crate::serve::page::inert::Inert;
use crate::serve::page::line_row::{ShownLine, fragment};
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::shared::{Answer, Shared};
use crate::serve::page::views::invocation_list::{
    MOST_SUMMARIES, Related, invocation_row, related_rows,
};
use crate::serve::page::views::search::incomplete_note;
use logferry_core::document::stored::{StoredInvocation, StoredLogDocument};

const PATH: &str = "/invocation";
/// Lines of one page.
const PAGE_SIZE: usize = 500;
const LONGEST: usize = 1000;
const SUMMARY: SourceFields = SourceFields::Except {
    includes: &SUMMARY_FIELDS,
    excludes: &SUMMARY_EXCLUDES,
};
const BOTH: SourceFields = SourceFields::Except {
    includes: &SUMMARY_AND_LINE_FIELDS,
    excludes: &SUMMARY_EXCLUDES,
};
const LINE_FIELDS: [&str; 8] = [
    "@timestamp",
    "message",
    "log.level",
    "lambda",
    "faas",
    "error",
    "aws.log.stream.name",
    "aws.s3.key",
];

#[derive(Template)]
#[template(path = "invocation.html")]
struct InvocationPage {
    head: Head,
    form: SearchForm,
    /// One list of facts for each log stream in which the request was tried.
    summaries: Vec<Vec<FactRow>>,
    rows: Vec<TimelineRow>,
    first_failure: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    related: Vec<Related>,
    foot: Foot,
}

#[derive(Template)]
#[template(path = "invocations.html")]
struct InvocationsPage {
    head: Head,
    form: SearchForm,
    related: Related,
    foot: Foot,
}

struct FactRow {
    name: &'static str,
    value: Inert<'static>,
    href: Option<String>,
    is_failure: bool,
}

struct TimelineRow {
    /// What begins with this line: another attempt, another stream, another object.
    parts: Vec<Inert<'static>>,
    at: String,
    after: String,
    line: ShownLine,
}

/// Where a line was logged.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    aws: PlaceAws,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceAws {
    s3: PlaceS3,
    log: PlaceLog,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceS3 {
    key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceLog {
    stream: PlaceStream,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceStream {
    name: String,
}

pub async fn page(shared: &Shared, query: &PageQuery, now: Timestamp) -> Result<Answer, PageError> {
    let named = [&query.request, &query.trace, &query.execution];
    if named.iter().filter(|name| !name.is_empty()).count() != 1 {
        return Err(PageError::Query(vec![
            "give one of request, trace and execution".to_owned(),
        ]));
    }
    let question = named_by(query);
    let client = shared.client();
    let found = find_requests_with_lines(&client, &question, now, MOST_SUMMARIES, BOTH).await?;
    match &found.requests[..] {
        [] => Err(PageError::NotFound(not_found(query))),
        [request] if !query.request.is_empty() => one(shared, &client, query, request, now).await,
        _ => {
            let invocations = named_invocations(&question, now);
            let curl = shared.curl_of("these invocations", &client, &invocations, MOST_SUMMARIES);
            let mut page = many(&found, query)?;
            page.head.notes.extend(incomplete_note(&client));
            page.foot = Foot::new(vec![curl], None);
            Answer::page(&page)
        }
    }
}

/// Times do not count: an id names its invocation at any time.
fn named_by(query: &PageQuery) -> Question {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Question {
        view: View::Timeline,
        request_id: text(&query.request),
        trace_id: text(&query.trace),
        execution: text(&query.execution),
        ..Question::default()
    }
}

fn not_found(query: &PageQuery) -> String {
    if !query.request.is_empty() {
        format!("no invocation and no line of request {}", query.request)
    } else if !query.trace.is_empty() {
        format!("no invocation in trace {}", query.trace)
    } else {
        format!("no invocation of execution {}", query.execution)
    }
}

async fn one(
    shared: &Shared,
    client: &SearchClient,
    query: &PageQuery,
    request: &RequestSummaries,
    now: Timestamp,
) -> Result<Answer, PageError> {
    let summaries = documents(&request.summaries)?;
    let lines = RequestLines::new(client, request, &summaries)?;
    let from = (query.page.max(1) - 1).saturating_mul(PAGE_SIZE);
    let first = summaries.first();
    let trace = first.and_then(|summary| summary.aws.xray.trace_id.as_deref());
    let execution = first.and_then(|summary| summary.lambda.durable.execution_arn.as_deref());
    let of_trace = trace.map(|trace| Question {
        view: View::Timeline,
        trace_id: Some(trace.to_owned()),
        ..Question::default()
    });
    let of_execution = execution.map(|execution| Question {
        view: View::Timeline,
        execution: Some(execution.to_owned()),
        ..Question::default()
    });
    let (hits, in_trace, in_execution) = tokio::try_join!(
        lines.window(
            client,
            from,
            PAGE_SIZE + 1,
            SourceFields::Only(&LINE_FIELDS)
        ),
        related(client, of_trace, now),
        related(client, of_execution, now),
    )?;
    let mut page = invocation_page(query, &request.request_id, &summaries, &hits)?;
    for (title, hits) in [
        ("In the same trace", in_trace),
        ("In the same durable execution", in_execution),
    ] {
        let invocations = documents(&hits)?;
        if invocations.len() > 1 {
            page.related.push(related_rows(
                title,
                &invocations,
                query,
                &request.request_id,
            ));
        }
    }
    page.head.notes.extend(incomplete_note(client));
    let curl = shared.curl_of(
        "the lines of this invocation",
        client,
        &lines.query,
        PAGE_SIZE,
    );
    let dashboards = shared.dashboards.as_ref().and_then(|to| {
        let by_id = format!("faas.invocation_id:{}", phrase(&request.request_id));
        Some(to.discover(&by_id, around(&summaries, &hits)?))
    });
    page.foot = Foot::new(vec![curl], dashboards);
    Answer::page(&page)
}

/// The summaries that a question names; none without a question.
async fn related(
    client: &SearchClient,
    question: Option<Question>,
    now: Timestamp,
) -> Result<Vec<Hit>, SearchError> {
    match question {
        Some(question) => {
            let query = named_invocations(&question, now);
            client.hits(&query, 0, MOST_SUMMARIES, SUMMARY).await
        }
        None => Ok(Vec::new()),
    }
}

/// An hour around the lines: Dashboards shows nothing outside of its times.
fn around(summaries: &[StoredInvocation<'_>], hits: &[Hit]) -> Option<Span> {
    let starts = summaries
        .iter()
        .filter_map(|summary| parse_time(&summary.timestamp));
    let lines = hits
        .iter()
        .filter_map(|hit| Timestamp::from_millisecond(hit.sort.first()?.as_i64()?).ok());
    let times: Vec<Timestamp> = starts.chain(lines).collect();
    let hour = jiff::SignedDuration::from_hours(1);
    Some(Span {
        since: times.iter().min()?.checked_sub(hour).ok()?,
        until: times.iter().max()?.checked_add(hour).ok()?,
    })
}

fn invocation_page(
    query: &PageQuery,
    request_id: &str,
    summaries: &[StoredInvocation<'_>],
    hits: &[Hit],
) -> Result<InvocationPage, PageError> {
    let title = format!(
        "Invocation {}",
        crate::search::reading::harmless(request_id)
    );
    let mut head = Head::new(&title, PATH, query);
    if summaries.is_empty() {
        head.notes
            .push("There is no summary of this request yet, only its lines.".to_owned());
    }
    let page = query.page.max(1);
    let at = |page: usize| {
        PageQuery {
            page,
            ..query.clone()
        }
        .href(PATH)
    };
    let rows = timeline(summaries, &hits[..hits.len().min(PAGE_SIZE)], page == 1)?;
    Ok(InvocationPage {
        head,
        form: SearchForm::new(&query.times()),
        summaries: (summaries.iter())
            .map(|summary| fact_rows(summary, query))
            .collect(),
        first_failure: (rows.iter().find(|row| row.line.is_failure))
            .map(|row| fragment(&row.line.anchor)),
        rows,
        newer: (hits.len() > PAGE_SIZE).then(|| at(page + 1)),
        older: (page > 1).then(|| at(page - 1)),
        related: Vec::new(),
        foot: Foot::new(Vec::new(), None),
    })
}

fn fact_rows(summary: &StoredInvocation<'_>, query: &PageQuery) -> Vec<FactRow> {
    let failed = is_failed(&summary.invocation.status);
    let href = |name: FactName| {
        let linked = match name {
            FactName::Function => {
                let functions = vec![summary.faas.name.as_deref()?.to_owned()];
                let only = PageQuery {
                    functions,
                    ..query.times()
                };
                return Some(only.href("/search"));
            }
            FactName::Trace => PageQuery {
                trace: summary.aws.xray.trace_id.as_deref()?.to_owned(),
                ..query.times()
            },
            FactName::Execution => {
                let durable = &summary.lambda.durable;
                let name = durable
                    .execution_arn
                    .as_deref()
                    .or(durable.execution_name.as_deref())?;
                PageQuery {
                    execution: name.to_owned(),
                    ..query.times()
                }
            }
            _ => return None,
        };
        Some(linked.href(PATH))
    };
    let row = |(name, value): Fact| FactRow {
        name: name.as_str(),
        value: Inert::line(value).cut(LONGEST),
        href: href(name),
        is_failure: failed && matches!(name, FactName::Status | FactName::FirstError),
    };
    facts(summary).into_iter().map(row).collect()
}

/// `is_start`: the lines are those from the start on.
fn timeline(
    summaries: &[StoredInvocation<'_>],
    hits: &[Hit],
    is_start: bool,
) -> Result<Vec<TimelineRow>, PageError> {
    let mut clock = Clock::new(summaries);
    let mut rows = Vec::with_capacity(hits.len());
    let mut attempts = 0;
    let mut before: Option<Place> = None;
    for hit in hits {
        let document: StoredLogDocument<'_> = hit.document()?;
        let place: Place = hit.document()?;
        let mut parts = Vec::new();
        if document.lambda.line_type.as_deref() == Some("platform.start") {
            attempts += 1;
            if attempts > 1 && is_start {
                parts.push(Inert::line(format!("Attempt {attempts}")));
            }
        }
        if let Some(before) = &before {
            let (stream, key) = (&place.aws.log.stream.name, &place.aws.s3.key);
            if !stream.is_empty() && *stream != before.aws.log.stream.name {
                parts.push(Inert::line(format!("From log stream {stream}")).cut(LONGEST));
            }
            if !key.is_empty() && *key != before.aws.s3.key {
                parts.push(Inert::line(format!("From object {key}")).cut(LONGEST));
            }
        }
        before = Some(place);
        let Reading { at, after } = clock.read(&document.timestamp);
        rows.push(TimelineRow {
            parts,
            at: at.map_or_else(String::new, signed_seconds),
            after: after.map_or_else(String::new, |ms| format!("{ms} ms")),
            line: ShownLine::unfolded(hit, &document),
        });
    }
    Ok(rows)
}

fn many(found: &FoundRequests, query: &PageQuery) -> Result<InvocationsPage, PageError> {
    let (name, value) = if !query.trace.is_empty() {
        ("Trace", &query.trace)
    } else if !query.execution.is_empty() {
        ("Execution", &query.execution)
    } else {
        ("Requests that begin with", &query.request)
    };
    let title = format!("{name} {}", crate::search::reading::harmless(value));
    let mut rows = Vec::new();
    for request in &found.requests {
        let summaries: Vec<StoredInvocation<'_>> = documents(&request.summaries)?;
        rows.extend(
            summaries
                .iter()
                .map(|summary| invocation_row(summary, query, "")),
        );
        if summaries.is_empty() {
            let only_lines = StoredInvocation {
                faas: logferry_core::document::stored::StoredFaas {
                    invocation_id: Some(request.request_id.as_str().into()),
                    ..Default::default()
                },
                ..Default::default()
            };
            rows.push(invocation_row(&only_lines, query, ""));
        }
    }
    Ok(InvocationsPage {
        head: Head::new(&title, PATH, query),
        form: SearchForm::new(&query.times()),
        related: Related {
            title: "Invocations by their start".to_owned(),
            invocations: rows,
            has_more: found.has_more,
        },
        foot: Foot::new(Vec::new(), None),
    })
}

fn documents<'a, D: Deserialize<'a>>(hits: &'a [Hit]) -> Result<Vec<D>, SearchError> {
    hits.iter().map(Hit::document).collect()
}

#[cfg(test)]
mod tests;
