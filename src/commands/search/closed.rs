/*! Closed indices, which OpenSearch leaves out of a search without a word. */

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::search::index::Index;
use crate::config::{Question, View};
use crate::sink::IndexError;
use crate::sink::opensearch::Method;
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::time::calendar::DAY_MS;

/// As many are named.
const NAMED: usize = 10;

impl Index {
    /// Why an answer lacks closed indices; none where none can have what is asked for.
    pub async fn left_out(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<String>, IndexError> {
        let kinds: &[DocumentKind] = match question.view {
            View::Timeline => &DocumentKind::ALL,
            View::Slowest | View::ColdStarts => &[DocumentKind::Invocation],
            View::Lines | View::Follow => &[DocumentKind::Log],
        };
        let mut missed = Vec::new();
        for kind in kinds {
            let names = self.closed(*kind).await?;
            missed.extend(names.into_iter().filter(|name| {
                let day = index_name::read(name, &self.prefix);
                day.is_none_or(|(kind, day)| may_have(question, now, kind, day))
            }));
        }
        missed.sort_unstable();
        Ok(sentence(&missed))
    }

    /// Names of closed indices: all, or one where they may not be listed.
    async fn closed(&self, kind: DocumentKind) -> Result<Vec<String>, IndexError> {
        if self.client.is_serverless() {
            // It knows no such thing.
            return Ok(Vec::new());
        }
        let path = self.path(kind);
        let list = format!(
            "{path}/_settings?expand_wildcards=closed,hidden&allow_no_indices=true&filter_path=*.settings.index.uuid"
        );
        match self.client.call(Method::Get, &list, None).await {
            Ok(Value::Object(indices)) => {
                return Ok(indices.into_iter().map(|(name, _)| name).collect());
            }
            Err(error @ IndexError::Unanswered(_)) => return Err(error),
            // A role for searching alone: a search that asks for closed indices is refused by the name of one.
            Ok(_) | Err(_) => {}
        }
        let search = format!("{path}/_search?expand_wildcards=open,closed,hidden");
        let nothing = json!({"size": 0, "track_total_hits": false, "query": {"match_none": {}}});
        match self
            .client
            .call(Method::Post, &search, Some(&nothing))
            .await
        {
            Ok(_) => Ok(Vec::new()),
            Err(error) => {
                let words = error.to_string();
                let name = words.split_once("index_closed_exception: closed [");
                let name = name.and_then(|(_, rest)| rest.split_once(']'));
                name.map(|(name, _)| vec![name.to_owned()]).ok_or(error)
            }
        }
    }
}

/// Whether the index of a day may have what is asked for. Times that no index has are in that of 1970.
fn may_have(question: &Question, now: Timestamp, kind: DocumentKind, day: i64) -> bool {
    let since = question
        .range
        .since
        .map(|since| since.at(now).as_millisecond());
    let until = question.range.until.map(Timestamp::as_millisecond);
    // A range is about the start of an invocation, whose lines come before and after.
    let margin = match (question.view, kind) {
        (View::Timeline, DocumentKind::Log) => DAY_MS,
        _ => 0,
    };
    let (start, end) = (day * DAY_MS, (day + 1) * DAY_MS);
    let too_late = until.is_some_and(|until| start >= until + margin);
    // An invocation lies in the index of its stream's day, and a stream goes on for days.
    let too_early = kind == DocumentKind::Log && since.is_some_and(|since| end <= since - margin);
    day == 0 || !(too_late || too_early)
}

fn sentence(missed: &[String]) -> Option<String> {
    let first = missed.first()?;
    let mut names = missed[..missed.len().min(NAMED)].join(", ");
    if missed.len() > NAMED {
        names.push_str(&format!(" and {} more", missed.len() - NAMED));
    }
    let (are, them, days) = match missed.len() {
        1 => ("is closed and was", "it", "its day"),
        _ => ("are closed and were", "them", "their days"),
    };
    Some(format!(
        "{names} {are} not searched: open {them} (POST /{first}/_open), or leave {days} out by --since and --until"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Range, Since};

    #[test]
    fn a_day_is_missed_only_if_it_may_have_what_is_asked_for() {
        use DocumentKind::{Invocation, Log};
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        // 2026-11-22.
        let day = time("2026-11-22T00:00:00Z").as_millisecond() / DAY_MS;
        let question = |view, since: Option<&str>, until: Option<&str>| Question {
            view,
            range: Range {
                since: since.map(|text| Since::At(time(text))),
                until: until.map(time),
            },
            ..Question::default()
        };
        for (view, kind, since, until, may) in [
            (View::Lines, Log, None, None, true),
            (View::Lines, Log, Some("2026-11-22T23:59:59Z"), None, true),
            (View::Lines, Log, Some("2026-11-23T00:00:00Z"), None, false),
            (View::Lines, Log, None, Some("2026-11-22T00:00:00Z"), false),
            (View::Lines, Log, None, Some("2026-11-22T00:00:01Z"), true),
            (
                View::Slowest,
                Invocation,
                Some("2026-11-24T00:00:00Z"),
                None,
                true,
            ),
            (
                View::Slowest,
                Invocation,
                None,
                Some("2026-11-22T00:00:00Z"),
                false,
            ),
            (
                View::Timeline,
                Log,
                Some("2026-11-23T12:00:00Z"),
                None,
                true,
            ),
            (
                View::Timeline,
                Log,
                Some("2026-11-24T00:00:00Z"),
                None,
                false,
            ),
        ] {
            let question = question(view, since, until);
            assert_eq!(
                may_have(&question, now, kind, day),
                may,
                "{view:?} {since:?} {until:?}"
            );
            assert!(may_have(&question, now, kind, 0));
        }
    }

    #[test]
    fn many_are_counted() {
        let names: Vec<String> = (10..30)
            .map(|day| format!("l-logs-2026.11.{day}"))
            .collect();
        let said = sentence(&names).unwrap();
        assert!(
            said.contains("l-logs-2026.11.19 and 10 more are closed"),
            "{said}"
        );
        assert_eq!(sentence(&[]), None);
    }
}
