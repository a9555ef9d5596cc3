/*! Lines as they arrive. */

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use xxhash_rust::xxh3::xxh3_128;

use crate::commands::search::index::{Hit, Index};
use crate::commands::search::page::Pages;
use crate::commands::search::query::{Order, list};
use crate::config::Question;
use crate::error_class::ErrorClass;
use crate::sink::IndexError;

/// OpenSearch tells nobody of new documents; it has to be asked.
const EVERY: Duration = Duration::from_secs(2);
/// The newest documents, which are read at each time; late ones may lie deeper.
const NEWEST: usize = 100;

/**
What has been seen of the documents that are recent enough. A late document lies between others: nothing but the number
of all says that it is there, and nothing but the names of the others which one it is.
*/
#[derive(Default)]
struct Seen(BTreeSet<(i64, u128)>);

impl Seen {
    /// Whether it is new.
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

pub struct Follow<'a> {
    index: &'a Index,
    question: &'a Question,
    fields: Value,
    seen: Seen,
    /// The same copies of shards are asked each time: others may have documents sooner or later.
    preference: String,
}

impl<'a> Follow<'a> {
    pub fn new(index: &'a Index, question: &'a Question, fields: Value) -> Self {
        Self {
            index,
            question,
            fields,
            seen: Seen::default(),
            preference: format!("logferry-{}", std::process::id()),
        }
    }

    /// The last lines of those that are there.
    pub async fn last(&mut self) -> anyhow::Result<Vec<Hit>> {
        let query = list(self.question, Timestamp::now(), Order::NewestFirst);
        let mut pages = Pages::new(self.index, query, self.fields.clone(), None);
        let read = self.read_last(&mut pages).await;
        pages.close().await;
        let mut last = read?;
        last.reverse();
        Ok(last)
    }

    async fn read_last(&mut self, pages: &mut Pages<'_>) -> anyhow::Result<Vec<Hit>> {
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

    /// Shows what arrives, in the order in which it arrives, until `show` fails.
    pub async fn on(
        &mut self,
        mut show: impl FnMut(Vec<Hit>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = false;
        loop {
            ticks.tick().await;
            match self.arrived(Timestamp::now()).await {
                Ok(arrived) => {
                    // What a shard did not tell is late, and found as late lines are.
                    if let Some(why) = self.index.incomplete() {
                        if !std::mem::replace(&mut silent, true) {
                            crate::commands::search::note(&format!("{why}; asking on"));
                        }
                    } else if std::mem::take(&mut silent) {
                        crate::commands::search::note("OpenSearch answers again");
                    }
                    if !arrived.is_empty() {
                        show(arrived)?;
                    }
                }
                Err(error) if may_pass(&error) => {
                    if !std::mem::replace(&mut silent, true) {
                        crate::commands::search::note(&format!("{error:#}; asking on"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What was not there before, oldest first.
    async fn arrived(&mut self, now: Timestamp) -> anyhow::Result<Vec<Hit>> {
        self.index.forget_incomplete();
        if let Some(since) = self.question.range.since {
            self.seen.forget_before(since.at(now));
        }
        let query = list(self.question, now, Order::NewestFirst);
        let rest = json!({"_source": self.fields, "track_total_hits": true});
        let copies = format!("preference={}", self.preference);
        let page = self
            .index
            .search_by(&[&copies], &query, NEWEST, rest)
            .await?;
        let mut new: Vec<Hit> = page.hits;
        new.retain(|hit| self.seen.insert(hit));
        if self.seen.len() < page.total.value {
            let mut pages = Pages::new(self.index, query, self.fields.clone(), None);
            let read = self.read_new(&mut pages, page.total.value, &mut new).await;
            pages.close().await;
            if let Err(error) = read {
                // Nobody has seen them: they must be new the next time.
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
    ) -> anyhow::Result<()> {
        while self.seen.len() < total
            && let Some(page) = pages.next().await?
        {
            let hits = page.hits.into_iter();
            new.extend(hits.filter(|hit| self.seen.insert(hit)));
        }
        Ok(())
    }
}

fn may_pass(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<IndexError>();
    error.is_some_and(|error| error.class() == ErrorClass::Retryable)
}
