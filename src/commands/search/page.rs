/*! Hits of one search, page after page: all of them, each once. */

use std::cell::OnceCell;
use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::query::Query;
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};

/// Hits of a page. Documents may be large: a page of [`LARGEST`] could be gigabytes.
const PAGE: usize = 1000;
/// What OpenSearch gives at once at the most, unless told otherwise.
const LARGEST: usize = 10_000;
/// How long a point in time outlives the last page, for readers that page by hand.
const KEEP_ALIVE: &str = "10m";
/// How long giving a point in time back may take.
const CLOSING: Duration = Duration::from_secs(3);

/// A document that was found.
#[derive(Debug, Clone, Deserialize)]
pub struct Hit {
    #[serde(rename = "_index")]
    pub index: String,
    #[serde(rename = "_id")]
    pub id: String,
    /// As it is stored, or what was asked for of it; none where nothing was.
    #[serde(rename = "_source", default)]
    pub source: Option<Box<RawValue>>,
    #[serde(default)]
    pub sort: Vec<Value>,
}

impl Hit {
    fn name(&self) -> Name {
        (self.index.clone(), self.id.clone())
    }
}

/// An answer to one request.
#[derive(Debug, Default)]
pub struct Page {
    pub hits: Vec<Hit>,
    pub total: Total,
}

/// How many there are in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Total {
    pub value: u64,
    pub relation: Relation,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    #[default]
    Eq,
    /// There are more; nobody counted on.
    Gte,
}

#[derive(Deserialize)]
struct Answer {
    timed_out: bool,
    _shards: Shards,
    hits: Hits,
}

#[derive(Deserialize)]
struct Shards {
    total: u32,
    failed: u32,
    #[serde(default)]
    failures: Vec<Value>,
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    total: Total,
    hits: Vec<Hit>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "there is no index {0}: check --index-prefix, and whether a worker or ingest has loaded anything yet"
)]
pub struct NoIndex(String);

/// Somebody does not want to wait for the rest.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: what was printed is not all")]
pub struct Interrupted;

/// Where to ask: the indices of one prefix.
pub struct Index {
    client: OpenSearch,
    prefix: String,
    stop: CancellationToken,
    /// Why an answer was not whole.
    incomplete: OnceCell<String>,
}

impl Index {
    /// Searches until `stop`.
    pub fn new(client: OpenSearch, prefix: String, stop: CancellationToken) -> Self {
        Self {
            client,
            prefix,
            stop,
            incomplete: OnceCell::new(),
        }
    }

    /// Why something may be missing in what was found.
    pub fn incomplete(&self) -> Option<&str> {
        self.incomplete.get().map(String::as_str)
    }

    /// Indices of every day. The day of an index is not always that of the time searched for: an invocation goes by its
    /// stream's name, a wild time by none. OpenSearch leaves out at once what a range of times cannot match.
    fn pattern(&self, query: &Query) -> String {
        format!("{}-{}-*", self.prefix, query.kind.as_str())
    }

    /// Without copies (`…-2026.11.22-copy`), and without those of a prefix that begins with ours (`app-logs` after `app`).
    fn path(&self, query: &Query) -> String {
        let pattern = self.pattern(query);
        format!("/{pattern},-{pattern}-*")
    }

    /// What OpenSearch thinks of a query; nothing where there is no index, or where it may not be asked this.
    pub async fn validate(&self, query: &Query) -> anyhow::Result<Option<Value>> {
        let path = format!("{}/_validate/query?explain=true", self.path(query));
        let body = json!({"query": query.query()});
        match self.client.call(Method::Post, &path, Some(&body)).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error @ IndexError::Unanswered(_)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    /// One request. `rest` goes into its body.
    pub async fn search(&self, query: &Query, size: usize, rest: Value) -> anyhow::Result<Page> {
        self.search_by("", query, size, rest).await
    }

    /// With parameters of the request, such as `?preference=…`.
    pub async fn search_by(
        &self,
        parameters: &str,
        query: &Query,
        size: usize,
        rest: Value,
    ) -> anyhow::Result<Page> {
        let path = format!("{}/_search{parameters}", self.path(query));
        let (page, shards) = self.ask(&path, query, size, rest).await?;
        if shards == 0 {
            bail!(NoIndex(self.pattern(query)));
        }
        Ok(page)
    }

    /// The answer, and how many shards were asked.
    async fn ask(
        &self,
        path: &str,
        query: &Query,
        size: usize,
        rest: Value,
    ) -> anyhow::Result<(Page, u32)> {
        let mut body = json!({"size": size, "query": query.query(), "sort": query.sort});
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        let answer = tokio::select! {
            answer = self.client.call_raw(Method::Post, path, Some(&body)) => answer?,
            () = self.stop.cancelled() => bail!(Interrupted),
        };
        let answer: Answer = serde_json::from_slice(&answer)
            .with_context(|| format!("{path} was answered with something else"))?;
        if answer._shards.failed > 0 {
            let reason = answer._shards.failures.first();
            let reason = reason.and_then(|failure| failure["reason"]["reason"].as_str());
            let sentence = reason.and_then(|reason| reason.split(". ").next());
            let _ = self.incomplete.set(format!(
                "{} of {} shards did not answer ({})",
                answer._shards.failed,
                answer._shards.total,
                sentence.unwrap_or("no reason given")
            ));
        } else if answer.timed_out {
            let _ = self
                .incomplete
                .set("the search was cut off by a time limit of the cluster".to_owned());
        }
        let page = Page {
            hits: answer.hits.hits,
            total: answer.hits.total,
        };
        Ok((page, answer._shards.total))
    }

    async fn open(&self, query: &Query) -> anyhow::Result<String> {
        let path = format!(
            "{}/_search/point_in_time?keep_alive={KEEP_ALIVE}",
            self.path(query)
        );
        let answer = self.client.call(Method::Post, &path, None).await;
        let answer = answer.context("more than one page needs a point in time")?;
        let id = answer["pit_id"].as_str();
        Ok(id.context("a point in time without an id")?.to_owned())
    }
}

/// A search that is read to its end or limit. [`Pages::close`] must follow, whatever happened.
pub struct Pages<'a> {
    index: &'a Index,
    query: Query,
    /// Of each document, as `_source` asks for it.
    fields: Value,
    /// None: no limit.
    left: Option<usize>,
    pit: Option<String>,
    place: Place,
    /// Once it is sorted by id too: what was given before.
    before_ids: Option<HashSet<Name>>,
    page: usize,
}

