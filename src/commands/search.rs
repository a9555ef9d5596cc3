/*! `search`: a validated question goes in; log lines, invocations or timelines are printed. `crate::search` asks
OpenSearch. */

mod execution;
mod level;
pub(crate) mod lists;
pub(crate) mod output;
pub(crate) mod sentences;
pub(crate) mod session;
#[cfg(test)]
mod tests;
mod timeline;

use std::cell::OnceCell;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::config::SearchConfig;
use crate::search;
use crate::search::reading::{LOG_FIELDS, SUMMARY_AND_LINE_FIELDS, SUMMARY_EXCLUDES};
use crate::search::{
    Follow, FollowNotice, Hit, Order, Pages, Question, RequestLines, RequestPages,
    RequestSummaries, SearchClient, SearchError, SourceFields, Total, TotalRelation, View,
};
use crate::sink::IndexError;
use crate::sink::opensearch::OpenSearch;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::stored::StoredInvocation;

use crate::commands::search::execution::by_execution;
use crate::commands::search::lists::{INVOCATION_LIST_FIELDS, InvocationList, LogLineList, Screen};
use crate::commands::search::output::{json_lines, note, print};
use crate::commands::search::timeline::Timeline;

/// Time limit of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Most invocations that are shown as timelines.
const MAX_TIMELINES: usize = 50;
/// Most summaries for each of them that are read: a request has one summary, seldom a few.
const SUMMARIES_A_REQUEST: usize = 4;
/// Most invocations of durable executions that are shown.
const MAX_OF_EXECUTIONS: usize = 1000;

pub async fn run(config: SearchConfig) -> anyhow::Result<()> {
    let stop = session::stopped_by_interrupt();
    let opensearch = OpenSearch::new(config.index, REQUEST_TIMEOUT).await?;
    let following = config.question.view == View::Follow;
    let command = SearchCommand {
        client: SearchClient::new(opensearch, config.index_prefix, stop.clone()),
        question: config.question,
        now: Timestamp::now(),
        json: config.json,
        screen: output::screen(),
        unchecked_text: OnceCell::new(),
    };
    if following && let Some(closed) = command.closed_indices().await? {
        note(&closed);
    }
    let mut ended = command.run(&stop).await;
    let interrupted =
        |error: &anyhow::Error| matches!(error.downcast_ref(), Some(SearchError::Interrupted));
    if following && ended.as_ref().is_err_and(interrupted) {
        ended = Ok(());
    }
    let closed =
        session::met_closed_indices(&command.client, &command.question, command.now).await?;
    session::outcome(ended, &command.client, &command.question, closed)
}

struct SearchCommand {
    client: SearchClient,
    question: Question,
    now: Timestamp,
    json: bool,
    screen: Screen,
    /// Set once TEXT was checked: why it is unknown whether its fields exist.
    unchecked_text: OnceCell<Option<String>>,
}

impl SearchCommand {
    async fn run(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        if self.is_text_checked_first() {
            self.check_text().await?;
        }
        match self.question.view {
            View::Timeline => self.timelines().await,
            View::Follow => self.follow(stop).await,
            View::Lines | View::Slowest | View::ColdStarts => self.list().await,
        }
    }

    /// A list with hits shows that TEXT is valid, but not that each of its fields exists: only logferry's own are known
    /// to exist. Other views ask more than once anyway.
    fn is_text_checked_first(&self) -> bool {
        let Some(text) = &self.question.text else {
            return false;
        };
        let kind = match self.question.view {
            View::Lines => DocumentKind::Log,
            View::Slowest | View::ColdStarts => DocumentKind::Invocation,
            View::Timeline | View::Follow => return true,
        };
        !self.question.literal && search::names_other_fields(text, kind)
    }

    /// Fails if TEXT makes no sense; asks OpenSearch once.
    async fn check_text(&self) -> anyhow::Result<()> {
        if let (Some(text), None) = (&self.question.text, self.unchecked_text.get()) {
            let why = session::check_text(&self.client, &self.question, text, self.now).await?;
            let _ = self.unchecked_text.set(why);
        }
        Ok(())
    }

