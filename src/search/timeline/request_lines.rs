/*! A request and its summaries go in; its log lines come out in their order: those that are documents, and those that
stand in the summaries. A line that is both is shown once. */

use std::collections::VecDeque;

use serde_json::json;
use serde_json::value::RawValue;

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::pages::Pages;
use crate::search::query;
use crate::search::query::{Query, SourceFields};
use crate::search::requests::RequestSummaries;
use crate::search::response::{Hit, Page};
use crate::search::timeline::cold_start::ColdStart;
use logferry_core::document::stored::StoredInvocation;
use logferry_core::document::{FoldedDocument, folded_documents};

/// The log lines of a request.
#[derive(Debug)]
pub struct RequestLines {
    /// Asks for the lines that are documents, without those of `folded`.
    pub query: Query,
    /// The lines that stand in summaries, in the order of the query.
    folded: VecDeque<Hit>,
    /// All other lines, if they were read with the summaries: nothing has to be asked.
    known: Option<Vec<Hit>>,
}

impl RequestLines {
    /// The lines of a request; those of the init too if its summaries tell of a cold start. `summaries` are those of
    /// the request, read.
    pub fn new(
        client: &SearchClient,
        request: &RequestSummaries,
        summaries: &[StoredInvocation<'_>],
    ) -> Result<Self, SearchError> {
        let cold_starts: Vec<ColdStart<'_>> = summaries.iter().filter_map(cold_start).collect();
        let mut folded = Vec::new();
        for (hit, summary) in request.summaries.iter().zip(summaries) {
            let lines = folded_documents(hit.source_text().as_bytes(), &client.prefix);
            let lines = lines.map_err(|source| SearchError::UnknownDocument {
                index: hit.index.clone(),
                id: hit.id.clone(),
                source,
            })?;
            let shown = lines.into_iter().filter(|line| is_shown(line, summary));
            folded.extend(shown.map(into_hit));
        }
        folded.sort_by(|a, b| place(a).cmp(&place(b)));
        folded.dedup_by(|a, b| (&a.index, &a.id) == (&b.index, &b.id));
        let ids: Vec<&str> = folded.iter().map(|hit| &*hit.id).collect();
        // The lines of an init name no request: they are asked for.
        let known = request.lines.as_ref().filter(|_| cold_starts.is_empty());
        let known = known.map(|lines| {
            let others = lines.iter().filter(|line| !ids.contains(&&*line.id));
            others.cloned().collect()
        });
        Ok(Self {
            query: query::lines_of_request(&request.request_id, &cold_starts, &ids),
            folded: folded.into(),
            known,
        })
    }

    /// The lines from position `from` on, at most `size` of them.
    pub async fn window(
        &self,
        client: &SearchClient,
        from: usize,
        size: usize,
        fields: SourceFields,
    ) -> Result<Vec<Hit>, SearchError> {
        if let Some(known) = &self.known {
            let mut folded = self.folded.clone();
            let mut all = merged(&mut folded, known.clone());
            all.extend(folded);
            return Ok(all.into_iter().skip(from).take(size).collect());
        }
        // So many lines before the window may be no documents.
        let start = from.saturating_sub(self.folded.len());
        let hits = client.hits(&self.query, start, size + from - start, fields);
        let hits = match hits.await {
            Err(SearchError::NoIndex(_)) if !self.folded.is_empty() => Vec::new(),
            hits => hits?,
        };
        Ok(window(self.folded.clone(), hits, start, from, size))
    }

    /// All lines, page by page.
    pub fn pages<'a>(
        self,
        client: &'a SearchClient,
        fields: SourceFields,
        limit: Option<usize>,
    ) -> RequestPages<'a> {
        RequestPages {
            pages: match self.known {
                Some(known) => Source::Known(Some(known)),
                None => Source::Asked(Box::new(Pages::new(client, self.query, fields, limit))),
            },
            folded: self.folded,
            remaining: limit,
        }
    }
}

/// The lines of a request that are read to their end or limit. The caller must call [`RequestPages::close`], also after
/// an error.
pub struct RequestPages<'a> {
    pages: Source<'a>,
    folded: VecDeque<Hit>,
    /// Lines that may still be returned; `None` means no limit.
    remaining: Option<usize>,
}

/// Where the lines that are documents come from.
enum Source<'a> {
    Asked(Box<Pages<'a>>),
    /// One page, until it is taken.
    Known(Option<Vec<Hit>>),
}

