/*! TEXT that makes no sense, or that nobody can check. */

use serde_json::json;

use crate::stub::{Stub, answered, error, forbidden, hits, no_such_index, valid};

/// `_validate/query` answers 404 on the path that `_search` takes, wherever no index matches what is excluded.
#[test]
fn a_field_that_no_index_has_is_an_error_and_not_an_empty_answer() {
    let mut stub = Stub::new(vec![hits(&[], 0)]);
    stub.validate = (200, valid("#MatchNoDocsQuery(\"unmapped fields [level]\")"));
    let (url, _) = stub.start();
    let (printed, said, code) = answered(&url, &["level:ERROR"]);
    assert_eq!((printed.as_str(), code), ("", 1), "{said}");
    assert!(
        said.contains("there is no field level, as there is log.level"),
        "{said}"
    );
    assert!(said.contains("--literal"), "{said}");
}

/// Each way in which a check of TEXT can fail: its failure never makes an empty answer a good one.
#[test]
fn what_could_not_be_checked_is_not_answered_by_nothing() {
    let failures = [
        forbidden("indices:admin/validate/query"),
        (404, no_such_index("logferry-logs-*-*")),
        (
            400,
            error(
                400,
                &json!({"type": "illegal_argument_exception", "reason": "unrecognized parameter"}),
            ),
        ),
        (
            200,
            json!({"_shards": {"total": 3, "successful": 0, "failed": 3}, "valid": true, "explanations": []}),
        ),
        (
            200,
            json!({"_shards": {"total": 0, "successful": 0, "failed": 0}, "valid": false, "explanations": [
            {"valid": false, "error": "index [logferry-logs-2026.11.21] blocked by: [FORBIDDEN/7/index read (api)];"}]}),
        ),
        (200, json!({"something": "else"})),
    ];
    for validate in failures {
        let stub = |searches| {
            let mut stub = Stub::new(searches);
            stub.validate = validate.clone();
            stub.start().0
        };
        let (printed, said, code) = answered(&stub(vec![hits(&[], 0)]), &["level:ERROR"]);
        assert_eq!((printed.as_str(), code), ("", 1), "{validate:?}: {said}");
        assert!(said.contains("could not be checked"), "{said}");
        let (printed, said, code) = answered(&stub(vec![hits(&["one"], 0)]), &["a OR level:ERROR"]);
        assert_eq!(
            (printed.lines().count(), code),
            (1, 0),
            "{validate:?}: {said}"
        );
        assert!(said.contains("could not be checked"), "{said}");
        // Without a field there is nothing to doubt.
        let (_, said, code) = answered(&stub(vec![hits(&[], 0)]), &["declined"]);
        assert_eq!(code, 0, "{said}");
        assert!(
            said.starts_with("logferry: found no log line with"),
            "{said}"
        );
    }
}

/// Where the check is not allowed, the search itself says what is wrong with TEXT.
#[test]
fn a_search_that_is_refused_says_so_in_a_sentence() {
    let cause = json!({
        "type": "query_shard_exception", "reason": "Failed to parse query [a/b]",
        "index": "logferry-logs-2026.11.27", "index_uuid": "6qUz90UkS8Cda7ZxZoWCYA",
    });
    let body = json!({
        "error": {
            "root_cause": [cause], "type": "search_phase_execution_exception", "reason": "all shards failed",
            "phase": "query", "grouped": true, "failed_shards": [{"shard": 0, "index": "logferry-logs-2026.11.27", "reason": cause}],
        },
        "status": 400,
    });
    let mut stub = Stub::new(vec![Some((400, body))]);
    stub.validate = forbidden("indices:admin/validate/query");
    let (printed, said, code) = answered(&stub.start().0, &["a/b"]);
    assert_eq!((printed.as_str(), code), ("", 1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("\"a/b\" is no query_string query") && said.contains("--literal"),
        "{said}"
    );
    assert!(!said.contains('{'), "{said}");
}

/// The cap is ours: a question that a person writes has a few open brackets.
#[test]
fn deeply_nested_text_is_not_sent() {
    let (url, asked) = Stub::new(vec![hits(&[], 0)]).start();
    let text = format!("{}a{}", "(".repeat(101), ")".repeat(101));
    let (_, said, code) = answered(&url, &[&text]);
    assert_eq!(code, 64);
    assert!(said.contains("brackets") && said.len() < 500, "{said}");
    assert_eq!(asked.try_iter().count(), 0);
}
