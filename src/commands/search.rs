/*! `search`: log lines, invocations and errors from the terminal. */

mod closed;
mod fields;
mod follow;
mod index;
mod line;
mod list;
mod page;
mod query;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

use std::cell::{Cell, OnceCell};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio_util::sync::CancellationToken;

use crate::config::{Question, SearchConfig, View};
use crate::sink::IndexError;
use crate::sink::opensearch::OpenSearch;

use crate::commands::search::follow::Follow;
use crate::commands::search::index::{Hit, Index, Interrupted, NoIndex, Relation, Total};
use crate::commands::search::line::Line;
use crate::commands::search::list::{Invocation, Invocations, Lines, Screen};
use crate::commands::search::page::Pages;
use crate::commands::search::query::{Order, Query};
use crate::commands::search::text::Checked;
use crate::commands::search::timeline::Timeline;

/// One request may take this long.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Columns of a terminal that does not tell.
const COLUMNS: u16 = 120;
/// Invocations of one trace, or that one beginning of an id has, which are shown whole.
const WHOLE: usize = 50;

pub async fn run(config: SearchConfig) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let client = OpenSearch::new(config.index, TIMEOUT).await?;
    let following = config.question.view == View::Follow;
    let search = Search {
        index: Index::new(client, config.index_prefix, stop.clone()),
        question: config.question,
        now: Timestamp::now(),
        json: config.json,
        screen: screen(),
        unchecked: OnceCell::new(),
        cut: Cell::new(false),
    };
    let question = &search.question;
    let left_out = search.index.left_out(question, search.now).await?;
    if following && let Some(why) = &left_out {
        note(why);
    }
    let mut ended = search.run(&stop).await;
    if following && ended.as_ref().is_err_and(|error| error.is::<Interrupted>()) {
        ended = Ok(());
    }
    match (ended, left_out.or_else(|| search.index.incomplete())) {
        // Whoever reads has seen enough.
        (Err(error), _) if is_closed_pipe(&error) => Ok(()),
        (Err(error), Some(why)) if error.is::<NoIndex>() => bail!(why),
        (Err(error), _) => Err(search.explained(error)),
        (Ok(()), Some(why)) => bail!("there may be more than was found: {why}"),
        (Ok(()), None) => Ok(()),
    }
}

