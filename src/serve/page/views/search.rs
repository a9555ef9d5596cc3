/*! Search: a question in the language of `search` goes in; a histogram by level, filters to click and the lines come
out, the lines as they arrive. */

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;

use crate::search::overview::{Facet, LineBucket, Lines, MAX_WINDOW};
use crate::search::reading::{LOG_FIELDS, grouped, harmless};
use crate::search::{
    Hit, Order, Query, SearchClient, SourceFields, TextCheck, View, check_text, list, names_fields,
    refused_text,
};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::dashboards::phrase;
use crate::serve::page::failure::PageError;
use crate::serve::page::line_row::ListRow;
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::plot::{MOST_BARS, Plot, Series, time, zoom};
use crate::serve::page::shared::{Answer, Shared};
use crate::sink::IndexError;

const PATH: &str = "/search";
const SERIES: [Series; 3] = [
    Series {
        class: "failed",
        name: "errors",
    },
    Series {
        class: "warned",
        name: "warnings",
    },
    Series {
        class: "good",
        name: "other lines",
    },
];
/// Lines that come with the page; others follow.
const FIRST: usize = 50;
/// Lines of one page.
const PAGE_SIZE: usize = 200;
/// Most closed indices that a note names.
const NAMED_INDICES: usize = 5;
/// A whole request id.
const REQUEST_ID_LENGTH: usize = 36;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    head: Head,
    form: SearchForm,
    plot: Plot,
    facets: Vec<FacetList>,
    count: String,
    /// Where to look if there is nothing in the span.
    newest: Option<(String, String)>,
    rows: Vec<ListRow>,
    is_empty: bool,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    rows: Vec<ListRow>,
}

#[derive(Template)]
#[template(path = "search_end.html")]
struct SearchEnd {
    failure: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    /// Lines behind the last page that can be read.
    is_too_far: bool,
    foot: Foot,
}

struct FacetList {
    name: &'static str,
    values: Vec<FacetLink>,
}

struct FacetLink {
    value: String,
    lines: String,
    href: String,
    is_set: bool,
}

pub async fn page(shared: &Shared, query: &PageQuery, now: Timestamp) -> Result<Answer, PageError> {
    if is_request_id(&query.text) && !query.literal && !query.errors {
        let invocation = PageQuery {
            request: query.text.to_ascii_lowercase(),
            ..query.times()
        };
        return Ok(Answer::Elsewhere(invocation.href("/invocation")));
    }
    let span = query.span(now).map_err(PageError::Query)?;
    let question = query.question(span, View::Lines);
    let client = shared.client();
    let lines = list(&question, now, Order::NewestFirst);
    let from = (query.page.max(1) - 1).saturating_mul(PAGE_SIZE);
    if from >= MAX_WINDOW {
        let most = MAX_WINDOW / PAGE_SIZE;
        return Err(PageError::Query(vec![format!(
            "page: there are at most {most}; ask for a shorter time instead"
        )]));
    }
    let fields = SourceFields::Only(&LOG_FIELDS);
    let (checked, overview, first) = tokio::join!(
        check(&client, query, &lines),
        client.line_overview(&question, span, MOST_BARS, now),
        client.hits(&lines, from, FIRST, fields),
    );
    let unchecked = checked?;
    let in_words = |error| text_refusal(error, query);
    let (overview, first) = (overview.map_err(in_words)?, first.map_err(in_words)?);
    let closed = client.met_closed_indices(&question, now).await?;
    let newest = match overview.total {
        0 => client.newest_line(&question, now).await?,
        _ => None,
    };
    let mut page = search_page(&overview, &first, query, newest)?;
    page.head.notes.extend(closed_note(&closed));
    page.head.notes.extend(incomplete_note(&client));
    page.head.notes.extend(unchecked);
    let curl = shared.curl_of("these lines", &client, &lines, FIRST);
    let dashboards = shared.dashboards.as_ref();
    let dashboards = dashboards.map(|to| to.discover(&lucene(query), span));
    let foot = Foot::new(vec![curl], dashboards);
    let rest = Rest {
        seen: first.iter().map(|hit| hit.id.clone()).collect(),
        total: overview.total,
        next: from + first.len(),
        end: from + PAGE_SIZE,
        is_first_full: first.len() == FIRST,
        lines,
        client,
        query: query.clone(),
        timeout: shared.timeout,
        foot: Some(foot),
    };
    Answer::streamed(&page, rest.stream())
}

