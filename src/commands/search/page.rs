/*! Hits of one search, page after page: all of them, each once. */

use std::collections::HashSet;

use anyhow::bail;
use serde_json::{Value, json};

use crate::commands::search::index::{Hit, Index, KEEP_ALIVE, Page};
use crate::commands::search::query::Query;
use crate::sink::IndexError;

/// Hits of a page. Documents may be large: a page of [`LARGEST`] could be gigabytes.
const PAGE: usize = 1000;
/// What OpenSearch gives at once at the most, unless told otherwise.
const LARGEST: usize = 10_000;

impl Hit {
    fn name(&self) -> Name {
        (self.index.clone(), self.id.clone())
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
            read => Ok(read?.into()),
        }
    }

    pub async fn close(self) {
        if let Some(pit) = self.pit {
            self.index.give_back(&pit).await;
        }
    }
}
