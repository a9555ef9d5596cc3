//! Folded lines: a summary holds everything that their documents would show, whatever the objects, their order and
//! their repetition.

mod laws;
mod stored;

use crate::document::folded_documents;
use crate::document::tests::folded::stored::{json_of, one, stored};
use crate::document::tests::*;
use crate::invocation::{Architecture, Merged, Prices, Summary, merged};

/// 2026-11-27T10:00:00Z.
const TEN: i64 = 1_795_773_600_000;
const STREAM: &str = "2026-11-27-[$LATEST]0123456789abcdef0123456789abcdef";
const A: &str = "405bb962-f57b-521d-81a1-e7272fbf6077";
const B: &str = "8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64";

fn lines(texts: &[&str]) -> Vec<(i64, String)> {
    let each = (0..).zip(texts);
    each.map(|(at, text)| (at * 10, text.replace("{A}", A).replace("{B}", B)))
        .collect()
}

const INIT: &str = "INIT_START Runtime Version: nodejs:20.v15\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:379c";
const REPORT: &str = "REPORT RequestId: {A}\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 80 MB\tInit Duration: 150.50 ms\t";

/// A whole invocation with one line of its own.
const INVOCATION: [&str; 5] = [
    INIT,
    "START RequestId: {A} Version: $LATEST",
    "hello",
    "END RequestId: {A}",
    REPORT,
];

#[test]
fn the_lines_of_an_invocation_stand_in_its_summary() {
    let stored = one(&lines(&INVOCATION), PlatformLines::Folded);
    let messages: Vec<&Value> = stored.logs.values().map(|log| &log["message"]).collect();
    assert_eq!(messages, ["hello"]);
    assert_eq!((stored.events, stored.folded), (5, 4));
    let summary = json_of(stored.summaries.values().next().expect("a summary"));
    insta::assert_json_snapshot!("summary", summary);
    let rebuilt: Vec<Value> = stored.rebuilt().into_values().collect();
    insta::assert_json_snapshot!("rebuilt", rebuilt);
}

#[test]
fn a_stored_summary_of_this_version_is_read() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/summaries/version-4.json"
    );
    let fixture = std::fs::read(file).expect("each version has a fixture");
    let stored = one(&lines(&INVOCATION), PlatformLines::Folded);
    let source = stored.summaries.values().next().expect("a summary");
    let [fixture, ours] =
        [&fixture, source].map(|source| Summary::read(source).expect("it is read"));
    assert_eq!(fixture, ours);
}

#[test]
fn a_line_that_no_summary_holds_whole_stays_a_document() {
    let long = format!("START RequestId: {{A}} Version: {}", "9".repeat(2000));
    for (texts, kept) in [
        // No invocation follows.
        (vec![INIT], 1),
        (vec![INIT, INIT, "START RequestId: {A} Version: 1"], 1),
        (
            vec!["REPORT RequestId: {A}\tDuration: 2.00 ms\tGpu: 3 ms"],
            1,
        ),
        (vec!["START RequestId: {A} Version: 1 and more"], 1),
        (vec![long.as_str()], 1),
        (
            vec!["REPORT RequestId: {A}\tDuration: 2.00 ms\tStatus: timeout"],
            1,
        ),
        (
            vec![
                "REPORT RequestId: {A}\tDuration: 2.00 ms\tStatus: error\tError Type: Runtime.ExitError",
            ],
            1,
        ),
        (
            vec!["2026-11-27T10:00:00.000Z {A} Task timed out after 3.00 seconds"],
            1,
        ),
        (
            vec!["EXTENSION\tName: x\tState: Ready\tEvents: [INVOKE]"],
            1,
        ),
        (
            vec![
                "START RequestId: {A} Version: 1",
                "INIT_REPORT Init Duration: 9.10 ms\tPhase: invoke\tStatus: timeout",
            ],
            1,
        ),
        (
            vec![
                "START RequestId: {A} Version: 1",
                "INIT_REPORT Init Duration: 9.10 ms\tPhase: invoke",
            ],
            0,
        ),
    ] {
        let stored = one(&lines(&texts), PlatformLines::Folded);
        assert_eq!(stored.logs.len(), kept, "{texts:?}");
        assert_eq!(
            stored.folded + stored.log_documents,
            stored.events,
            "{texts:?}"
        );
    }
}