/// Whether the text makes sense as a query, as OpenSearch says. A note, if that could not be found out.
async fn check(
    client: &SearchClient,
    query: &PageQuery,
    lines: &Query,
) -> Result<Option<String>, PageError> {
    if query.text.is_empty() {
        return Ok(None);
    }
    let check = match client.validate(lines).await {
        Ok(response) => check_text(&query.text, query.literal, &response),
        Err(error @ IndexError::Unanswered(_)) => return Err(error.into()),
        Err(error) => TextCheck::Unknown(error.to_string()),
    };
    match check {
        TextCheck::Wrong(problem) => Err(PageError::Text(problem.to_string())),
        TextCheck::Unknown(why) if !query.literal && names_fields(&query.text) => {
            Ok(Some(format!(
                "Whether the fields in the text exist could not be checked, so that an empty answer proves nothing: {}",
                harmless(&why)
            )))
        }
        TextCheck::Good | TextCheck::Unknown(_) => Ok(None),
    }
}

/// A search that failed because of its text is the reader's to correct.
fn text_refusal(error: crate::search::SearchError, query: &PageQuery) -> PageError {
    match refused_text(&error.to_string()) {
        Some(problem) if !query.text.is_empty() => PageError::Text(problem.to_string()),
        _ => error.into(),
    }
}

fn search_page(
    lines: &Lines,
    first: &[Hit],
    query: &PageQuery,
    newest: Option<Timestamp>,
) -> Result<SearchPage, PageError> {
    let by_level = |bucket: &LineBucket| vec![bucket.errors, bucket.warnings, bucket.others];
    let counts: Vec<Vec<u64>> = lines.over_time.iter().map(by_level).collect();
    let rows: Result<Vec<ListRow>, _> = first.iter().map(|hit| ListRow::new(hit, query)).collect();
    let newest = newest.map(|newest| {
        let day = newest.strftime("%Y-%m-%d").to_string();
        let day = PageQuery {
            since: day.clone(),
            until: day,
            ..query.first_page()
        };
        (time(newest), day.href(PATH))
    });
    Ok(SearchPage {
        head: Head::new("Search", PATH, query).with_times(PATH, query, lines.span),
        form: SearchForm::new(query),
        plot: Plot::new(
            "lines",
            &SERIES,
            lines.span,
            lines.step_ms,
            &counts,
            zoom(query, PATH),
        ),
        facets: facets(lines, query),
        count: match lines.total {
            1 => "1 line".to_owned(),
            total => format!("{} lines, the newest first", grouped(total)),
        },
        newest,
        is_empty: first.is_empty(),
        rows: rows?,
    })
}

