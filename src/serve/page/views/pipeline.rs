/*! Pipeline: the state of queue, workers, dead letters and export goes in; one page comes out. A part that is not
configured says how to configure it, a part that fails says so. */

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::search::reading::grouped;
use crate::search::{Question, SearchError};
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::failure::PageError;
use crate::serve::page::inert::Inert;
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::pipeline_sources::{ExportedGroup, Letters, Part, PipelineState};
use crate::serve::page::plot::time;
use crate::serve::page::shared::{Answer, Shared};
use crate::serve::page::worker_metrics::WorkerFigures;
use crate::source::Depth;

const PATH: &str = "/pipeline";
/// Most reasons of dead letters that are listed.
const MOST_REASONS: usize = 50;
const LONGEST: usize = 400;

#[derive(Template)]
#[template(path = "pipeline.html")]
struct PipelinePage {
    head: Head,
    form: SearchForm,
    sections: Vec<Section>,
    foot: Foot,
}

/// One part of the pipeline.
struct Section {
    title: &'static str,
    state: SectionState,
}

enum SectionState {
    /// The flags that configure it, and what it would show.
    NotConfigured(&'static str, &'static str),
    Failed(Inert<'static>),
    Known {
        facts: Vec<(String, String)>,
        table: Option<Table>,
        notes: Vec<String>,
    },
}

struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Inert<'static>>>,
}

pub async fn page(shared: &Shared, query: &PageQuery, now: Timestamp) -> Result<Answer, PageError> {
    let client = shared.client();
    let question = Question::default();
    let (state, newest) = tokio::join!(shared.pipeline.read(), client.newest_line(&question, now));
    Answer::page(&pipeline_page(&state, newest, query, now))
}

fn pipeline_page(
    state: &PipelineState,
    newest: Result<Option<Timestamp>, SearchError>,
    query: &PageQuery,
    now: Timestamp,
) -> PipelinePage {
    let sections = vec![
        section(
            "Queue",
            &state.queue,
            ("--queue-url", "its depth"),
            |(name, depth)| queue(name, *depth),
        ),
        section(
            "Workers",
            &state.workers,
            ("--worker-metrics", "lag, messages in flight and verdicts"),
            |w| workers(w),
        ),
        Section {
            title: "Indices",
            state: indices(newest, now),
        },
        section(
            "Dead letters",
            &state.letters,
            ("--dead-letters", "the letters of a store by reason"),
            letters,
        ),
        section(
            "Export",
            &state.export,
            (
                "--checkpoints, --destination and log groups",
                "how far each group is exported",
            ),
            |g| export(g),
        ),
    ];
    PipelinePage {
        head: Head::new("Pipeline", PATH, query),
        form: SearchForm::new(&query.times()),
        sections,
        foot: Foot::new(Vec::new(), None),
    }
}

fn section<T>(
    title: &'static str,
    part: &Part<T>,
    configured_by: (&'static str, &'static str),
    show: impl FnOnce(&T) -> SectionState,
) -> Section {
    let state = match part {
        Part::NotConfigured => SectionState::NotConfigured(configured_by.0, configured_by.1),
        Part::Failed(reason) => SectionState::Failed(Inert::line(reason.clone()).cut(LONGEST)),
        Part::Known(known) => show(known),
    };
    Section { title, state }
}

fn known(facts: &[(&str, String)]) -> SectionState {
    SectionState::Known {
        facts: facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        table: None,
        notes: Vec::new(),
    }
}

fn queue(name: &str, depth: Depth) -> SectionState {
    let mut state = known(&[
        ("Waiting", grouped(depth.visible)),
        ("In flight", grouped(depth.in_flight)),
        ("Delayed", grouped(depth.delayed)),
    ]);
    if let SectionState::Known { notes, .. } = &mut state {
        notes.push(format!(
            "Queue {name}. The numbers are SQS's own, which are approximate."
        ));
        notes.push(
            "SQS tells the age of its oldest message to CloudWatch only, as ApproximateAgeOfOldestMessage; the lag of the \
             workers is the time from sending to verdict."
                .to_owned(),
        );
    }
    state
}

