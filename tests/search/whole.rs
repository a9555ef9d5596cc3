/*! A partial answer is always reported as partial. */

use serde_json::{Value, json};

use crate::stub::{Answer, Stub, answered, forbidden, hits, refused_for_closed, server};

/// A full page, so that a list needs a point in time.
fn full_page() -> Answer {
    let ids: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    hits(&ids, 0)
}

/// The answer of 3.4.0 when a node has reached its limit of contexts.
fn too_many_contexts() -> Value {
    json!({
        "type": "rejected_execution_exception",
        "reason": "Trying to create too many Point In Time contexts. Must be less than or equal to: [300]. This limit can be set by changing the [search.max_open_pit_context] setting.",
    })
}

#[test]
fn a_point_in_time_without_all_shards_is_not_read() {
    let failures = json!([{"shard": 0, "index": "logferry-logs-2026.11.22", "node": "n", "reason": too_many_contexts()}]);
    let partly = json!({
        "pit_id": "48a5", "creation_time": 1_795_822_883_188_u64,
        "_shards": {"total": 3, "successful": 2, "skipped": 0, "failed": 1, "failures": failures},
    });
    let refused = json!({
        "error": {
            "root_cause": [too_many_contexts()], "type": "search_phase_execution_exception",
            "reason": "Partial shards failure", "phase": "create_pit", "grouped": true, "failed_shards": failures,
        },
        "status": 429,
    });
    for point_in_time in [(200, partly), (429, refused)] {
        let mut stub = Stub::new(vec![full_page()]);
        stub.point_in_time = point_in_time;
        let (url, asked) = stub.start();
        let (printed, stderr, code) = answered(&url, &["--limit", "all"]);
        assert_eq!((printed.as_str(), code), ("", 1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.contains("search.max_open_pit_context") && !stderr.contains('{'),
            "{stderr}"
        );
        let created = asked.try_iter().find(|r| r.contains("point_in_time"));
        let created = created.expect("a point in time is asked for");
        assert!(
            created.contains("allow_partial_pit_creation=false"),
            "{created}"
        );
    }
}

fn closed(names: &[&str]) -> (u16, Value) {
    let indices = names.iter().map(|name| {
        let settings = json!({"settings": {"index": {"uuid": "MuMFI4rXSm2RqDicElg4DQ"}}});
        ((*name).to_owned(), settings)
    });
    (200, Value::Object(indices.collect()))
}

#[test]
fn closed_indices_are_named_and_the_answer_is_not_whole() {
    let stub = || {
        let mut stub = Stub::new(vec![hits(&["one"], 0)]);
        stub.closed = closed(&["logferry-logs-2026.11.20", "logferry-logs-2026.11.21"]);
        stub.open_and_closed = Some(refused_for_closed("logferry-logs-2026.11.20"));
        stub.start().0
    };
    let (printed, stderr, code) = answered(&stub(), &[]);
    assert_eq!((printed.lines().count(), code), (1, 1), "{stderr}");
    assert!(
        stderr.contains("logferry-logs-2026.11.20, logferry-logs-2026.11.21")
            && stderr.contains("closed"),
        "{stderr}"
    );
    // A closed index of a day outside of the time range is not reported.
    let (_, stderr, code) = answered(&stub(), &["--since", "2026-11-22"]);
    assert_eq!((stderr.as_str(), code), ("", 0));
    let (_, stderr, code) = answered(&stub(), &["--until", "2026-11-19"]);
    assert_eq!((stderr.as_str(), code), ("", 0));
    let (_, stderr, code) = answered(&stub(), &["--since", "2026-11-21T12:00"]);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("logferry-logs-2026.11.21") && !stderr.contains("2026.11.20"),
        "{stderr}"
    );
}

#[test]
fn closed_indices_are_reported_without_the_permission_to_list_them() {
    let mut stub = Stub::new(vec![hits(&["one"], 0)]);
    stub.closed = forbidden("indices:monitor/settings/get");
    stub.open_and_closed = Some(refused_for_closed("logferry-logs-2026.11.21"));
    let (printed, stderr, code) = answered(&stub.start().0, &[]);
    assert_eq!((printed.lines().count(), code), (1, 1), "{stderr}");
    assert!(
        stderr.contains("logferry-logs-2026.11.21") && stderr.contains("closed"),
        "{stderr}"
    );

    let mut stub = Stub::new(vec![hits(&["one"], 0)]);
    stub.closed = forbidden("indices:monitor/settings/get");
    let (_, stderr, code) = answered(&stub.start().0, &[]);
    assert_eq!((stderr.as_str(), code), ("", 0), "none is closed");
}

#[test]
fn where_all_indices_are_closed_they_are_not_said_to_be_missing() {
    let mut none = hits(&[], 0).unwrap();
    none.1["_shards"]["total"] = json!(0);
    let mut stub = Stub::new(vec![Some(none)]);
    stub.closed = closed(&["logferry-logs-2026.11.21"]);
    stub.open_and_closed = Some(refused_for_closed("logferry-logs-2026.11.21"));
    let (printed, stderr, code) = answered(&stub.start().0, &[]);
    assert_eq!((printed.as_str(), code), ("", 1));
    assert!(
        stderr.contains("closed") && !stderr.contains("there is no index"),
        "{stderr}"
    );
}

#[test]
fn a_search_that_a_time_limit_cuts_off_is_not_whole() {
    let mut late = hits(&["one"], 0).unwrap();
    late.1["timed_out"] = json!(true);
    let (_, stderr, code) = answered(&server(vec![Some(late)]), &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("time limit"), "{stderr}");
}