fn facets(lines: &Lines, query: &PageQuery) -> Vec<FacetList> {
    type Pick = fn(&mut PageQuery) -> &mut Vec<String>;
    let lists: [(&'static str, &[Facet], Pick); 3] = [
        ("Functions", &lines.functions, |query| &mut query.functions),
        ("Levels", &lines.levels, |query| &mut query.levels),
        ("Error types", &lines.error_types, |query| {
            &mut query.error_types
        }),
    ];
    let lists = lists
        .into_iter()
        .filter(|(_, facets, _)| !facets.is_empty());
    lists
        .map(|(name, facets, pick)| {
            let link = |facet: &Facet| {
                let mut toggled = query.first_page();
                let values = pick(&mut toggled);
                let is_set = values.contains(&facet.value);
                if is_set {
                    values.retain(|value| *value != facet.value);
                } else {
                    values.push(facet.value.clone());
                }
                FacetLink {
                    value: harmless(&facet.value),
                    lines: grouped(facet.lines),
                    href: toggled.href(PATH),
                    is_set,
                }
            };
            FacetList {
                name,
                values: facets.iter().map(link).collect(),
            }
        })
        .collect()
}

/// What follows the first lines.
struct Rest {
    client: SearchClient,
    lines: Query,
    query: PageQuery,
    seen: HashSet<String>,
    total: u64,
    next: usize,
    /// Position of the first line that the page does not show.
    end: usize,
    is_first_full: bool,
    timeout: Duration,
    /// Taken when the page has ended.
    foot: Option<Foot>,
}

impl Rest {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        unfold(self, |mut rest| async move {
            let chunk = rest.chunk().await?;
            Some((Ok(Bytes::from(chunk)), rest))
        })
    }

    /// The next rows, or the end of the page; `None` behind it.
    async fn chunk(&mut self) -> Option<String> {
        self.foot.as_ref()?;
        let size = self.end.min(MAX_WINDOW).saturating_sub(self.next);
        if !self.is_first_full || size == 0 {
            return self.finish(None);
        }
        self.is_first_full = false;
        let fields = SourceFields::Only(&LOG_FIELDS);
        let hits = self.client.hits(&self.lines, self.next, size, fields);
        match tokio::time::timeout(self.timeout, hits).await {
            Ok(Ok(hits)) => match self.rows(&hits) {
                Ok(rows) => Some(rows),
                Err(error) => self.finish(Some(error.to_string())),
            },
            Ok(Err(error)) => self.finish(Some(error.to_string())),
            Err(_) => self.finish(Some(PageError::Slow(self.timeout.as_secs()).to_string())),
        }
    }

    /// Late lines push others behind: what was shown is not shown again.
    fn rows(&mut self, hits: &[Hit]) -> Result<String, PageError> {
        self.next += hits.len();
        let new = hits.iter().filter(|hit| self.seen.insert(hit.id.clone()));
        let rows: Result<Vec<ListRow>, _> = new.map(|hit| ListRow::new(hit, &self.query)).collect();
        Ok(Rows { rows: rows? }.render()?)
    }

    fn finish(&mut self, failure: Option<String>) -> Option<String> {
        let foot = self.foot.take()?;
        let page = self.query.page.max(1);
        let at = |page: usize| {
            let query = PageQuery {
                page,
                ..self.query.clone()
            };
            query.href(PATH)
        };
        let has_more = self.total > self.next as u64;
        let end = SearchEnd {
            failure: failure.map(|failure| harmless(&failure)),
            newer: (page > 1).then(|| at(page - 1)),
            older: (has_more && self.next < MAX_WINDOW).then(|| at(page + 1)),
            is_too_far: has_more && self.next >= MAX_WINDOW,
            foot,
        };
        // A page without its end is still read by browsers.
        end.render().ok()
    }
}

fn is_request_id(text: &str) -> bool {
    text.len() == REQUEST_ID_LENGTH
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The same question in the query language of Dashboards.
pub fn lucene(query: &PageQuery) -> String {
    let mut parts = Vec::new();
    if !query.text.is_empty() {
        parts.push(if query.literal {
            phrase(&query.text)
        } else {
            format!("({})", query.text)
        });
    }
    for (field, values) in [
        ("faas.name", &query.functions),
        ("log.level", &query.levels),
        ("error.type", &query.error_types),
    ] {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| phrase(value)).collect();
            parts.push(format!("{field}:({})", values.join(" OR ")));
        }
    }
    if query.errors {
        parts.push("(log.level:(ERROR OR FATAL) OR _exists_:error.type)".to_owned());
    }
    if parts.is_empty() {
        "*".to_owned()
    } else {
        parts.join(" AND ")
    }
}

/// Closed indices are not searched; `None` if there are none.
pub fn closed_note(closed: &[String]) -> Option<String> {
    let first = closed.first()?;
    let named = closed[..closed.len().min(NAMED_INDICES)].join(", ");
    let more = closed.len().saturating_sub(NAMED_INDICES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "{named}{more}: closed and not searched. Open them (POST /{first}/_open) to see what they hold."
    ))
}

/// Some shards did not answer; `None` if all did.
pub fn incomplete_note(client: &SearchClient) -> Option<String> {
    let why = client.incomplete()?;
    Some(format!("This is not all: {}", harmless(&why.to_string())))
}