fn workers(workers: &[(String, Result<WorkerFigures, String>)]) -> SectionState {
    let mut all = WorkerFigures::default();
    let mut rows = Vec::new();
    let mut answered = 0;
    for (url, figures) in workers {
        let cells = match figures {
            Ok(figures) => {
                all.add(figures);
                answered += 1;
                let ready = match (figures.value("index_up"), figures.value("holding")) {
                    (_, Some(1.0)) => "holds: OpenSearch refuses documents",
                    (Some(0.0), _) => "OpenSearch does not answer",
                    _ => "works",
                };
                [
                    ready.to_owned(),
                    number(figures, "messages_held"),
                    number(figures, "objects_reading"),
                    lag(figures),
                ]
            }
            Err(reason) => [reason.clone(), String::new(), String::new(), String::new()],
        };
        let cells = std::iter::once(url.clone()).chain(cells);
        rows.push(cells.map(|cell| Inert::line(cell).cut(LONGEST)).collect());
    }
    let mut state = known(&[
        (
            "Workers that answer",
            format!("{answered} of {}", workers.len()),
        ),
        ("Messages in flight", number(&all, "messages_held")),
        ("Lag of half of the messages", within(&all, 0.5)),
        ("Lag of 95 %", within(&all, 0.95)),
        ("Documents indexed", number(&all, "documents_total:indexed")),
        (
            "Already there",
            number(&all, "documents_total:already_there"),
        ),
        ("Rejected", number(&all, "documents_total:rejected")),
        ("Dead letters written", number(&all, "dead_letters_total")),
        (
            "Messages given back",
            number(&all, "messages_released_total"),
        ),
    ]);
    if let SectionState::Known { table, notes, .. } = &mut state {
        *table = Some(Table {
            columns: &["Worker", "State", "In flight", "Objects", "Lag of 95 %"],
            rows,
        });
        notes.push(
            "Numbers are since each worker's start. A lag is the upper bound of a bucket."
                .to_owned(),
        );
    }
    state
}

fn number(figures: &WorkerFigures, name: &str) -> String {
    figures
        .value(name)
        .map_or_else(|| "–".to_owned(), |value| grouped(value.max(0.0) as u64))
}

fn lag(figures: &WorkerFigures) -> String {
    within(figures, 0.95)
}

fn within(figures: &WorkerFigures, share: f64) -> String {
    match figures.lag_within(share) {
        None => "–".to_owned(),
        Some(bound) if bound.is_infinite() => "more than the longest bucket".to_owned(),
        Some(bound) => format!("at most {bound} s"),
    }
}

fn indices(newest: Result<Option<Timestamp>, SearchError>, now: Timestamp) -> SectionState {
    match newest {
        Ok(Some(newest)) => known(&[
            ("Newest line", format!("{} UTC", time(newest))),
            ("Its age", age(now.duration_since(newest))),
        ]),
        Ok(None) => known(&[("Newest line", "none yet".to_owned())]),
        Err(error) => SectionState::Failed(Inert::line(error.to_string()).cut(LONGEST)),
    }
}

fn letters(letters: &Letters) -> SectionState {
    let at_least = if letters.has_more { "at least " } else { "" };
    let mut state = known(&[(
        "Letters",
        format!("{at_least}{}", grouped(letters.groups.letters)),
    )]);
    if let SectionState::Known { table, notes, .. } = &mut state {
        let groups = letters.groups.sorted();
        let rows = groups.iter().take(MOST_REASONS).map(|group| {
            let cells = [
                grouped(group.letters),
                group.key.kind.clone(),
                group.key.index.clone().unwrap_or_default(),
                group.key.field.clone().unwrap_or_default(),
                group.first.clone(),
                group.last.clone(),
                group.key.reason.clone(),
            ];
            cells.map(|cell| Inert::line(cell).cut(LONGEST)).into()
        });
        if !groups.is_empty() {
            *table = Some(Table {
                columns: &[
                    "Letters", "Kind", "Index", "Field", "First", "Last", "Reason",
                ],
                rows: rows.collect(),
            });
        }
        notes.push(format!(
            "Store {}. logferry dead-letters shows and replays them.",
            letters.store
        ));
        if groups.len() > MOST_REASONS {
            notes.push(format!(
                "The most frequent {MOST_REASONS} of {} reasons are listed.",
                groups.len()
            ));
        }
        if letters.unreadable > 0 {
            notes.push(format!(
                "{} letters or files cannot be read.",
                grouped(letters.unreadable)
            ));
        }
    }
    state
}

