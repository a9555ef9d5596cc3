/*!
The rules of ARCHITECTURE.md that the compiler does not hold.

Rules with exceptions name each exception; an exception that is no longer needed fails the test as well.
*/

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/text.rs"]
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use text::{code, is_comment_over, is_declarations, is_test, sources};

/// Fails on what was found without being an exception, and on exceptions that were not found.
fn only(exceptions: &[&str], found: impl IntoIterator<Item = String>) {
    let found: BTreeSet<String> = found.into_iter().collect();
    let exceptions: BTreeSet<String> = exceptions.iter().map(|e| (*e).to_owned()).collect();
    let faults: Vec<_> = found.difference(&exceptions).collect();
    let stale: Vec<_> = exceptions.difference(&found).collect();
    assert!(
        faults.is_empty() && stale.is_empty(),
        "against the rule: {faults:#?}\nexceptions that are no longer needed: {stale:#?}"
    );
}

/// Lines of code in `src` and the core that contain one of the words, outside of the files and folders that may.
fn lines_with(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("crates/core/src")) {
        if is_test(&path) || allowed.iter().any(|a| path.starts_with(a)) {
            continue;
        }
        for line in code(&text).lines() {
            if words.iter().any(|w| line.contains(w)) {
                found.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    found
}

/// The names in a section of a manifest.
fn names_in_section(manifest: &str, section: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(manifest)).unwrap();
    let lines = text.lines().skip_while(|line| *line != section).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect()
}

#[test]
fn the_core_depends_on_pure_libraries_only() {
    let pure = [
        "base64",
        "bytes",
        "flate2",
        "jiff",
        "memchr",
        "percent-encoding",
        "regex",
        "serde",
        "serde_json",
        "thiserror",
        "xxhash-rust",
    ];
    only(
        &pure,
        names_in_section("crates/core/Cargo.toml", "[dependencies]"),
    );
}

#[test]
fn the_core_does_no_io() {
    let words = [
        "std::io",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::time",
        "Timestamp::now",
        "Zoned::now",
        "println!(",
    ];
    only(&[], lines_with(&words, &["src"]));
}

#[test]
fn the_pipeline_knows_only_the_traits() {
    for word in [
        "sqs",
        "s3::",
        "files::",
        "opensearch",
        "ndjson",
        "dead_letters::s3",
        "dead_letters::file",
        "dead_letters::index",
    ] {
        for (path, text) in sources("src/pipeline") {
            assert!(!code(&text).contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn libraries_stay_in_their_places() {
    let aws = [
        "aws_config",
        "aws_sdk",
        "aws_smithy",
        "aws_credential",
        "aws_sigv4",
    ];
    let places = [
        "src/source",
        // Credentials for signed requests.
        "src/sink/opensearch/aws.rs",
        "src/sink/opensearch/client.rs",
        "src/sink/dead_letters",
        // Export tasks, their bucket and the checkpoints on S3.
        "src/export/cloudwatch.rs",
        "src/export/bucket.rs",
        "src/export/bucket_checkpoints.rs",
        "src/commands",
    ];
    only(&[], lines_with(&aws, &places));
    only(
        &[],
        lines_with(
            &["reqwest"],
            &[
                "src/sink/opensearch",
                "src/commands/binary/healthcheck.rs",
                "src/serve/page/worker_metrics.rs",
                // The `Date` of an answer to a request that is not signed.
                "src/source/clock.rs",
                "src/observe/otlp/sender.rs",
            ],
        ),
    );
    only(
        &[],
        lines_with(&["async_compression"], &["src/source/decompress"]),
    );
    only(
        &[],
        lines_with(
            &["axum"],
            &["src/serve.rs", "src/serve", "src/config/serve.rs"],
        ),
    );
    only(&[], lines_with(&["prost::"], &["src/observe/otlp"]));
    only(&[], lines_with(&["clap::"], &["src/cli"]));
    only(
        &[],
        lines_with(&["anyhow"], &["src/commands", "src/main.rs"]),
    );
    only(&[], lines_with(&["indicatif"], &["src/commands"]));
    only(&[], lines_with(&["backon", "fastrand"], &["src/retry.rs"]));
}

#[test]
fn nothing_panics_for_convenience() {
    let words = [
        ".unwrap()",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "macro_rules!",
    ];
    only(&[], lines_with(&words, &[]));
}

#[test]
fn unsafe_code_is_forbidden() {
    for root in ["src/lib.rs", "src/main.rs", "crates/core/src/lib.rs"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(root));
        assert!(text.unwrap().contains("#![forbid(unsafe_code)]"), "{root}");
    }
}

/// At each level of the folders: what is below one name and what is below another do not import each other.
#[test]
fn folders_import_in_one_direction() {
    let mut found = Vec::new();
    for root in ["crates/core/src", "src"] {
        found.extend(imports::circles_of_folders(root));
    }
    only(&[], found);
}

/// Names the files of each circle that is meant, with the reason.
#[test]
fn files_import_in_one_direction() {
    let mut found = Vec::new();
    for root in ["crates/core/src", "src"] {
        found.extend(imports::circles_of_files(root));
    }
    let circles = [
        // An envelope may hold a compressed envelope: recursion.
        "decode::subscription::envelopes decode::subscription::nested",
    ];
    only(&circles, found);
}

#[test]
fn a_mod_rs_only_declares() {
    let mut found = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("crates/core/src")) {
        let declares = path.ends_with("mod.rs") || path.ends_with("lib.rs");
        if declares && !is_test(&path) && !is_declarations(&text) {
            found.push(path.display().to_string());
        }
    }
    only(&[], found);
}

/// Beside `mod.rs` and tests.
#[test]
fn folders_hold_at_most_fourteen_files() {
    let mut counts = BTreeMap::new();
    for (path, _) in sources("src").into_iter().chain(sources("crates/core/src")) {
        if !is_test(&path) && !path.ends_with("mod.rs") {
            let folder = path.parent().unwrap().display().to_string();
            *counts.entry(folder).or_insert(0) += 1;
        }
    }
    let large = counts.into_iter().filter(|(_, files)| *files > 14);
    only(&[], large.map(|(folder, _)| folder));
}

#[test]
fn main_is_thin_and_files_do_one_thing() {
    let mut long = Vec::new();
    for (path, text) in ["src", "crates", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
    {
        let most = if path.ends_with("src/main.rs") {
            40
        } else {
            450
        };
        if text.lines().count() > most {
            long.push(path.display().to_string());
        }
        let name = path.file_stem().unwrap().to_string_lossy();
        assert!(
            !["util", "utils", "helpers", "common", "misc"].contains(&&*name),
            "{}",
            path.display()
        );
    }
    only(&[], long);
}

#[test]
fn comments_fit_into_120_columns() {
    let mut wide = Vec::new();
    for (path, text) in ["src", "crates", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
    {
        if is_comment_over(&text, 120) {
            wide.push(path.display().to_string());
        }
    }
    only(&[], wide);
}

#[test]
fn the_project_stands_alone() {
    let outside = concat!("../", "shared");
    for (path, text) in ["src", "crates", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
    {
        assert!(
            !text.contains(outside),
            "{} reads outside of the project",
            path.display()
        );
    }
}

/// A tag can be moved to other code, the hash of a commit cannot.
#[test]
fn workflows_pin_their_actions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let mut pinned = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            // A workflow of our own comes with the commit.
            if action.starts_with("./") {
                continue;
            }
            let hash = action
                .split_once('@')
                .map(|(_, rest)| rest.split(' ').next().unwrap());
            let is_hash =
                |hash: &str| hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            let has_version = action.contains(" # v");
            assert!(
                hash.is_some_and(is_hash) && has_version,
                "{}: {action}: pin the hash of the commit, with its version as a comment",
                path.display()
            );
            pinned += 1;
        }
    }
    assert!(pinned > 0);
}
