/*! Snapshots of whole documents. */

use insta::assert_json_snapshot;

use crate::invocation::tests::samples::*;
use crate::parse::Level;

#[test]
fn node_success() {
    let summary = summary(vec![
        start(A),
        log(A, "Processing message"),
        log(A, "done"),
        end(A),
        report(A, 12.34).traced("1-5d83c0ad-b8eb33a0b1de97d804fac890"),
    ]);
    // This snapshot includes the state: a change of its format needs a new version.
    let source = summary.write(&prices());
    let document: serde_json::Value = serde_json::from_slice(&source).expect("documents are JSON");
    assert_json_snapshot!(document);
}

#[test]
fn cold_start() {
    assert_json_snapshot!(shown(&summary(vec![
        init_start(),
        start(A),
        log(A, "hello"),
        end(A),
        report(A, 402.0).platform(|platform| platform.init_duration_ms = Some(120.96)),
    ])));
}

#[test]
fn timed_out() {
    let report = report(A, 3000.0).platform(|platform| platform.status = Some("timeout".into()));
    assert_json_snapshot!(shown(&summary(vec![start(A), end(A), report, timeout(A)])));
}

#[test]
fn out_of_memory() {
    let report = report(A, 10_935.7).platform(|platform| {
        platform.max_memory_used_mb = Some(128.0);
        platform.status = Some("error".into());
        platform.error_type = Some("Runtime.OutOfMemory".into());
    });
    assert_json_snapshot!(shown(&summary(vec![start(A), end(A), report, killed(A)])));
}

#[test]
fn python_failure() {
    let samples = vec![
        start(A),
        print("got an event"),
        python_error(),
        end(A),
        report(A, 1.5),
    ];
    assert_json_snapshot!(shown(&summary(samples)));
}

#[test]
fn asynchronous_retries() {
    let minute = 60_000;
    let failed = |at| {
        log(A, "Invoke Error \t{\"errorType\":\"Error\"}")
            .level(Level::Error)
            .error("Error", "no")
            .after(at)
    };
    assert_json_snapshot!(shown(&summary(vec![
        start(A),
        failed(0),
        end(A),
        report(A, 10.5).platform(|platform| platform.init_duration_ms = Some(99.0)),
        start(A).after(minute),
        failed(minute),
        end(A).after(minute),
        report(A, 20.5).after(minute),
        start(A).after(3 * minute),
        end(A).after(3 * minute),
        report(A, 30.25).after(3 * minute),
    ])));
}

#[test]
fn json_format() {
    assert_json_snapshot!(shown(&summary(vec![
        json_start(A).platform(|platform| platform.tenant_id = Some("BlueTenant".into())),
        json_log(A, "hello"),
        json_done(A, "success"),
        json_report(A, 147.156, "success").platform(|platform| {
            platform.restore_duration_ms = Some(500.795);
            platform.billed_restore_duration_ms = Some(53.0);
        }),
    ])));
}

#[test]
fn incomplete() {
    assert_json_snapshot!(shown(&summary(vec![start(A), log(A, "and then")])));
}
