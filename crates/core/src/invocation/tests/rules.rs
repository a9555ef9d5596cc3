/*! Tests of single rules: ids, counts, status, errors, attempts. */

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xxhash_rust::xxh3::Xxh3;

use crate::decode::Origin;
use crate::invocation::tests::samples::*;
use crate::invocation::{Merged, Status, TrackerLimits, merged};
use crate::parse::{App, Kind, Level};

#[test]
fn log_count_includes_platform_lines_and_lines_with_an_inferred_request() {
    let samples = vec![
        start(A),
        print("12345"),
        log(A, "y"),
        end(A),
        report(A, 1.0),
    ];
    let bytes: usize = samples.iter().map(|sample| sample.text.len()).sum();
    let shown = shown(&summary(samples));
    assert_eq!(shown["invocation"]["log_count"], 5);
    assert_eq!(shown["invocation"]["log_bytes"], bytes);
    assert_eq!(shown["invocation"]["error_count"], 0);
}

#[test]
fn only_request_ids_open_an_invocation() {
    assert!(summaries(&[log("order-4711", "x")]).is_empty());
    assert_eq!(summaries(&[start("test-request-id")]).len(), 1);
    assert!(summaries(&[start(&"x".repeat(1000))]).is_empty());
    // A platform line without a request id belongs to no request.
    let nameless = |kind| {
        let mut sample = print("REPORT");
        sample.record.kind = kind;
        sample
    };
    for kind in [Kind::Start, Kind::End, Kind::Report, Kind::RuntimeDone] {
        assert_eq!(summary(vec![start(A), nameless(kind)]).attempts(), 1);
    }
}

#[test]
fn status_goes_by_the_platform_first() {
    let with = |status: &'static str| {
        report(A, 1.0).platform(|platform| platform.status = Some(status.into()))
    };
    let status = |samples: Vec<Sample>| summary(samples).status();
    assert_eq!(status(vec![start(A), report(A, 1.0)]), Status::Success);
    assert_eq!(status(vec![start(A), end(A)]), Status::Success);
    assert_eq!(status(vec![report(A, 1.0)]), Status::Success);
    assert_eq!(status(vec![log(A, "x")]), Status::Incomplete);
    assert_eq!(
        status(vec![start(A), with("timeout"), killed(A)]),
        Status::Timeout
    );
    assert_eq!(status(vec![start(A), timeout(A)]), Status::Timeout);
    assert_eq!(status(vec![start(A), with("error")]), Status::Error);
    assert_eq!(status(vec![start(A), with("failure")]), Status::Error);
    assert_eq!(
        status(vec![start(A), report(A, 1.0), killed(A)]),
        Status::Error
    );
    assert_eq!(
        status(vec![start(A), python_error(), with("success")]),
        Status::Success
    );
    assert_eq!(
        status(vec![json_start(A), json_done(A, "failure")]),
        Status::Error
    );
    let full = report(A, 1.0).platform(|platform| platform.max_memory_used_mb = Some(129.0));
    assert_eq!(status(vec![start(A), full, killed(A)]), Status::OutOfMemory);
}

#[test]
fn a_logged_error_is_no_failure() {
    let logged = log(A, "Error: no such order")
        .level(Level::Error)
        .error("Error", "no such order");
    let summary = summary(vec![start(A), logged, end(A), report(A, 1.0)]);
    assert_eq!(summary.status(), Status::Success);
    assert_eq!(shown(&summary)["invocation"]["error_count"], 1);
    assert_eq!(
        shown(&summary)["invocation"]["first_error"],
        "Error: no such order"
    );
}

#[test]
fn errors_that_runtimes_print_are_failures() {
    let of_text = |text: &str, kind: &'static str| {
        let mut sample = print(text).error(kind, "no");
        sample.text = text.to_owned();
        sample.record.app = text.starts_with('{').then(|| App::from(text).into_owned());
        summary(vec![start(A), sample, end(A), report(A, 1.0)]).status()
    };
    assert_eq!(of_text("Uncaught Exception \t{}", "Error"), Status::Error);
    assert_eq!(
        of_text(
            "Error raised from handler method\n{}",
            "Function<TypeError>"
        ),
        Status::Error
    );
    assert_eq!(
        of_text(
            "[ERROR] Runtime.ImportModuleError: no",
            "Runtime.ImportModuleError"
        ),
        Status::Error
    );
    assert_eq!(
        of_text(
            r#"{"errorMessage":"no","errorType":"errorString"}"#,
            "errorString"
        ),
        Status::Error
    );
    let java =
        "no: java.lang.RuntimeException\njava.lang.RuntimeException: no\n\tat example.Handler";
    assert_eq!(of_text(java, "java.lang.RuntimeException"), Status::Error);
    assert_eq!(
        of_text(
            "java.lang.RuntimeException: no\n\tat x",
            "java.lang.RuntimeException"
        ),
        Status::Success
    );
    assert_eq!(
        of_text("[ERROR] ValueError: printed", "ValueError"),
        Status::Success
    );
    assert_eq!(
        of_text(
            "[ERROR]\t2026\tx\tTraceback (most recent call last)",
            "ValueError"
        ),
        Status::Success
    );
}

