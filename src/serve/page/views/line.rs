/*! One line: its index and its id go in; the whole text comes out, in parts if it is huge, or the document as it is
stored. */

use askama::Template;

use crate::search::reading::{LogLine, harmless};
use crate::search::{Hit, SourceFields, one_line};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::failure::PageError;
use crate::serve::page::inert::Inert;
use crate::serve::page::line_row::invocation;
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::shared::{Answer, Shared};
use logferry_core::document::index_name;
use logferry_core::document::stored::StoredLogDocument;

const PATH: &str = "/line";
/// Longest part of a text on one page, in bytes.
const PART: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    head: Head,
    form: SearchForm,
    facts: Vec<(&'static str, Inert<'static>, Option<String>)>,
    text: Inert<'static>,
    /// This part, of how many.
    part: usize,
    parts: usize,
    before: Option<String>,
    next: Option<String>,
    raw: String,
    foot: Foot,
}

pub async fn page(shared: &Shared, query: &PageQuery) -> Result<Answer, PageError> {
    let hit = stored(shared, query).await?;
    Answer::page(&line_page(&hit, query)?)
}

/// The document as it is stored.
pub async fn document(shared: &Shared, query: &PageQuery) -> Result<Answer, PageError> {
    let hit = stored(shared, query).await?;
    Ok(Answer::Document {
        json: hit.source_text().to_owned(),
        name: hit.id,
    })
}

async fn stored(shared: &Shared, query: &PageQuery) -> Result<Hit, PageError> {
    if index_name::read(&query.index, &shared.index_prefix).is_none() || query.id.is_empty() {
        return Err(PageError::Query(vec![
            "index and id: give those of a log line".to_owned(),
        ]));
    }
    let one = one_line(&query.index, &query.id);
    let hits = shared.client().hits(&one, 0, 1, SourceFields::All).await?;
    let missing = || PageError::NotFound(format!("no line {} in {}", query.id, query.index));
    let hit = hits.into_iter().next().ok_or_else(missing)?;
    if hit.source.is_none() {
        let sentence = "the document is larger than the page reads; ask OpenSearch for it by the command of the search";
        return Err(PageError::NotFound(sentence.to_owned()));
    }
    Ok(hit)
}

fn line_page(hit: &Hit, query: &PageQuery) -> Result<LinePage, PageError> {
    let document: StoredLogDocument<'_> = hit.document()?;
    let line = LogLine::new(&document);
    let text = line.all_lines().join("\n");
    let parts = split(&text);
    let part = query.page.clamp(1, parts.len());
    let at = |page: usize| {
        PageQuery {
            page,
            ..query.clone()
        }
        .href(PATH)
    };
    let shown = |text: &str| Inert::line(text.to_owned()).cut(PART);
    let mut facts = vec![("time", shown(&document.timestamp), None)];
    let (level, _) = line.level();
    if !level.is_empty() {
        facts.push(("level", shown(level), None));
    }
    if let Some(name) = document.faas.name.as_deref() {
        facts.push(("function", shown(name), None));
    }
    if let Some(id) = document.faas.invocation_id.as_deref() {
        facts.push((
            "request",
            shown(id),
            Some(invocation(id, Some(&hit.id), query)),
        ));
    }
    if !document.logferry.flags.is_empty() {
        facts.push(("flags", shown(&document.logferry.flags.join(", ")), None));
    }
    facts.push(("index", shown(&hit.index), None));
    facts.push(("id", shown(&hit.id), None));
    Ok(LinePage {
        head: Head::new(&format!("Line {}", harmless(&hit.id)), PATH, query),
        form: SearchForm::new(&query.times()),
        facts,
        text: Inert::block(parts.get(part - 1).copied().unwrap_or_default().to_owned()),
        part,
        parts: parts.len(),
        before: (part > 1).then(|| at(part - 1)),
        next: (part < parts.len()).then(|| at(part + 1)),
        raw: query.first_page().href("/line.json"),
        foot: Foot::new(Vec::new(), None),
    })
}

/// Parts of at most [`PART`] bytes; one empty part of an empty text.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > PART {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART));
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_huge_line_comes_in_parts_and_none_is_lost() {
        let text = "é<b>\u{1b}".repeat(40_000);
        let source = json!({"@timestamp": "2026-11-23T10:00:00Z", "message": text, "faas": {"name": "f", "invocation_id": "r"}});
        let hit = json!({"_index": "l-logs-2026.11.23", "_id": "x", "_source": source});
        let hit: Hit = serde_json::from_value(hit).unwrap();
        let parts = split(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|part| part.len() <= PART));
        let query = PageQuery {
            page: 2,
            ..PageQuery::default()
        };
        let page = line_page(&hit, &query).unwrap();
        assert_eq!((page.part, page.parts), (2, parts.len()));
        let html = page.render().unwrap();
        assert!(!html.contains("<b>") && !html.contains('\u{1b}'));
        assert!(page.before.is_some() && page.next.is_some());
    }
}
