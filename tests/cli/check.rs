//! `check` where nothing answers: exit codes and output.

use crate::{logferry, text};

const NOBODY: [&str; 4] = [
    "--queue-url=http://127.0.0.1:9/1/logs",
    "--opensearch-url=http://127.0.0.1:9",
    "--bucket=logs",
    "--dead-letters=s3://logs/dead",
];

#[test]
fn every_check_is_reported_although_nothing_answers() {
    let output = logferry(&[&["check"], &NOBODY[..]].concat(), b"");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(text(&output.stdout));
    let last = text(&output.stderr);
    assert!(last.starts_with("logferry: check: 2 faults"), "{last}");
}

#[test]
fn the_json_has_stable_names() {
    let output = logferry(&[&["check", "--json"], &NOBODY[..]].concat(), b"");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn mistakes_are_reported_at_once_before_anything_is_asked() {
    let output = logferry(
        &["check", "--bucket=a*", "--timeout=soon", "--memory=none"],
        b"",
    );
    assert_eq!(output.status.code(), Some(64));
    let mistakes = text(&output.stderr);
    for flag in [
        "--queue-url",
        "--opensearch-url",
        "--memory",
        "--bucket",
        "--timeout",
    ] {
        assert_eq!(
            mistakes.matches(&format!("{flag}:")).count(),
            1,
            "{mistakes}"
        );
    }
    assert!(output.stdout.is_empty());
}