impl RequestPages<'_> {
    /// The next lines; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Hit>>, SearchError> {
        if self.remaining == Some(0) {
            return Ok(None);
        }
        let documents = match &mut self.pages {
            Source::Known(page) => page.take(),
            Source::Asked(pages) => match pages.next().await {
                // A request without a line of its own has no other lines.
                Err(SearchError::NoIndex(_)) if !self.folded.is_empty() => None,
                page => page?.map(|Page { hits, .. }| hits),
            },
        };
        let mut hits = match documents {
            Some(hits) => merged(&mut self.folded, hits),
            None if self.folded.is_empty() => return Ok(None),
            None => std::mem::take(&mut self.folded).into(),
        };
        if let Some(remaining) = &mut self.remaining {
            hits.truncate(*remaining);
            *remaining -= hits.len();
        }
        Ok(Some(hits))
    }

    pub async fn close(self) {
        if let Source::Asked(pages) = self.pages {
            pages.close().await;
        }
    }
}

/// The cold start that a summary tells of.
fn cold_start<'a>(summary: &'a StoredInvocation<'_>) -> Option<ColdStart<'a>> {
    (summary.faas.cold_start == Some(true)).then_some(())?;
    Some(ColdStart {
        log_stream: summary.aws.log.stream.name.as_deref()?,
        start: summary.timestamp.parse().ok()?,
        init_ms: summary.lambda.init_duration_ms,
    })
}

/// Whether a line belongs to what is shown of a request. Lines of an init are shown where somebody waited for it.
fn is_shown(line: &FoldedDocument, summary: &StoredInvocation<'_>) -> bool {
    line.is_of_request
        || cold_start(summary).is_some_and(|cold_start| {
            let before = cold_start.start.as_millisecond() - line.at;
            (0..=cold_start.init_span_ms()).contains(&before)
        })
}

fn into_hit(line: FoldedDocument) -> Hit {
    Hit {
        index: line.index,
        id: line.id,
        source: RawValue::from_string(line.source).ok(),
        sort: vec![json!(line.at), json!(line.key), json!(line.offset)],
    }
}

/// Sort values of a line, as the query sorts: time, object, offset. A missing value comes last.
fn place(hit: &Hit) -> (i64, bool, &str, u64) {
    let at = hit.sort.first().and_then(serde_json::Value::as_i64);
    let key = hit.sort.get(1).and_then(serde_json::Value::as_str);
    let offset = hit.sort.get(2).and_then(serde_json::Value::as_u64);
    (
        at.unwrap_or(i64::MAX),
        key.is_none(),
        key.unwrap_or_default(),
        offset.unwrap_or(u64::MAX),
    )
}

/// Puts the lines of `folded` that come before one of the hits in their places.
fn merged(folded: &mut VecDeque<Hit>, hits: Vec<Hit>) -> Vec<Hit> {
    let mut all = Vec::with_capacity(hits.len() + folded.len());
    for hit in hits {
        while let Some(line) = folded.pop_front_if(|line| place(line) < place(&hit)) {
            all.push(line);
        }
        all.push(hit);
    }
    all
}

/// The lines `from..from + size` of all, where `hits` are those documents from position `start` on that the lines need.
fn window(
    mut folded: VecDeque<Hit>,
    hits: Vec<Hit>,
    start: usize,
    from: usize,
    size: usize,
) -> Vec<Hit> {
    let mut first = start;
    if start > 0 {
        let Some(hit) = hits.first() else {
            return Vec::new();
        };
        let before = folded.iter().take_while(|line| place(line) < place(hit));
        let before = before.count();
        folded.drain(..before);
        first += before;
    }
    let mut all = merged(&mut folded, hits);
    all.extend(folded);
    all.into_iter().skip(from - first).take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hit(at: i64, id: &str) -> Hit {
        Hit {
            index: "l-logs-2026.11.23".to_owned(),
            id: id.to_owned(),
            source: None,
            sort: vec![json!(at), json!("k"), json!(0)],
        }
    }

    proptest! {
        /// Whatever the sizes, the windows together are all lines in their order.
        #[test]
        fn windows_follow_each_other(
            documents in prop::collection::btree_set(0..60_i64, 0..30),
            folded in prop::collection::btree_set(60..90_i64, 0..8),
            spread in any::<bool>(),
            size in 1..9_usize,
        ) {
            let documents: Vec<Hit> = documents.iter().map(|at| hit(at * 2, "d")).collect();
            let place_of = |at: &i64| if spread { (at - 60) * 5 + 1 } else { *at };
            let folded: VecDeque<Hit> = folded.iter().map(|at| hit(place_of(at), "f")).collect();
            let mut all: Vec<Hit> = documents.iter().cloned().chain(folded.clone()).collect();
            all.sort_by(|a, b| place(a).cmp(&place(b)));
            let mut read = Vec::new();
            for from in (0..=all.len()).step_by(size) {
                let start = from.saturating_sub(folded.len());
                let end = (start + size + from - start).min(documents.len());
                let hits = documents.get(start.min(end)..end).unwrap_or_default().to_vec();
                read.extend(window(folded.clone(), hits, start, from, size));
            }
            let places = |hits: &[Hit]| hits.iter().map(|h| h.sort[0].as_i64()).collect::<Vec<_>>();
            prop_assert_eq!(places(&read), places(&all));
        }
    }
}