#[test]
fn a_summary_takes_only_so_many_lines_of_an_object() {
    let start = |n: i64| (n, format!("START RequestId: {A} Version: {n}"));
    let events: Vec<(i64, String)> = (0..40).map(start).collect();
    let stored = one(&events, PlatformLines::Folded);
    assert_eq!((stored.folded, stored.log_documents), (32, 8));
    assert_eq!(stored.lines(), one(&events, PlatformLines::All).lines());
}

#[test]
fn a_stored_summary_takes_only_so_many_lines() {
    let prices = Prices::builtin(Architecture::X86);
    let part = |object: i64| {
        let start = |n: i64| {
            (
                object * 32 + n,
                format!("START RequestId: {A} Version: {n}"),
            )
        };
        let events: Vec<(i64, String)> = (0..32).map(start).collect();
        let stored = one(&events, PlatformLines::Folded);
        let source = stored.summaries.values().next().expect("a summary");
        Summary::read(source).expect("it was just written")
    };
    let mut whole = part(0).write(&prices);
    for object in 1..32 {
        match merged(&whole, &part(object), &prices) {
            Merged::Changed(source) => whole = source,
            other => panic!("{object}: {other:?}"),
        }
    }
    let more = merged(&whole, &part(32), &prices);
    assert!(matches!(more, Merged::TooManyLines(1056)), "{more:?}");
    // What it holds already is no more.
    assert!(matches!(merged(&whole, &part(3), &prices), Merged::Same));
}

#[test]
fn the_lines_of_a_damaged_summary_survive() {
    let prices = Prices::builtin(Architecture::X86);
    let events = lines(&["START RequestId: {A} Version: 1", "END RequestId: {A}"]);
    let [first, second] = [0, 1].map(|n| one(&events[n..=n], PlatformLines::Folded));
    let (target, source) = first.summaries.iter().next().expect("a summary");
    let damaged = String::from_utf8_lossy(source).replace("\"state\":", "\"lost\":");
    let ours = Summary::read(&second.summaries[target]).expect("it was just written");
    let Merged::Replaced(source, _) = merged(damaged.as_bytes(), &ours, &prices) else {
        panic!("it can be read");
    };
    let lines = folded_documents(&source, "logferry").expect("a summary");
    assert_eq!(lines.len(), 2);
}

#[test]
fn an_older_logferry_merges_a_summary_without_folded_lines() {
    let events = lines(&["START RequestId: {A} Version: 1", "END RequestId: {A}"]);
    for (platform_lines, version) in [(PlatformLines::All, 3), (PlatformLines::Folded, 4)] {
        let stored = one(&events, platform_lines);
        let summary = json_of(stored.summaries.values().next().expect("a summary"));
        assert_eq!(summary["invocation"]["merge"]["v"], version);
    }
}

#[test]
fn events_of_subscriptions_keep_their_ids() {
    let event = |id: usize, text: &str| json!({"id": format!("{id:056}"), "timestamp": TEN + id as i64, "message": text.replace("{A}", A)});
    let texts = [
        INIT,
        "START RequestId: {A} Version: 3",
        "x",
        "END RequestId: {A}\n",
        REPORT,
    ];
    let events: Vec<Value> = (1..).zip(texts).map(|(id, text)| event(id, text)).collect();
    let file = json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/lambda/checkout",
        "logStream": "2026/11/27/[3]0123456789abcdef0123456789abcdef", "subscriptionFilters": ["f"], "logEvents": events,
    });
    let objects = [("firehose/x".to_owned(), file.to_string())];
    let folded = stored(&objects, PlatformLines::Folded);
    assert_eq!((folded.folded, folded.log_documents), (4, 1));
    assert_eq!(folded.lines(), stored(&objects, PlatformLines::All).lines());
}