    /// The fields to request: with `--json` all of them.
    fn fields(&self, shown: &'static [&'static str]) -> SourceFields {
        if self.json {
            SourceFields::All
        } else {
            SourceFields::Only(shown)
        }
    }

    async fn list(&self) -> anyhow::Result<()> {
        let is_lines = self.question.view == View::Lines;
        // With a limit, the newest lines are requested and printed oldest first.
        let newest_first = is_lines && self.question.limit.is_some();
        let order = if newest_first {
            Order::NewestFirst
        } else {
            Order::OldestFirst
        };
        let query = search::list(&self.question, self.now, order);
        let fields = if is_lines {
            self.fields(&LOG_FIELDS)
        } else {
            self.fields(&INVOCATION_LIST_FIELDS)
        };
        let mut pages = Pages::new(&self.client, query, fields, self.question.limit);
        if !self.json && self.question.limit.is_some() {
            pages = pages.with_total();
        }
        let printed = self.print_pages(&mut pages, newest_first).await;
        pages.close().await;
        let is_doubtful = match &printed {
            Ok((printed, _)) => *printed == 0 || self.client.incomplete().is_some(),
            Err(error) => matches!(
                error.downcast_ref(),
                Some(SearchError::OpenSearch(IndexError::Response { .. }))
            ),
        };
        if is_doubtful {
            // TEXT may be the reason. If this cannot be found out either, the first error stands.
            let checked = self.check_text().await;
            if printed.is_ok() || session::is_refused_text(&checked) {
                checked?;
            }
        }
        let (printed, total) = printed?;
        if printed == 0 {
            self.report_no_hits()?;
        } else if total.value > printed && !self.json {
            let more = match total.relation {
                TotalRelation::Eq => "",
                TotalRelation::Gte => "more than ",
            };
            let which = if is_lines { "newest" } else { "first" };
            note(&format!(
                "the {which} {printed} of {more}{}; --limit all shows all",
                total.value
            ));
        }
        Ok(())
    }

    async fn print_pages(
        &self,
        pages: &mut Pages<'_>,
        newest_first: bool,
    ) -> anyhow::Result<(u64, Total)> {
        let mut list = match self.question.view {
            View::Slowest | View::ColdStarts => List::Invocations(InvocationList::new(self.screen)),
            _ => List::LogLines(LogLineList::new(self.screen)),
        };
        let mut kept = Vec::new();
        let mut printed = 0;
        let mut total = None;
        while let Some(page) = pages.next().await? {
            total.get_or_insert(page.total);
            printed += page.hits.len() as u64;
            if newest_first {
                kept.extend(page.hits);
            } else {
                self.print_hits(&page.hits, &mut list)?;
            }
        }
        kept.reverse();
        self.print_hits(&kept, &mut list)?;
        Ok((printed, total.unwrap_or_default()))
    }

    fn print_hits(&self, hits: &[Hit], list: &mut List) -> anyhow::Result<()> {
        let text = match list {
            _ if self.json => json_lines(hits)?,
            List::LogLines(list) => list.rows(&documents(hits)?),
            List::Invocations(list) => list.rows(&documents(hits)?),
        };
        Ok(print(&text)?)
    }

    async fn follow(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let fields = self.fields(&LOG_FIELDS);
        let mut follow = Follow::new(&self.client, &self.question, fields);
        let mut list = List::LogLines(LogLineList::new(self.screen));
        self.print_hits(&follow.last().await?, &mut list)?;
        tokio::select! {
            ended = self.print_arriving(&mut follow, &mut list) => ended,
            () = stop.cancelled() => Ok(()),
            () = output::reader_gone() => Ok(()),
        }
    }

    async fn print_arriving(&self, follow: &mut Follow<'_>, list: &mut List) -> anyhow::Result<()> {
        loop {
            let tick = follow.next().await?;
            match tick.notice {
                Some(FollowNotice::Failed(error)) => {
                    note(&format!("{}; asking on", sentences::search_error(&error)));
                }
                Some(FollowNotice::Incomplete(why)) => note(&format!("{why}; asking on")),
                Some(FollowNotice::Recovered) => note("OpenSearch answers again"),
                None => {}
            }
            if !tick.hits.is_empty() {
                self.print_hits(&tick.hits, list)?;
            }
        }
    }

    async fn timelines(&self) -> anyhow::Result<()> {
        let most = match self.question.execution {
            Some(_) => MAX_OF_EXECUTIONS,
            None => MAX_TIMELINES,
        };
        let fields = if self.json {
            SourceFields::All
        } else {
            SourceFields::Except {
                includes: &SUMMARY_AND_LINE_FIELDS,
                excludes: &SUMMARY_EXCLUDES,
            }
        };
        let found = search::find_requests_with_lines(
            &self.client,
            &self.question,
            self.now,
            most * SUMMARIES_A_REQUEST,
            fields,
        );
        let mut found = found.await?;
        if found.requests.len() > most || found.has_more {
            note(
                "there are more invocations than are shown; the first are shown: \
                 give more of the id, --function or a range of time",
            );
            found.requests.truncate(most);
        }
        if found.requests.is_empty() {
            self.report_no_hits()?;
        }
        if let Some(asked) = &self.question.execution {
            return self.executions(asked, &found.requests).await;
        }
        for (index, request) in found.requests.iter().enumerate() {
            if index > 0 && !self.json {
                print("\n\n")?;
            }
            let summaries = documents(&request.summaries)?;
            let timeline = Timeline::new(&summaries);
            self.timeline(request, &summaries, timeline).await?;
        }
        Ok(())
    }

    /// All invocations of each execution, with one clock for all of them.
    async fn executions(&self, asked: &str, found: &[RequestSummaries]) -> anyhow::Result<()> {
        let invocations: Result<Vec<_>, SearchError> = (found.iter())
            .map(|request| Ok((request, documents(&request.summaries)?)))
            .collect();
        for (index, execution) in by_execution(invocations?).iter().enumerate() {
            if !self.json {
                print(if index > 0 { "\n\n" } else { "" })?;
                print(&execution.head(asked))?;
            }
            for (index, (request, summaries)) in execution.invocations.iter().enumerate() {
                if index > 0 && !self.json {
                    print("\n")?;
                }
                let timeline = Timeline::since(execution.start());
                self.timeline(request, summaries, timeline).await?;
            }
        }
        Ok(())
    }

    async fn timeline(
        &self,
        request: &RequestSummaries,
        summaries: &[StoredInvocation<'_>],
        mut timeline: Timeline,
    ) -> anyhow::Result<()> {
        let RequestSummaries {
            request_id,
            summaries: hits,
            ..
        } = request;
        print(&if self.json {
            json_lines(hits)?
        } else {
            timeline.head(request_id, summaries)
        })?;
        let lines = RequestLines::new(&self.client, request, summaries)?;
        let fields = self.fields(&LOG_FIELDS);
        let mut pages = lines.pages(&self.client, fields, self.question.limit);
        let printed = self.print_lines(&mut pages, &mut timeline).await;
        pages.close().await;
        printed
    }

    async fn print_lines(
        &self,
        pages: &mut RequestPages<'_>,
        timeline: &mut Timeline,
    ) -> anyhow::Result<()> {
        while let Some(hits) = pages.next().await? {
            self.print_timeline(&hits, timeline)?;
        }
        Ok(())
    }

    fn print_timeline(&self, lines: &[Hit], timeline: &mut Timeline) -> anyhow::Result<()> {
        Ok(print(&if self.json {
            json_lines(lines)?
        } else {
            timeline.rows(&documents(lines)?)
        })?)
    }

    /// Says which indices are closed.
    async fn closed_indices(&self) -> anyhow::Result<Option<String>> {
        let closed = self.client.closed_indices(&self.question, self.now).await?;
        Ok(sentences::closed_indices(&closed))
    }

    fn report_no_hits(&self) -> anyhow::Result<()> {
        let asked = sentences::asked_documents(&self.question, self.now);
        if self.unchecked_text.get().is_some_and(Option::is_some) {
            bail!("found no {asked}, which proves nothing as long as its fields are not checked");
        }
        note(&format!(
            "found no {asked}; {}",
            sentences::no_hits_advice(&self.question)
        ));
        Ok(())
    }
}

enum List {
    LogLines(LogLineList),
    Invocations(InvocationList),
}

fn documents<'a, D: Deserialize<'a>>(hits: &'a [Hit]) -> Result<Vec<D>, SearchError> {
    hits.iter().map(Hit::document).collect()
}
