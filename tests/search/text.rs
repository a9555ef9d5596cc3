/*! TEXT that is not a valid query, or that cannot be checked. */

use serde_json::json;

use crate::stub::{Stub, answered, error, forbidden, hits, no_such_index, valid};

/// `_validate/query` answers 404 on a path that `_search` accepts if no index matches an exclusion in it.
#[test]
fn a_field_that_no_index_has_is_an_error_and_not_an_empty_answer() {
    let mut stub = Stub::new(vec![hits(&[], 0)]);
    stub.validate = (200, valid("#MatchNoDocsQuery(\"unmapped fields [level]\")"));
    let (url, _) = stub.start();
    let (printed, stderr, code) = answered(&url, &["level:ERROR"]);
    assert_eq!((printed.as_str(), code), ("", 1), "{stderr}");
    assert!(
        stderr.contains("there is no field level, as there is log.level"),
        "{stderr}"
    );
    assert!(stderr.contains("--literal"), "{stderr}");
}

/// However the check of TEXT fails, an empty answer is not reported as a good one.
#[test]
fn text_that_could_not_be_checked_gives_no_empty_success() {
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
        let (printed, stderr, code) = answered(&stub(vec![hits(&[], 0)]), &["level:ERROR"]);
        assert_eq!((printed.as_str(), code), ("", 1), "{validate:?}: {stderr}");
        assert!(stderr.contains("could not be checked"), "{stderr}");
        let (printed, stderr, code) =
            answered(&stub(vec![hits(&["one"], 0)]), &["a OR level:ERROR"]);
        assert_eq!(
            (printed.lines().count(), code),
            (1, 0),
            "{validate:?}: {stderr}"
        );
        assert!(stderr.contains("could not be checked"), "{stderr}");
        // TEXT without a field needs no check.
        let (_, stderr, code) = answered(&stub(vec![hits(&[], 0)]), &["declined"]);
        assert_eq!(code, 0, "{stderr}");
        assert!(
            stderr.starts_with("logferry: found no log line with"),
            "{stderr}"
        );
    }
}

/// Without the permission for the check, the error of the search names the fault in TEXT.
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
    let (printed, stderr, code) = answered(&stub.start().0, &["a/b"]);
    assert_eq!((printed.as_str(), code), ("", 1));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("\"a/b\" is no query_string query") && stderr.contains("--literal"),
        "{stderr}"
    );
    assert!(!stderr.contains('{'), "{stderr}");
}

/// The cap on nesting is set by logferry: queries written by people have few open brackets.
#[test]
fn deeply_nested_text_is_not_sent() {
    let (url, asked) = Stub::new(vec![hits(&[], 0)]).start();
    let text = format!("{}a{}", "(".repeat(101), ")".repeat(101));
    let (_, stderr, code) = answered(&url, &[&text]);
    assert_eq!(code, 64);
    assert!(
        stderr.contains("brackets") && stderr.len() < 500,
        "{stderr}"
    );
    assert_eq!(asked.try_iter().count(), 0);
}
