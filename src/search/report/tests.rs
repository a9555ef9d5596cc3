//! The request of each kind of report.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::question::{GroupBy, ReportQuestion, SortKey};
use super::request;
use super::span::Span;
use crate::search::question::Question;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn a_day() -> Span {
    Span {
        since: time("2026-11-23T12:00:00Z"),
        until: time("2026-11-24T12:00:00Z"),
    }
}

fn question(by: GroupBy, sort: SortKey) -> ReportQuestion {
    ReportQuestion::new(Question::default(), by, sort, a_day(), None, 24)
}

#[test]
fn requests_as_they_are_sent() {
    let filter = Question {
        text: Some("lambda.duration_ms:>100".to_owned()),
        functions: vec!["orders*".to_owned()],
        ..Question::default()
    };
    let day = SignedDuration::from_hours(24);
    let before = a_day().earlier(day);
    let compared = ReportQuestion::new(
        filter,
        GroupBy::Function,
        SortKey::Timeouts,
        a_day(),
        before,
        24,
    );
    let shown = |question: &ReportQuestion| {
        let query = request::query(question, a_day().until);
        json!({
            "kind": query.kind.as_str(),
            "query": query.query(),
            "aggs": request::aggregations(question),
        })
    };
    insta::assert_json_snapshot!("compared", shown(&compared));
    let by_error = question(GroupBy::Error, SortKey::P95);
    insta::assert_json_snapshot!("by_error", shown(&by_error));
}

#[test]
fn buckets_stay_below_the_limit_of_opensearch() {
    for by in [GroupBy::Function, GroupBy::Version, GroupBy::Error] {
        for buckets in [1, 24, 60, 200] {
            let asked = ReportQuestion::new(
                Question::default(),
                by,
                SortKey::default(),
                a_day(),
                None,
                buckets,
            );
            let limit = request::group_limit(&asked);
            let by_time = Duration::from_secs(24 * 3600).as_millis() / asked.step_ms as u128;
            assert!(
                limit as u128 * (2 * by_time + 18) <= 60_000,
                "{by:?} {buckets}"
            );
            assert!(limit >= 100, "{by:?} {buckets}");
        }
    }
    assert_eq!(
        request::group_limit(&question(GroupBy::Function, SortKey::Cost)),
        909
    );
}
