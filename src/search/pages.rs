/*! A query goes in; all its hits come out, page by page, each hit once. */

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::search::client::{POINT_IN_TIME_KEEP_ALIVE, SearchClient};
use crate::search::error::SearchError;
use crate::search::query::{Query, SourceFields};
use crate::search::response::{Hit, Page, SearchResponse};
use crate::sink::IndexError;

/// Hits of a page with documents. Documents may be large: [`MAX_PAGE_SIZE`] of them could be gigabytes.
const PAGE_SIZE: usize = 1000;
/// OpenSearch's default for `index.max_result_window`.
const MAX_PAGE_SIZE: usize = 10_000;

impl Hit {
    fn document_key(&self) -> DocumentKey {
        (self.index.clone(), self.id.clone())
    }
}

/// Most hits that are counted; more are shown as more than this number.
const MAX_COUNTED: usize = 10_000;

/// A search that is read to its end or limit. The caller must call [`Pages::close`], also after an error.
pub struct Pages<'a> {
    client: &'a SearchClient,
    query: Query,
    fields: SourceFields,
    /// Hits that may still be returned; `None` means no limit.
    remaining: Option<usize>,
    point_in_time: Option<String>,
    cursor: Cursor,
    /// How many hits the first page's total counts.
    most_counted: usize,
    /// Set once hits are sorted by id too: the equal hits that were returned before.
    before_ids: Option<HashSet<DocumentKey>>,
    page_size: usize,
}

/// Index and id.
type DocumentKey = (String, String);

/// How far the search was read.
enum Cursor {
    Start,
    After(After),
    End,
}

/// Hits with equal sort values may lie on both sides of a page's end. So the next page begins with the last equal hits
/// again, and hits that were returned already are left out.
#[derive(Default)]
struct After {
    /// Sort values of the hit before the last equal hits; `None` if there is no such hit.
    before: Option<Vec<Value>>,
    returned: HashSet<DocumentKey>,
}

impl<'a> Pages<'a> {
    pub fn new(
        client: &'a SearchClient,
        query: Query,
        fields: SourceFields,
        limit: Option<usize>,
    ) -> Self {
        Self {
            client,
            query,
            fields,
            remaining: limit,
            point_in_time: None,
            cursor: Cursor::Start,
            most_counted: 0,
            before_ids: None,
            page_size: PAGE_SIZE,
        }
    }

    /// The first page has the number of all hits, up to [`MAX_COUNTED`]. Counting costs the node time.
    pub fn with_total(mut self) -> Self {
        self.most_counted = MAX_COUNTED;
        self
    }

    /// Later pages hold index and id of each hit, without fields.
    pub fn without_sources(&mut self) {
        self.fields = SourceFields::Nothing;
        self.page_size = MAX_PAGE_SIZE;
    }

    /// The next hits; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Page>, SearchError> {
        let mut page = match std::mem::replace(&mut self.cursor, Cursor::End) {
            Cursor::End => return Ok(None),
            Cursor::Start => {
                let size = self.remaining.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE);
                let page = (self.client)
                    .search(&self.query, size, self.fields, self.most_counted)
                    .await?;
                if page.hits.len() < size || self.remaining == Some(size) {
                    page
                } else {
                    // Reading this page again is cheaper than a point in time for every short list.
                    self.point_in_time = Some(self.client.open_point_in_time(&self.query).await?);
                    let first = self.after(After::default()).await?;
                    Page {
                        total: page.total,
                        ..first
                    }
                }
            }
            Cursor::After(after) => self.after(after).await?,
        };
        if let Some(remaining) = &mut self.remaining {
            page.hits.truncate(*remaining);
            *remaining -= page.hits.len();
            if *remaining == 0 {
                self.cursor = Cursor::End;
            }
        }
        Ok(Some(page))
    }

    /// Reads the next page and sets the cursor.
    async fn after(&mut self, After { before, returned }: After) -> Result<Page, SearchError> {
        let size = (returned.len() * 2).clamp(self.page_size, MAX_PAGE_SIZE);
        let mut page = self.read(size, before.as_deref()).await?;
        let hits = &mut page.hits;
        let full = hits.len() == size;
        let last = hits.last().map(|hit| hit.sort.clone()).unwrap_or_default();
        let first_equal = hits
            .iter()
            .rposition(|hit| hit.sort != last)
            .map_or(0, |before_it| before_it + 1);
        let equal: HashSet<DocumentKey> =
            hits[first_equal..].iter().map(Hit::document_key).collect();
        let before_equal = first_equal.checked_sub(1).map(|at| hits[at].sort.clone());
        let before_ids = self.before_ids.as_ref();
        hits.retain(|hit| {
            let key = hit.document_key();
            !returned.contains(&key) && !before_ids.is_some_and(|keys| keys.contains(&key))
        });
        if !full {
            return Ok(page);
        }
        let before = if before_equal.is_some() {
            before_equal
        } else if size == MAX_PAGE_SIZE && self.before_ids.is_none() {
            // Sorting by id costs the node memory, so it is done only if nothing else tells these documents apart.
            self.query.sort.push(json!({"_id": "asc"}));
            self.before_ids = Some(equal.clone());
            Some([last, vec![json!("")]].concat())
        } else {
            before
        };
        self.cursor = Cursor::After(After {
            before,
            returned: equal,
        });
        Ok(page)
    }

    async fn read(&self, size: usize, after: Option<&[Value]>) -> Result<Page, SearchError> {
        let mut rest = json!({
            "_source": self.fields.to_json(),
            "track_total_hits": false,
            "pit": {"id": self.point_in_time, "keep_alive": POINT_IN_TIME_KEEP_ALIVE},
        });
        if let Some(after) = after {
            rest["search_after"] = json!(after);
        }
        let sent = self.client.send_search("/_search", &self.query, size, rest);
        match sent.await {
            Err(SearchError::OpenSearch(IndexError::NotFound)) => Err(SearchError::PointInTimeGone),
            response => {
                let response: SearchResponse = response?;
                Ok(response.into_page())
            }
        }
    }

    /// Deletes the point in time, if there is one.
    pub async fn close(self) {
        if let Some(pit) = self.point_in_time {
            self.client.delete_point_in_time(&pit).await;
        }
    }
}