type Name = (String, String);

/// How far it was read.
enum Place {
    Start,
    After(After),
    End,
}

/// Hits that the sort cannot tell apart may lie on both sides of a page's end. So the next page begins with the last ones
/// again, and what was given already is left out.
#[derive(Default)]
struct After {
    /// What goes before the last ones; none: they are the first.
    before: Option<Vec<Value>>,
    given: HashSet<Name>,
}

impl<'a> Pages<'a> {
    pub fn new(index: &'a Index, query: Query, fields: Value, limit: Option<usize>) -> Self {
        Self {
            index,
            query,
            fields,
            left: limit,
            pit: None,
            place: Place::Start,
            before_ids: None,
            page: PAGE,
        }
    }

    /// From now on, of each document its name alone.
    pub fn without_sources(&mut self) {
        self.fields = json!(false);
        self.page = LARGEST;
    }

    /// The next hits; none at the end.
    pub async fn next(&mut self) -> anyhow::Result<Option<Page>> {
        let mut page = match std::mem::replace(&mut self.place, Place::End) {
            Place::End => return Ok(None),
            Place::Start => {
                let size = self.left.unwrap_or(PAGE).clamp(1, PAGE);
                let fields = json!({"_source": self.fields});
                let page = self.index.search(&self.query, size, fields).await?;
                if page.hits.len() < size || self.left == Some(size) {
                    page
                } else {
                    // Rather once more from a point in time than one for every short list.
                    self.pit = Some(self.index.open(&self.query).await?);
                    let from_it = self.after(After::default()).await?;
                    Page {
                        total: page.total,
                        ..from_it
                    }
                }
            }
            Place::After(after) => self.after(after).await?,
        };
        if let Some(left) = &mut self.left {
            page.hits.truncate(*left);
            *left -= page.hits.len();
            if *left == 0 {
                self.place = Place::End;
            }
        }
        Ok(Some(page))
    }

    /// Reads on, and sets the place.
    async fn after(&mut self, After { before, given }: After) -> anyhow::Result<Page> {
        let size = (given.len() * 2).clamp(self.page, LARGEST);
        let mut page = self.read(size, before.as_deref()).await?;
        let hits = &mut page.hits;
        let full = hits.len() == size;
        let last = hits.last().map(|hit| hit.sort.clone()).unwrap_or_default();
        let first_equal = hits
            .iter()
            .rposition(|hit| hit.sort != last)
            .map_or(0, |before_it| before_it + 1);
        let equal: HashSet<Name> = hits[first_equal..].iter().map(Hit::name).collect();
        let before_equal = first_equal.checked_sub(1).map(|at| hits[at].sort.clone());
        let before_ids = self.before_ids.as_ref();
        hits.retain(|hit| {
            let name = hit.name();
            !given.contains(&name) && !before_ids.is_some_and(|names| names.contains(&name))
        });
        if !full {
            return Ok(page);
        }
        let before = if before_equal.is_some() {
            before_equal
        } else if size == LARGEST && self.before_ids.is_none() {
            // Costs the node memory, so only where nothing else tells documents apart.
            self.query.sort.push(json!({"_id": "asc"}));
            self.before_ids = Some(equal.clone());
            Some([last, vec![json!("")]].concat())
        } else {
            before
        };
        self.place = Place::After(After {
            before,
            given: equal,
        });
        Ok(page)
    }

    async fn read(&self, size: usize, after: Option<&[Value]>) -> anyhow::Result<Page> {
        let mut rest = json!({
            "_source": self.fields,
            "track_total_hits": false,
            "pit": {"id": self.pit, "keep_alive": KEEP_ALIVE},
        });
        if let Some(after) = after {
            rest["search_after"] = json!(after);
        }
        match self.index.ask("/_search", &self.query, size, rest).await {
            Err(error) if matches!(error.downcast_ref(), Some(IndexError::NotFound)) => bail!(
                "the point in time that pages are read from is gone: more than {KEEP_ALIVE} passed between two of them, or a node left; search again"
            ),
            read => Ok(read?.0),
        }
    }

    /// Gives the point in time back. That it could not be given back is no reason to fail: it ends by itself.
    pub async fn close(self) {
        if let Some(pit) = self.pit {
            let body = json!({"pit_id": [pit]});
            let path = "/_search/point_in_time";
            let client = &self.index.client;
            let closing = client.call(Method::Delete, path, Some(&body));
            let _ = tokio::time::timeout(CLOSING, closing).await;
        }
    }
}