#[test]
fn a_failure_in_the_report_alone_counts_as_an_error() {
    for (error_type, status) in [
        ("Runtime.ExitError", "error"),
        ("Runtime.OutOfMemory", "out_of_memory"),
    ] {
        let report = report(A, 1.0).platform(|platform| {
            platform.status = Some("error".into());
            platform.error_type = Some(error_type.into());
        });
        let shown = shown(&summary(vec![start(A), end(A), report]));
        assert_eq!(shown["invocation"]["status"], status);
        assert_eq!(shown["invocation"]["first_error"], error_type);
        assert_eq!(shown["invocation"]["error_count"], 1);
        assert_eq!(shown["invocation"]["log_count"], 3);
    }
    let report = report(A, 1.0).platform(|platform| platform.status = Some("timeout".into()));
    let shown = shown(&summary(vec![start(A), report]));
    assert_eq!(shown["invocation"]["error_count"], 1);
    assert!(shown["invocation"].get("first_error").is_none());
}

#[test]
fn a_failed_init_gives_the_first_error() {
    let import = || {
        let text = "[ERROR] Runtime.ImportModuleError: Unable to import module 'a'";
        let error = print(text).level(Level::Error);
        error.error("Runtime.ImportModuleError", "Unable to import module 'a'")
    };
    let logged = || {
        print("said in init")
            .level(Level::Error)
            .error("Error", "x")
    };
    let failed = report(A, 1.0).platform(|platform| {
        platform.status = Some("error".into());
        platform.error_type = Some("Runtime.ImportModuleError".into());
    });
    let text = "Runtime.ImportModuleError: Unable to import module 'a'";
    let before = vec![init_start(), logged(), import(), import(), start(A)];
    let with = |report: Sample| {
        let mut samples = before.clone();
        samples.push(report);
        let summary = summary(samples);
        let read = crate::invocation::Summary::read(&summary.write(&prices()));
        assert_eq!(read.expect("we wrote it"), summary);
        shown(&summary)
    };
    let shown = with(failed);
    assert_eq!(shown["invocation"]["first_error"], text);
    assert_eq!(shown["invocation"]["error_count"], 1);
    assert_eq!(shown["invocation"]["log_count"], 2);
    // The second init succeeded.
    let shown = with(report(A, 1.0));
    assert!(shown["invocation"].get("first_error").is_none());
    assert_eq!(shown["invocation"]["error_count"], 0);
}

#[test]
fn a_new_attempt_without_an_end_is_incomplete() {
    let summary = summary(vec![start(A), timeout(A), report(A, 1.0), start(A)]);
    assert_eq!(
        (summary.status(), summary.attempts()),
        (Status::Incomplete, 2)
    );
}

#[test]
fn a_copy_in_the_other_format_is_the_same_attempt() {
    let summary = summary(vec![
        start(A),
        json_start(A),
        report(A, 10.0),
        json_report(A, 10.0, "error"),
    ]);
    assert_eq!((summary.attempts(), summary.status()), (1, Status::Error));
    assert_eq!(shown(&summary)["lambda"]["billed_duration_ms"], 10);
}

#[test]
fn the_same_lines_by_subscription_are_the_same_attempt() {
    let exported = timed(vec![start(A), report(A, 10.0)]);
    let mut subscribed = exported.clone();
    // Another text gives each event another identity.
    subscribed
        .iter_mut()
        .for_each(|sample| sample.text.push(' '));
    let mut both = summaries(&exported).remove(A).expect("it is there");
    both.merge(&summaries(&subscribed)[A]);
    assert_eq!(both.attempts(), 1);
    assert_eq!(shown(&both)["lambda"]["billed_duration_ms"], 10);
}

