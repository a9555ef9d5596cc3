/*! A question goes in; the log lines that arrive come out, each once. */

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior};
use xxhash_rust::xxh3::xxh3_128;

use crate::search::client::SearchClient;
use crate::search::error::{IncompleteAnswer, SearchError};
use crate::search::pages::Pages;
use crate::search::query::{Order, SourceFields, list};
use crate::search::question::Question;
use crate::search::response::Hit;

/// OpenSearch does not announce new documents, so it is polled.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Number of the newest documents that each poll reads; late documents may lie deeper.
const NEWEST_SIZE: usize = 100;

/**
Time and hash of every document seen that lies in the range. A late document lies between others: only the number of all
documents shows that there is one, and only the set of the known documents shows which one it is.
*/
#[derive(Default)]
struct SeenDocuments(BTreeSet<(i64, u128)>);

impl SeenDocuments {
    /// Whether the document is new.
    fn insert(&mut self, hit: &Hit) -> bool {
        self.0.insert(Self::key(hit))
    }

    fn remove(&mut self, hit: &Hit) {
        self.0.remove(&Self::key(hit));
    }

    fn key(hit: &Hit) -> (i64, u128) {
        let time = hit.sort.first().and_then(Value::as_i64);
        let name = format!("{}/{}", hit.index, hit.id);
        (time.unwrap_or(i64::MIN), xxh3_128(name.as_bytes()))
    }

    fn forget_before(&mut self, time: Timestamp) {
        self.0 = self.0.split_off(&(time.as_millisecond(), 0));
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// What one poll found.
#[derive(Debug, Default)]
pub struct FollowTick {
    /// A change of OpenSearch's state since the poll before.
    pub notice: Option<FollowNotice>,
    /// New documents, the oldest first.
    pub hits: Vec<Hit>,
}

#[derive(Debug)]
pub enum FollowNotice {
    /// The poll failed and is repeated.
    Failed(SearchError),
    /// Some hits may be missing. A later poll finds them as it finds late lines.
    Incomplete(IncompleteAnswer),
    /// OpenSearch answers again.
    Recovered,
}

pub struct Follow<'a> {
    client: &'a SearchClient,
    question: &'a Question,
    fields: SourceFields,
    seen: SeenDocuments,
    /// Makes OpenSearch use the same copies of shards for each poll: other copies may have documents sooner or later.
    preference: String,
    polls: Interval,
    is_failing: bool,
}

impl<'a> Follow<'a> {
    pub fn new(client: &'a SearchClient, question: &'a Question, fields: SourceFields) -> Self {
        let mut polls = tokio::time::interval(POLL_INTERVAL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client,
            question,
            fields,
            seen: SeenDocuments::default(),
            preference: format!("logferry-{}", std::process::id()),
            polls,
            is_failing: false,
        }
    }

    /// The last lines that are there at the start, the oldest first.
    pub async fn last(&mut self) -> Result<Vec<Hit>, SearchError> {
        let query = list(self.question, Timestamp::now(), Order::NewestFirst);
        let mut pages = Pages::new(self.client, query, self.fields, None);
        let read = self.read_last(&mut pages).await;
        pages.close().await;
        let mut last = read?;
        last.reverse();
        Ok(last)
    }

    async fn read_last(&mut self, pages: &mut Pages<'_>) -> Result<Vec<Hit>, SearchError> {
        let mut last = Vec::new();
        while let Some(page) = pages.next().await? {
            for hit in page.hits {
                self.seen.insert(&hit);
                if self.question.limit.is_none_or(|limit| last.len() < limit) {
                    last.push(hit);
                }
            }
            if self.question.limit.is_some_and(|limit| last.len() >= limit) {
                pages.without_sources();
            }
        }
        Ok(last)
    }

    /// Waits for the next poll. Returns an error if repeating the poll is pointless.
    pub async fn next(&mut self) -> Result<FollowTick, SearchError> {
        self.polls.tick().await;
        let (failure, hits) = match self.poll(Timestamp::now()).await {
            Ok(hits) => {
                let incomplete = self.client.incomplete();
                (incomplete.map(FollowNotice::Incomplete), hits)
            }
            Err(error) if error.is_retryable() => (Some(FollowNotice::Failed(error)), Vec::new()),
            Err(error) => return Err(error),
        };
        let was_failing = std::mem::replace(&mut self.is_failing, failure.is_some());
        let recovered = was_failing && failure.is_none();
        let notice = failure
            .filter(|_| !was_failing)
            .or(recovered.then_some(FollowNotice::Recovered));
        Ok(FollowTick { notice, hits })
    }

    /// The documents that were not there before, the oldest first.
    async fn poll(&mut self, now: Timestamp) -> Result<Vec<Hit>, SearchError> {
        self.client.forget_incomplete();
        if let Some(since) = self.question.range.since {
            self.seen.forget_before(since.at(now));
        }
        let query = list(self.question, now, Order::NewestFirst);
        let rest = json!({"_source": self.fields.to_json(), "track_total_hits": true});
        let preference = format!("preference={}", self.preference);
        let parameters = [preference.as_str()];
        let newest = self
            .client
            .search_with(&parameters, &query, NEWEST_SIZE, rest);
        let page = newest.await?;
        let mut new: Vec<Hit> = page.hits;
        new.retain(|hit| self.seen.insert(hit));
        if self.seen.len() < page.total.value {
            let mut pages = Pages::new(self.client, query, self.fields, None);
            let read = self.read_new(&mut pages, page.total.value, &mut new).await;
            pages.close().await;
            if let Err(error) = read {
                // These hits are not returned, so they must be new for the next poll.
                new.iter().for_each(|hit| self.seen.remove(hit));
                return Err(error);
            }
        }
        new.reverse();
        Ok(new)
    }

    async fn read_new(
        &mut self,
        pages: &mut Pages<'_>,
        total: u64,
        new: &mut Vec<Hit>,
    ) -> Result<(), SearchError> {
        while self.seen.len() < total
            && let Some(page) = pages.next().await?
        {
            let hits = page.hits.into_iter();
            new.extend(hits.filter(|hit| self.seen.insert(hit)));
        }
        Ok(())
    }
}
