/*! `report`: a validated question about many invocations goes in; a table of figures is printed.
`crate::search::report` asks OpenSearch. */

mod amounts;
mod change;
mod columns;
mod notes;
mod render;
mod sections;
mod spark;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;

use crate::commands::report::render::{Layout, rendered};
use crate::commands::search::output::{self, note, print};
use crate::commands::search::{sentences, session};
use crate::config::ReportConfig;
use crate::search::report::{Report, ReportQuestion};
use crate::search::{Question, SearchClient, TimeRange};
use crate::sink::opensearch::OpenSearch;

/// Time limit of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

pub async fn run(config: ReportConfig) -> anyhow::Result<()> {
    let stop = session::stopped_by_interrupt();
    let opensearch = OpenSearch::new(config.index, REQUEST_TIMEOUT).await?;
    let command = ReportCommand {
        client: SearchClient::new(opensearch, config.index_prefix, stop),
        question: config.question,
        limit: config.limit,
        json: config.json,
        now: Timestamp::now(),
    };
    let invocations = command.question.invocations();
    let ended = command.run().await;
    let closed = session::met_closed_indices(&command.client, invocations, command.now).await?;
    session::outcome(ended, &command.client, invocations, closed)
}

struct ReportCommand {
    client: SearchClient,
    question: ReportQuestion,
    limit: Option<usize>,
    json: bool,
    now: Timestamp,
}

impl ReportCommand {
    async fn run(&self) -> anyhow::Result<()> {
        let invocations = self.question.invocations();
        let mut unchecked = None;
        if let Some(text) = &invocations.text {
            unchecked = session::check_text(&self.client, invocations, text, self.now).await?;
        }
        let mut report = self.client.report(&self.question, self.now).await?;
        let found = |figures: u64| figures > 0;
        let before = report.before_total.as_ref();
        let is_empty = !found(report.total.invocations)
            && !before.is_some_and(|before| found(before.invocations));
        if self.json {
            if let Some(limit) = self.limit {
                report.rows.truncate(limit);
            }
            print(&format!("{}\n", serde_json::to_string(&report)?))?;
        } else if !is_empty {
            self.print(&report)?;
        }
        match is_empty {
            true => self.report_nothing(unchecked).await,
            false => Ok(()),
        }
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        let layout = Layout {
            columns: output::screen().columns,
            limit: self.limit,
        };
        Ok(print(&rendered(report, layout))?)
    }

    /// Says where was looked, and where the newest invocation is.
    async fn report_nothing(&self, unchecked_text: Option<String>) -> anyhow::Result<()> {
        let asked = sentences::asked_documents(&self.question.invocations_of_span(), self.now);
        if unchecked_text.is_some() {
            bail!("found no {asked}, which proves nothing as long as its fields are not checked");
        }
        let newest = self.client.newest_invocation(&self.question, self.now);
        let advice = match newest.await? {
            Some(newest) => {
                let day = newest.strftime("%Y-%m-%d");
                format!("the newest one is of {newest:.0}: --since {day}")
            }
            None => {
                let at_any_time = Question {
                    range: TimeRange::default(),
                    ..self.question.invocations().clone()
                };
                let advice = sentences::no_hits_advice(&at_any_time);
                format!("there is none at any time: {advice}")
            }
        };
        note(&format!("found no {asked}; {advice}"));
        Ok(())
    }
}