fn screen() -> Screen {
    let columns = || {
        let size = console::Term::stdout().size_checked();
        usize::from(size.map_or(COLUMNS, |(_, columns)| columns))
    };
    let terminal = std::io::stdout().is_terminal();
    Screen {
        columns: terminal.then(columns),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// For a person, beside what was asked for.
fn note(text: &str) {
    // A person who closed standard error wants no notes.
    let _ = writeln!(std::io::stderr(), "logferry: {text}");
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

struct Search {
    index: Index,
    question: Question,
    now: Timestamp,
    json: bool,
    screen: Screen,
    /// Why nobody knows whether the fields of TEXT exist.
    unchecked: OnceCell<String>,
    /// There were more hits than were asked for.
    cut: Cell<bool>,
}

impl Search {
    async fn run(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        if let Some(text) = &self.question.text {
            self.check(text).await?;
        }
        match self.question.view {
            View::Timeline => self.timelines().await,
            View::Follow => self.follow(stop).await,
            View::Lines | View::Slowest | View::ColdStarts => self.list().await,
        }
    }

    async fn check(&self, text: &str) -> anyhow::Result<()> {
        let literal = self.question.literal;
        let query = query::list(&self.question, self.now, Order::OldestFirst);
        let checked = match self.index.validate(&query).await {
            Ok(answer) => text::check(text, literal, query.kind, &answer),
            Err(error @ IndexError::Unanswered(_)) => bail!(error),
            Err(error) => Checked::Unknown(error.to_string()),
        };
        match checked {
            Checked::Unknown(why) if !literal && text::names_fields(text) => {
                note(&format!(
                    "TEXT: whether its fields exist could not be checked: {why}"
                ));
                let _ = self.unchecked.set(why);
            }
            Checked::Wrong(why) => bail!(why),
            Checked::Good | Checked::Unknown(_) => {}
        }
        Ok(())
    }

    /// Where TEXT could not be checked before, the search itself says what is wrong with it.
    fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let text = self.question.text.as_deref();
        let why = text.and_then(|text| {
            text::refused_search(text, self.question.literal, &format!("{error:#}"))
        });
        why.map_or(error, anyhow::Error::msg)
    }

    /// What is asked for of each document.
    fn fields(&self, shown: &[&str]) -> Value {
        if self.json { json!(true) } else { json!(shown) }
    }

    async fn list(&self) -> anyhow::Result<()> {
        let lines = self.question.view == View::Lines;
        // The newest are shown, and the oldest of them first; all of them come in this order at once.
        let turned = lines && self.question.limit.is_some();
        let order = if turned {
            Order::NewestFirst
        } else {
            Order::OldestFirst
        };
        let query = query::list(&self.question, self.now, order);
        let fields = if lines {
            self.fields(&line::FIELDS)
        } else {
            self.fields(&list::INVOCATION_FIELDS)
        };
        let mut pages = Pages::new(&self.index, query, fields, self.question.limit);
        let shown = self.show_pages(&mut pages, turned).await;
        pages.close().await;
        let (shown, total) = shown?;
        if shown == 0 {
            self.nothing()?;
        } else if total.value > shown && !self.json {
            let more = match total.relation {
                Relation::Eq => "",
                Relation::Gte => "more than ",
            };
            let which = if lines { "newest" } else { "first" };
            note(&format!(
                "the {which} {shown} of {more}{}; --limit all shows all",
                total.value
            ));
        }
        Ok(())
    }

    async fn show_pages(
        &self,
        pages: &mut Pages<'_>,
        turned: bool,
    ) -> anyhow::Result<(u64, Total)> {
        let mut table = match self.question.view {
            View::Slowest | View::ColdStarts => {
                ListTable::Invocations(Invocations::new(self.screen))
            }
            _ => ListTable::Lines(Lines::new(self.screen)),
        };
        let mut kept = Vec::new();
        let mut shown = 0;
        let mut total = None;
        while let Some(page) = pages.next().await? {
            total.get_or_insert(page.total);
            shown += page.hits.len() as u64;
            if turned {
                kept.extend(page.hits);
            } else {
                self.print(&page.hits, &mut table)?;
            }
        }
        kept.reverse();
        self.print(&kept, &mut table)?;
        Ok((shown, total.unwrap_or_default()))
    }

    fn print(&self, hits: &[Hit], table: &mut ListTable) -> anyhow::Result<()> {
        if self.json {
            return print(&json_lines(hits)?);
        }
        let text = match table {
            ListTable::Lines(table) => table.show(&documents(hits)?),
            ListTable::Invocations(table) => table.show(&documents(hits)?),
        };
        print(&text)
    }

    async fn follow(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let fields = self.fields(&line::FIELDS);
        let mut follow = Follow::new(&self.index, &self.question, fields);
        let mut table = ListTable::Lines(Lines::new(self.screen));
        self.print(&follow.last().await?, &mut table)?;
        tokio::select! {
            ended = follow.on(|arrived| self.print(&arrived, &mut table)) => ended,
            () = stop.cancelled() => Ok(()),
            () = reader_gone() => Ok(()),
        }
    }

    async fn timelines(&self) -> anyhow::Result<()> {
        let mut summaries = self.summaries().await?;
        if summaries.len() > WHOLE || self.cut.get() {
            note(
                "more invocations than are shown whole; the first are shown: give more of the id, --function or a range of time",
            );
            summaries.truncate(WHOLE);
        }
        if summaries.is_empty() {
            self.nothing()?;
        }
        for (place, (request, hits)) in summaries.iter().enumerate() {
            if place > 0 && !self.json {
                print("\n\n")?;
            }
            self.timeline(request, hits).await?;
        }
        Ok(())
    }

    /// Requests with their summaries, one of each stream that a request was tried in, by their starts.
    async fn summaries(&self) -> anyhow::Result<Vec<(String, Vec<Hit>)>> {
        let query = query::named(&self.question, self.now);
        let includes = &timeline::INVOCATION_FIELDS;
        let fields = if self.json {
            json!(true)
        } else {
            json!({"includes": includes, "excludes": timeline::NOT_SHOWN})
        };
        let mut requests: Vec<(String, Vec<Hit>)> = Vec::new();
        // A trace's or a short beginning's; a request has one summary, seldom a few.
        let found = self.hits(query, fields, WHOLE * 4).await;
        let found = match found {
            Err(error) if error.is::<NoIndex>() => Vec::new(),
            found => found?,
        };
        for hit in found {
            let request = request_of(&hit)?;
            match requests.iter_mut().find(|(known, _)| *known == request) {
                Some((_, hits)) => hits.push(hit),
                None => requests.push((request, vec![hit])),
            }
        }
        if requests.is_empty() {
            let query = query::named_lines(&self.question, self.now);
            for hit in self.hits(query, json!(["faas"]), 1000).await? {
                let request = request_of(&hit)?;
                if !requests.iter().any(|(known, _)| *known == request) {
                    requests.push((request, Vec::new()));
                }
            }
        }
        Ok(requests)
    }

    async fn hits(&self, query: Query, fields: Value, most: usize) -> anyhow::Result<Vec<Hit>> {
        let rest = json!({"_source": fields});
        let page = self.index.search(&query, most, rest).await?;
        self.cut.set(page.total.value > page.hits.len() as u64);
        Ok(page.hits)
    }

    async fn timeline(&self, request: &str, summaries: &[Hit]) -> anyhow::Result<()> {
        let shown: Vec<Invocation> = documents(summaries)?;
        let mut timeline = Timeline::new(&shown);
        print(&if self.json {
            json_lines(summaries)?
        } else {
            timeline.head(request, &shown)
        })?;
        let query = query::of_request(request, &timeline::cold_starts(&shown));
        let fields = self.fields(&line::FIELDS);
        let mut pages = Pages::new(&self.index, query, fields, self.question.limit);
        let read = self.show_lines(&mut pages, &mut timeline).await;
        pages.close().await;
        read
    }

    async fn show_lines(
        &self,
        pages: &mut Pages<'_>,
        timeline: &mut Timeline,
    ) -> anyhow::Result<()> {
        while let Some(page) = pages.next().await? {
            print(&if self.json {
                json_lines(&page.hits)?
            } else {
                timeline.show(&documents(&page.hits)?)
            })?;
        }
        Ok(())
    }

    fn nothing(&self) -> anyhow::Result<()> {
        let words = query::in_words(&self.question, self.now);
        if self.unchecked.get().is_some() {
            bail!("found no {words}, which proves nothing as long as its fields are not checked");
        }
        note(&format!(
            "found no {words}; {}",
            query::hint(&self.question)
        ));
        Ok(())
    }
}

enum ListTable {
    Lines(Lines),
    Invocations(Invocations),
}

fn documents<D: DeserializeOwned>(hits: &[Hit]) -> anyhow::Result<Vec<D>> {
    let read = |hit: &Hit| {
        let source = hit.source.as_deref().map_or("{}", |source| source.get());
        serde_json::from_str(source)
            .with_context(|| format!("document {} of {} is none of ours", hit.id, hit.index))
    };
    hits.iter().map(read).collect()
}

fn request_of(hit: &Hit) -> anyhow::Result<String> {
    let document: Vec<Line> = documents(std::slice::from_ref(hit))?;
    let request = document.into_iter().next().map(|d| d.faas.invocation_id);
    Ok(request.flatten().unwrap_or_default())
}

/// As `ingest` prints them.
fn json_lines(hits: &[Hit]) -> anyhow::Result<String> {
    let mut lines = String::new();
    for Hit {
        index, id, source, ..
    } in hits
    {
        let (index, id) = (serde_json::to_string(index)?, serde_json::to_string(id)?);
        let source = source.as_deref().map_or("{}", |source| source.get());
        lines.push_str(&format!(
            "{{\"_index\":{index},\"_id\":{id},\"_source\":{source}}}\n"
        ));
    }
    Ok(lines)
}

/// Ends when nobody reads standard output any more, which a program that has nothing to write would not learn.
async fn reader_gone() {
    let out = std::io::stdout().as_fd().try_clone_to_owned();
    // Only watched, never written to. A file cannot be watched, and is never gone.
    let Ok(out) = out.and_then(Sender::from_owned_fd_unchecked) else {
        return std::future::pending().await;
    };
    if out.ready(Interest::ERROR).await.is_err() {
        std::future::pending().await
    }
}
