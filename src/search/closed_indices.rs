/*! A question goes in; the closed indices that may hold hits come out. A search leaves closed indices out silently. */

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::search::client::SearchClient;
use crate::search::question::{Question, View};
use crate::sink::IndexError;
use crate::sink::opensearch::Method;
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::time::calendar::DAY_MS;

impl SearchClient {
    /// Like [`Self::closed_indices`], after searches: it asks only if one of them has met a closed index.
    pub async fn met_closed_indices(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Vec<String>, IndexError> {
        match self.has_met_closed() {
            true => self.closed_indices(question, now).await,
            false => Ok(Vec::new()),
        }
    }

    /// Names of the closed indices that may hold what is asked for, sorted.
    pub async fn closed_indices(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Vec<String>, IndexError> {
        let kinds: &[DocumentKind] = match question.view {
            View::Timeline => &DocumentKind::ALL,
            View::Slowest | View::ColdStarts => &[DocumentKind::Invocation],
            View::Lines | View::Follow => &[DocumentKind::Log],
        };
        let mut closed = Vec::new();
        for kind in kinds {
            let names = self.closed_of_kind(*kind).await?;
            closed.extend(names.into_iter().filter(|name| {
                let day = index_name::read(name, &self.prefix);
                day.is_none_or(|(kind, day)| may_hold(question, now, kind, day))
            }));
        }
        closed.sort_unstable();
        Ok(closed)
    }

    /// Names of closed indices: all of them, or one if the user may not list them.
    async fn closed_of_kind(&self, kind: DocumentKind) -> Result<Vec<String>, IndexError> {
        if self.opensearch.is_serverless() {
            // Serverless has no closed indices.
            return Ok(Vec::new());
        }
        let path = self.indices_path(kind);
        let list = format!(
            "{path}/_settings?expand_wildcards=closed,hidden&allow_no_indices=true&filter_path=*.settings.index.uuid"
        );
        match self.opensearch.call(Method::GET, &list, None).await {
            Ok(Value::Object(indices)) => {
                return Ok(indices.into_iter().map(|(name, _)| name).collect());
            }
            Err(error @ IndexError::Unanswered(_)) => return Err(error),
            // The user may search only. OpenSearch refuses a search of closed indices and names one of them.
            Ok(_) | Err(_) => {}
        }
        let search = format!("{path}/_search?expand_wildcards=open,closed,hidden");
        let nothing = json!({"size": 0, "track_total_hits": false, "query": {"match_none": {}}});
        match self
            .opensearch
            .call(Method::POST, &search, Some(&nothing))
            .await
        {
            Ok(_) => Ok(Vec::new()),
            Err(error) => {
                let reason = error.to_string();
                let name = reason.split_once("index_closed_exception: closed [");
                let name = name.and_then(|(_, rest)| rest.split_once(']'));
                name.map(|(name, _)| vec![name.to_owned()]).ok_or(error)
            }
        }
    }
}

/// Whether the index of a day may hold what is asked for. The index of day 0 (1970) holds every impossible time.
fn may_hold(question: &Question, now: Timestamp, kind: DocumentKind, day: i64) -> bool {
    let since = question
        .range
        .since
        .map(|since| since.at(now).as_millisecond());
    let until = question.range.until.map(Timestamp::as_millisecond);
    // A range limits the start of an invocation; its lines may come a day before or after.
    let margin = match (question.view, kind) {
        (View::Timeline, DocumentKind::Log) => DAY_MS,
        _ => 0,
    };
    let (start, end) = (day * DAY_MS, (day + 1) * DAY_MS);
    let too_late = until.is_some_and(|until| start >= until + margin);
    // An invocation lies in the index of its stream's first day, and a stream may last for days.
    let too_early = kind == DocumentKind::Log && since.is_some_and(|since| end <= since - margin);
    day == 0 || !(too_late || too_early)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::question::{Since, TimeRange};

    #[test]
    fn a_day_counts_only_if_it_may_hold_what_is_asked_for() {
        use DocumentKind::{Invocation, Log};
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        // 2026-11-22.
        let day = time("2026-11-22T00:00:00Z").as_millisecond() / DAY_MS;
        let question = |view, since: Option<&str>, until: Option<&str>| Question {
            view,
            range: TimeRange {
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
                may_hold(&question, now, kind, day),
                may,
                "{view:?} {since:?} {until:?}"
            );
            assert!(may_hold(&question, now, kind, 0));
        }
    }
}
