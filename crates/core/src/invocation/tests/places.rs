/*! Tests of the context of a line: its invocation, and whether that invocation is a cold start. */

use std::sync::Arc;

use crate::decode::Origin;
use crate::invocation::TrackerLimits;
use crate::invocation::tests::samples::*;

fn inferred(samples: &[Sample], origin: &Arc<Origin>) -> Vec<Option<String>> {
    let (_, seen) = track(samples, origin, TrackerLimits::default());
    seen.into_iter().map(|seen| seen.inferred).collect()
}

fn cold_starts(samples: Vec<Sample>) -> Vec<Option<bool>> {
    let (_, seen) = track(&timed(samples), &origin(), TrackerLimits::default());
    seen.into_iter().map(|seen| seen.cold_start).collect()
}

fn some_id(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn lines_between_two_starts_belong_to_the_invocation() {
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
        some_id(A),
        None,
        None,
        some_id(A),
        None,
        some_id(B),
        None,
        None,
    ];
    assert_eq!(inferred(&samples, &origin()), expected);
}

#[test]
fn concurrent_requests_stop_inference_for_the_rest_of_the_object() {
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
    expected[1] = some_id(A);
    assert_eq!(inferred(&samples, &origin()), expected);
}

#[test]
fn sequential_json_requests_allow_inference() {
    let samples = timed(vec![
        json_start(A),
        json_report(A, 1.0, "success"),
        json_start(B),
        print("in b"),
    ]);
    assert_eq!(inferred(&samples, &origin())[3], some_id(B));
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
fn events_without_a_stream_allow_inference_until_requests_interleave() {
    let unknown = Arc::new(Origin::default());
    let samples = timed(vec![
        start(A),
        print("in a"),
        start(B),
        print("in either"),
        log(B, "named"),
    ]);
    let expected = [None, some_id(A), None, None, None];
    assert_eq!(inferred(&samples, &unknown), expected);
    // In a named stream, a START without the previous request's REPORT follows a crash.
    assert_eq!(inferred(&samples, &origin())[3], some_id(B));
}

#[test]
fn lines_at_the_head_count_for_the_request_that_a_text_line_names() {
    let all = summaries(&timed(vec![print("x"), log(A, "y"), print("z"), start(B)]));
    assert_eq!(shown(&all[A])["invocation"]["log_count"], 3);
    // A START shows that the lines belonged to another request.
    let all = summaries(&timed(vec![print("x"), start(A)]));
    assert_eq!(shown(&all[A])["invocation"]["log_count"], 1);
}

#[test]
fn init_lines_before_the_first_start_show_a_cold_start() {
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
fn cold_start_is_unknown_without_evidence() {
    assert_eq!(cold_starts(vec![start(A), log(A, "x")]), [None, None]);
    assert_eq!(
        cold_starts(vec![report(A, 1.0), start(B)]),
        [None, Some(false)]
    );
}

#[test]
fn an_init_duration_of_zero_is_no_cold_start() {
    let with_init = |ms| {
        let report = report(A, 1.0).platform(|platform| platform.init_duration_ms = Some(ms));
        let sample = vec![start(A), report];
        (cold_starts(sample.clone())[1], summary(sample).cold_start())
    };
    assert_eq!(with_init(0.0), (None, Some(false)));
    assert_eq!(with_init(0.5), (Some(true), Some(true)));
}

#[test]
fn a_report_without_billed_duration_leaves_cold_start_unknown() {
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
