//! What summaries say about durable executions.

use std::sync::Arc;

use serde_json::json;

use crate::decode::Origin;
use crate::invocation::tests::samples::*;
use crate::invocation::{Merged, Summary, TrackerLimits, merged};
use crate::parse::Durable;

#[test]
fn a_summary_names_execution_operations_and_attempt() {
    let summary = summary(vec![
        start(A),
        log(A, "plain"),
        log(A, "step").durable("charge", 1),
        log(A, "step").durable("charge", 2),
        end(A),
        report(A, 12.0),
    ]);
    let durable = json!({
        "execution_arn": EXECUTION, "execution_name": "order-1", "operation": "charge", "attempt": 2,
    });
    assert_eq!(shown(&summary)["lambda"]["durable"], durable);
}

#[test]
fn several_operations_are_a_list_in_order_and_read_back() {
    let summary = summary(vec![
        start(A),
        log(A, "b").durable("b", 3),
        log(A, "a").durable("a", 1),
        log(A, "b").durable("b", 1),
    ]);
    let durable = &shown(&summary)["lambda"]["durable"];
    assert_eq!(durable["operation"], json!(["a", "b"]));
    assert_eq!(durable["attempt"], 3);
    let read = Summary::read(&summary.write(&prices())).expect("we wrote it");
    assert_eq!(read, summary);
}

#[test]
fn an_execution_without_a_name_in_its_arn_keeps_the_name_of_the_lines() {
    let nameless = |name: Option<&'static str>| {
        log(A, "step").platform(|platform| {
            platform.durable = Some(Box::new(Durable {
                execution_arn: "arn:aws:lambda:eu-central-1:1:function:checkout".into(),
                execution_name: name.map(Into::into),
                ..Durable::default()
            }));
        })
    };
    let summary = summary(vec![start(A), nameless(None), nameless(Some("order-2"))]);
    assert_eq!(
        shown(&summary)["lambda"]["durable"],
        json!({
            "execution_arn": "arn:aws:lambda:eu-central-1:1:function:checkout",
            "execution_name": "order-2",
        })
    );
    let read = Summary::read(&summary.write(&prices())).expect("we wrote it");
    assert_eq!(read, summary);
}

#[test]
fn no_more_operations_are_listed_than_a_document_should_have() {
    let lines = (0..100).map(|n| log(A, "step").durable(&format!("step {n:02}"), 1));
    let all: Vec<Sample> = timed([start(A)].into_iter().chain(lines).collect());
    let whole = &summaries(&all)[A];
    let operations = &shown(whole)["lambda"]["durable"]["operation"];
    assert_eq!(operations.as_array().expect("a list").len(), 32);
    let reversed: Vec<Sample> = all.iter().rev().cloned().collect();
    assert_eq!(
        shown(&summaries(&reversed)[A])["lambda"]["durable"],
        shown(whole)["lambda"]["durable"]
    );
    let long = log(A, "step").platform(|platform| {
        platform.durable = Some(Box::new(Durable {
            execution_arn: format!("arn:aws:lambda:{}", "x".repeat(2000)).into(),
            ..Durable::default()
        }));
    });
    assert_eq!(shown(&summary(vec![start(A), long])).get("lambda"), None);
}

/// A version without durable executions wrote the document, or merged a part into it: the next part completes it.
#[test]
fn a_state_without_an_execution_takes_that_of_a_later_part() {
    let prices = prices();
    let all = timed(vec![start(A), log(A, "step").durable("charge", 1), end(A)]);
    let whole = &summaries(&all)[A];
    let mut stored: serde_json::Value =
        serde_json::from_slice(&whole.write(&prices)).expect("documents are JSON");
    stored.as_object_mut().expect("an object").remove("lambda");
    let changed = merged(stored.to_string().as_bytes(), whole, &prices);
    let Merged::Changed(source) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(source, whole.write(&prices));
    // A form that this version does not know is no reason to lose the rest.
    for unknown in [
        json!(7),
        json!({"execution_arn": 7}),
        json!({"execution_name": "x"}),
    ] {
        stored["lambda"] = json!({"durable": unknown});
        assert!(Summary::read(stored.to_string().as_bytes()).is_ok());
    }
}

#[test]
fn the_parts_of_a_request_in_a_stream_and_its_copy_are_one_document() {
    let all = timed(vec![start(A), log(A, "x"), end(A), report(A, 1.0)]);
    let id = |stream: &str| {
        let origin = Arc::new(Origin {
            log_stream: Some(stream.to_owned()),
            ..Origin::default()
        });
        track(&all, &origin, TrackerLimits::default()).0[0].id()
    };
    let stream = "2026/10/08/[7]3f9c0bb1e0c74f2e9cf6d4c3b7a0e111";
    assert_eq!(id(stream), id(&format!("{stream}-123456789012-us-east-1")));
    assert_ne!(id(stream), id(&format!("{stream}-123456789012")));
}
