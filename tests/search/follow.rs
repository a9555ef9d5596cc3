/*! `search --follow` over a stub of OpenSearch that sometimes fails. */

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::json;

use crate::stub::{hits, search, server};

/// Reads the lines of these documents, then closes the child's output.
fn read_ids(child: &mut Child, ids: &[&str]) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ids {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"_id\":\"{id}\"")), "{line}");
    }
}

#[test]
fn following_outlives_an_outage() {
    let url = server(vec![
        hits(&["one"], 0),
        hits(&["one"], 0),
        None,
        None,
        hits(&["two", "one"], 0),
    ]);
    let mut child = search(&url, &["--follow"]).spawn().unwrap();
    read_ids(&mut child, &["one", "two"]);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let stderr: Vec<&str> = stderr.lines().collect();
    assert_eq!(stderr.len(), 2, "once, however long it takes: {stderr:?}");
    assert!(
        stderr[0].contains("does not answer") && stderr[0].ends_with("; asking on"),
        "{stderr:?}"
    );
    assert_eq!(stderr[1], "logferry: OpenSearch answers again");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn following_loses_nothing_where_a_round_breaks_off() {
    // The answer has two of three hits: the third needs another request.
    let mut deeper = hits(&["two", "one"], 0).unwrap();
    deeper.1["hits"]["total"]["value"] = json!(3);
    let url = server(vec![
        hits(&["one"], 0),
        Some(deeper),
        None,
        hits(&["three", "two", "one"], 0),
    ]);
    let mut child = search(&url, &["--follow"]).spawn().unwrap();
    read_ids(&mut child, &["one", "two", "three"]);
    child.wait().unwrap();
}

#[test]
fn following_says_that_shards_do_not_answer() {
    let url = server(vec![
        hits(&["one"], 0),
        hits(&["one"], 1),
        hits(&["one"], 1),
        hits(&["two", "one"], 0),
    ]);
    let mut child = search(&url, &["--follow"]).spawn().unwrap();
    read_ids(&mut child, &["one", "two"]);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let stderr: Vec<&str> = stderr.lines().collect();
    assert_eq!(stderr.len(), 2, "{stderr:?}");
    assert!(
        stderr[0].contains("1 of 3 shards did not answer") && stderr[0].ends_with("; asking on"),
        "{stderr:?}"
    );
    assert_eq!(stderr[1], "logferry: OpenSearch answers again");
    assert_eq!(output.status.code(), Some(0), "what was missed has come");
}
