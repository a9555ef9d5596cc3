/*! Errors: the lines with errors of a span go in; groups by type and message without ids and numbers come out. */

use askama::Template;
use jiff::Timestamp;

use crate::search::overview::{ErrorGroup, Errors};
use crate::search::reading::grouped;
use crate::search::report::Span;
use crate::search::{Order, Question, View, list};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::failure::PageError;
use crate::serve::page::inert::Inert;
use crate::serve::page::line_row::{invocation, whole};
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::plot::time;
use crate::serve::page::shared::{Answer, Shared};
use crate::serve::page::views::search::{closed_note, incomplete_note, lucene};

const PATH: &str = "/errors";
/// Most groups of one page.
const MOST_GROUPS: usize = 200;
const LONGEST: usize = 400;

#[derive(Template)]
#[template(path = "errors.html")]
struct ErrorsPage {
    head: Head,
    form: SearchForm,
    count: String,
    groups: Vec<GroupRow>,
    foot: Foot,
}

struct GroupRow {
    error_type: Inert<'static>,
    message: Option<Inert<'static>>,
    lines: String,
    is_estimate: bool,
    /// All lines of the group's type.
    href: Option<String>,
    first: String,
    last: String,
    functions: Vec<(Inert<'static>, String)>,
    more_functions: usize,
    /// The newest line, and the link to it in its invocation.
    example: Option<(Inert<'static>, String)>,
}

pub async fn page(shared: &Shared, query: &PageQuery, now: Timestamp) -> Result<Answer, PageError> {
    let span = query.span(now).map_err(PageError::Query)?;
    let question = query.question(span, View::Lines);
    let client = shared.client();
    let errors = client.errors(&question, span, now).await?;
    let closed = client.met_closed_indices(&question, now).await?;
    let mut page = errors_page(&errors, query, span);
    page.head.notes.extend(closed_note(&closed));
    page.head.notes.extend(incomplete_note(&client));
    let failed = Question {
        errors: true,
        ..question
    };
    let lines = list(&failed, now, Order::NewestFirst);
    let curl = shared.curl_of("the lines with errors", &client, &lines, 50);
    let only = PageQuery {
        errors: true,
        ..query.clone()
    };
    let dashboards = shared.dashboards.as_ref();
    page.foot = Foot::new(
        vec![curl],
        dashboards.map(|to| to.discover(&lucene(&only), span)),
    );
    Answer::page(&page)
}

fn errors_page(errors: &Errors, query: &PageQuery, span: Span) -> ErrorsPage {
    let mut head = Head::new("Errors", PATH, query).with_times(PATH, query, span);
    if !errors.is_exact() {
        head.notes.push(format!(
            "The messages of the newest {} lines were read. Numbers with ≈ are their shares of all {} lines, and first and \
             last are of the lines that were read; other numbers are exact. A shorter time makes all exact.",
            grouped(errors.read),
            grouped(errors.total)
        ));
    }
    if errors.left_out > 0 {
        head.notes.push(format!(
            "{} lines have types that are not listed, because there are too many types.",
            grouped(errors.left_out)
        ));
    }
    if errors.groups.len() > MOST_GROUPS {
        head.notes.push(format!(
            "The largest {MOST_GROUPS} of {} groups are listed.",
            grouped(errors.groups.len() as u64)
        ));
    }
    let groups = errors.groups.iter().take(MOST_GROUPS);
    ErrorsPage {
        head,
        form: SearchForm::new(query),
        count: match errors.total {
            0 => "No line tells of an error in these times".to_owned(),
            1 => "1 line with an error".to_owned(),
            total => match errors.groups.len() {
                1 => format!("{} lines with errors, in one group", grouped(total)),
                groups => format!("{} lines with errors in {groups} groups", grouped(total)),
            },
        },
        groups: groups.map(|group| group_row(group, query)).collect(),
        foot: Foot::new(Vec::new(), None),
    }
}

fn group_row(group: &ErrorGroup, query: &PageQuery) -> GroupRow {
    let searched = group.error_type.as_ref().filter(|_| group.is_searchable);
    let href = searched.map(|error_type| {
        let lines = PageQuery {
            error_types: vec![error_type.clone()],
            functions: query.functions.clone(),
            ..query.times()
        };
        lines.href("/search")
    });
    let functions = group.functions.iter().map(|name| {
        let only = PageQuery {
            functions: vec![name.clone()],
            ..query.first_page()
        };
        (Inert::line(name.clone()).cut(LONGEST), only.href(PATH))
    });
    let example = group.example.as_ref().map(|example| {
        let href = match &example.request_id {
            Some(request_id) => invocation(request_id, Some(&example.id), query),
            None => whole(&example.index, &example.id),
        };
        (Inert::line(example.text.clone()).cut(LONGEST), href)
    });
    let shown = |at: Option<Timestamp>| at.map_or_else(String::new, time);
    GroupRow {
        error_type: Inert::line(
            group
                .error_type
                .clone()
                .unwrap_or_else(|| "no type".to_owned()),
        )
        .cut(LONGEST),
        message: group
            .message
            .clone()
            .map(|message| Inert::line(message).cut(LONGEST)),
        lines: grouped(group.lines),
        is_estimate: group.is_estimate,
        href,
        first: shown(group.first),
        last: shown(group.last),
        functions: functions.collect(),
        more_functions: group.more_functions,
        example,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::overview::ErrorExample;

    #[test]
    fn hostile_groups_are_inert() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let span = Span {
            since: at("2026-11-23T10:00:00Z"),
            until: at("2026-11-23T11:00:00Z"),
        };
        let errors = Errors {
            total: 20_000,
            read: 1000,
            left_out: 3,
            groups: vec![ErrorGroup {
                error_type: Some("<img src=x onerror=alert(1)>".to_owned()),
                is_searchable: true,
                message: Some("\u{202e}\" onmouseover='alert(1)' \u{1b}[2J".to_owned()),
                lines: 1234,
                is_estimate: true,
                first: Some(span.since),
                last: Some(span.until),
                functions: vec!["</a><script>alert(1)</script>".to_owned()],
                more_functions: 2,
                example: Some(ErrorExample {
                    index: "logferry-logs-2026.11.23".to_owned(),
                    id: "a\"><b>#".to_owned(),
                    request_id: Some("javascript:alert(1)".to_owned()),
                    text: "x".repeat(LONGEST + 1),
                }),
            }],
        };
        let query = PageQuery::default();
        let html = errors_page(&errors, &query, span).render().unwrap();
        let main = &html[html.find("<main").unwrap()..];
        insta::assert_snapshot!(main);
    }
}