#[test]
fn parts_of_a_bounded_tracker_merge_to_the_whole() {
    let samples = timed(vec![
        start(A),
        print("1"),
        start(B),
        print("2"),
        report(A, 1.0),
        end(B),
        print("3"),
    ]);
    let tight = TrackerLimits {
        max_open: 1,
        max_lines: 2,
    };
    let (parts, seen) = track(&samples, &origin(), tight);
    assert!(parts.len() > 2);
    assert_eq!(seen[6].inferred.as_deref(), Some(B));
    let whole = summaries(&samples);
    for id in [A, B] {
        let mut parts = parts.iter().filter(|part| part.request_id() == id).cloned();
        let mut merged = parts.next().expect("each has a part");
        parts.for_each(|part| merged.merge(&part));
        assert_eq!(merged, whole[id]);
    }
}

#[test]
fn ids_depend_on_stream_and_request_alone() {
    let id = |origin: Origin, request: &str| {
        let (parts, _) = track(
            &[start(request)],
            &Arc::new(origin),
            TrackerLimits::default(),
        );
        parts[0].id()
    };
    let known = Origin::clone(&origin());
    let bare = Origin {
        log_stream: known.log_stream.clone(),
        ..Origin::default()
    };
    assert_eq!(id(known.clone(), A), id(bare, A));
    assert_eq!(id(known.clone(), A).len(), 22);
    assert_ne!(id(known.clone(), A), id(known.clone(), B));
    assert_ne!(id(known, A), id(Origin::default(), A));
    // Stored documents have this id: it must not change, for any length of the stream's name.
    for length in [0, 40, 137, 138, 400] {
        let stream = "s".repeat(length);
        let mut hash = Xxh3::new();
        hash.update(b"invocation\0");
        hash.update(&(length as u64).to_le_bytes());
        hash.update(stream.as_bytes());
        hash.update(A.as_bytes());
        let expected = URL_SAFE_NO_PAD.encode(hash.digest128().to_be_bytes());
        let named = Origin {
            log_stream: Some(stream),
            ..Origin::default()
        };
        assert_eq!(id(named, A), expected);
    }
}

#[test]
fn index_day_comes_from_the_stream_else_from_the_start() {
    let summary = summary(vec![start(A)]);
    assert_eq!(summary.index_day(), 20_734);
    let (parts, _) = track(
        &[start(A)],
        &Arc::new(Origin::default()),
        TrackerLimits::default(),
    );
    assert_eq!(parts[0].index_day(), 20_734);
}

#[test]
fn merged_reports_whether_the_document_changed() {
    let all = timed(vec![start(A), log(A, "x"), end(A), report(A, 1.0)]);
    let (whole, part) = (&summaries(&all)[A], &summaries(&all[2..])[A]);
    let prices = prices();
    let same = merged(&whole.write(&prices), part, &prices);
    assert!(matches!(same, Merged::Same), "{same:?}");
    let changed = merged(&part.write(&prices), whole, &prices);
    assert!(
        matches!(&changed, Merged::Changed(source) if *source == whole.write(&prices)),
        "{changed:?}"
    );
}

#[test]
fn documents_without_a_readable_state_are_refused_with_the_reason() {
    let error = |source: &str| {
        let read = crate::invocation::Summary::read(source.as_bytes());
        read.expect_err("it has no state of ours").to_string()
    };
    assert!(error("{}").contains("missing field `invocation`"));
    assert!(error(r#"{"invocation":{"status":"success"}}"#).contains("missing field `merge`"));
    for version in [1, 2, 5] {
        let of_version = error(&format!(
            r#"{{"invocation":{{"merge":{{"v":{version},"state":[]}}}}}}"#
        ));
        assert!(of_version.contains(&format!("of version {version}, this version reads 4")));
    }
    assert!(error(r#"{"invocation":{"merge":{"v":3,"state":7}}}"#).contains("invalid type"));
    assert!(error("not json").starts_with("stored invocation cannot be merged"));
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let message = "ü".repeat(5000);
    let shown = shown(&summary(vec![log(A, &message).level(Level::Fatal)]));
    let error = shown["invocation"]["first_error"]
        .as_str()
        .expect("an error");
    assert_eq!(error, "ü".repeat(512));
}

#[test]
fn numbers_are_written_as_they_were_read() {
    for duration in [1.001, 1711.87, 147.156, 3000.0, 0.28, 344_356.22] {
        let shown = shown(&summary(vec![report(A, duration)]));
        assert_eq!(shown["lambda"]["duration_ms"].as_f64(), Some(duration));
    }
}
