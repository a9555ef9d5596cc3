/*! Which invocation a line lies in, and whether that is the first of its environment. */

use std::sync::Arc;

use super::samples::*;
use crate::decode::Origin;
use crate::invocation::Options;

fn inferred(samples: &[Sample], origin: &Arc<Origin>) -> Vec<Option<String>> {
    let (_, seen) = track(samples, origin, Options::default());
    seen.into_iter().map(|seen| seen.inferred).collect()
}

fn cold_starts(samples: Vec<Sample>) -> Vec<Option<bool>> {
    let (_, seen) = track(&timed(samples), &origin(), Options::default());
    seen.into_iter().map(|seen| seen.cold_start).collect()
}

fn of(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn lines_between_start_and_the_next_start_lie_in_the_invocation() {
    let samples = timed(vec![
        print("at the head"),
        start(A),
        print("in a"),
        end(A),
        report(A, 1.0),
        print("after its report"),
        start(B),
        print("in b"),
        init_start(),
        print("in init"),
    ]);
    let expected = [
        None,
        None,
        of(A),
        None,
        None,
        of(A),
        None,
        of(B),
        None,
        None,
    ];
    assert_eq!(inferred(&samples, &origin()), expected);
}

#[test]
fn concurrent_requests_infer_nothing_for_the_rest_of_the_object() {
    let samples = timed(vec![
        json_start(A),
        print("in a"),
        json_start(B),
        print("in either"),
        json_report(A, 1.0, "success"),
        print("in b, but who knows"),
        json_report(B, 1.0, "success"),
        json_start(A),
        print("still not"),
    ]);
    let mut expected = vec![None; 9];
    expected[1] = of(A);
    assert_eq!(inferred(&samples, &origin()), expected);
}

#[test]
fn json_requests_one_after_the_other_infer() {
    let samples = timed(vec![
        json_start(A),
        json_report(A, 1.0, "success"),
        json_start(B),
        print("in b"),
    ]);
    assert_eq!(inferred(&samples, &origin())[3], of(B));
}

#[test]
fn a_report_beside_an_open_json_request_shows_concurrency() {
    let samples = timed(vec![
        json_start(A),
        json_report(B, 1.0, "success"),
        print("in a, but who knows"),
    ]);
    assert_eq!(inferred(&samples, &origin())[2], None);
}

#[test]
fn events_without_a_stream_infer_until_they_interleave() {
    let unknown = Arc::new(Origin::default());
    let samples = timed(vec![
        start(A),
        print("in a"),
        start(B),
        print("in either"),
        log(B, "named"),
    ]);
    let expected = [None, of(A), None, None, None];
    assert_eq!(inferred(&samples, &unknown), expected);
    // In a stream a START without the REPORT before it follows a crash.
    assert_eq!(inferred(&samples, &origin())[3], of(B));
}

#[test]
fn lines_at_the_head_count_for_the_request_that_a_text_line_names() {
    let all = summaries(&timed(vec![print("x"), log(A, "y"), print("z"), start(B)]));
    assert_eq!(shown(&all[A])["invocation"]["log_count"], 3);
    // Not if a START shows that they were of another one.
    let all = summaries(&timed(vec![print("x"), start(A)]));
    assert_eq!(shown(&all[A])["invocation"]["log_count"], 1);
}

#[test]
fn cold_start_is_told_by_init_lines_before_the_first_start() {
    let seen = cold_starts(vec![
        init_start(),
        print("in init"),
        start(A),
        report(A, 1.0),
        start(B),
        log(B, "warm"),
    ]);
    let (cold, warm) = (Some(true), Some(false));
    assert_eq!(seen, [None, None, cold, cold, warm, warm]);
}

#[test]
fn cold_start_is_unknown_where_nothing_tells() {
    assert_eq!(cold_starts(vec![start(A), log(A, "x")]), [None, None]);
    assert_eq!(
        cold_starts(vec![report(A, 1.0), start(B)]),
        [None, Some(false)]
    );
}

#[test]
fn an_init_duration_of_nothing_is_no_cold_start() {
    let with_init = |ms| {
        let report = report(A, 1.0).platform(|platform| platform.init_duration_ms = Some(ms));
        let sample = vec![start(A), report];
        (cold_starts(sample.clone())[1], summary(sample).cold_start())
    };
    assert_eq!(with_init(0.0), (None, Some(false)));
    assert_eq!(with_init(0.5), (Some(true), Some(true)));
}

#[test]
fn a_report_that_bills_nothing_tells_of_no_cold_start() {
    let managed =
        || json_report(A, 1.0, "success").platform(|platform| platform.billed_duration_ms = None);
    assert_eq!(summary(vec![json_start(A), managed()]).cold_start(), None);
    let known = summary(vec![init_start(), json_start(A), managed()]);
    assert_eq!(known.cold_start(), Some(true));
}

#[test]
fn an_init_after_an_invocation_is_no_cold_start() {
    let seen = cold_starts(vec![start(A), report(A, 1.0), init_start(), start(B)]);
    assert_eq!(seen[3], Some(false));
}

#[test]
fn the_second_attempt_is_warm_although_the_first_was_cold() {
    let report_cold = report(A, 1.0).platform(|platform| platform.init_duration_ms = Some(5.0));
    let samples = vec![init_start(), start(A), report_cold, start(A), log(A, "x")];
    assert_eq!(cold_starts(samples)[4], Some(false));
}