fn export(groups: &[ExportedGroup]) -> SectionState {
    let behind = groups
        .iter()
        .map(|group| group.behind_ms)
        .max()
        .unwrap_or(0);
    let unusable = groups.iter().filter(|group| group.until.is_err()).count();
    let mut state = known(&[
        ("Log groups", grouped(groups.len() as u64)),
        ("Most behind", age(SignedDuration::from_millis(behind))),
        ("Unusable checkpoints", grouped(unusable as u64)),
    ]);
    if let SectionState::Known { table, .. } = &mut state {
        let rows = groups.iter().map(|group| {
            let until = match &group.until {
                Ok(Some(until)) => Timestamp::from_millisecond(*until)
                    .map(time)
                    .unwrap_or_default(),
                Ok(None) => "never".to_owned(),
                Err(reason) => reason.clone(),
            };
            let cells = [
                group.name.clone(),
                until,
                age(SignedDuration::from_millis(group.behind_ms)),
            ];
            cells.map(|cell| Inert::line(cell).cut(LONGEST)).into()
        });
        *table = Some(Table {
            columns: &["Log group", "Exported until", "Behind by"],
            rows: rows.collect(),
        });
    }
    state
}

/// `3 h 5 min`, without seconds beyond a minute.
fn age(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::dead_letters::{DeadLetter, LetterGroups};
    use logferry_core::dead_letter::FORMAT;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn main_of(state: &PipelineState, newest: Result<Option<Timestamp>, SearchError>) -> String {
        let page = pipeline_page(state, newest, &PageQuery::default(), now());
        let html = page.render().unwrap();
        html[html.find("<main").unwrap()..].to_owned()
    }

    #[test]
    fn each_part_stands_alone() {
        let nothing = PipelineState {
            queue: Part::NotConfigured,
            workers: Part::NotConfigured,
            letters: Part::NotConfigured,
            export: Part::NotConfigured,
        };
        insta::assert_snapshot!("nothing", main_of(&nothing, Ok(None)));
        let mut groups = LetterGroups::default();
        let letter = DeadLetter {
            format: FORMAT,
            time: "2026-11-23T10:00:00Z".to_owned(),
            kind: "document".into(),
            bucket: "logs".to_owned(),
            key: "k".to_owned(),
            etag: None,
            version_id: None,
            offset: 7,
            size: None,
            status: None,
            reason: "failed to parse <script>alert(1)</script>".to_owned(),
            worker: "logferry".into(),
            index: None,
            id: None,
            source: None,
        };
        groups.add(&letter, "id");
        let mixed = PipelineState {
            queue: Part::Known((
                "logs".to_owned(),
                Depth {
                    visible: 12_345,
                    in_flight: 3,
                    delayed: 0,
                },
            )),
            workers: Part::Known(vec![(
                "http://w:9090/metrics".to_owned(),
                Err("nothing listens".to_owned()),
            )]),
            letters: Part::Known(Letters {
                store: "file:///letters".to_owned(),
                groups,
                has_more: true,
                unreadable: 1,
            }),
            export: Part::Failed("AccessDenied\u{1b}[2J <b>".to_owned()),
        };
        insta::assert_snapshot!(
            "mixed",
            main_of(&mixed, Ok("2026-11-24T11:00:00Z".parse().ok()))
        );
    }
}
