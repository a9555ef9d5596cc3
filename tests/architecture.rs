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
        "src/commands",
    ];
    only(&[], lines_with(&aws, &places));
    only(
        &[],
        lines_with(
            &["use opensearch::"],
            &["src/sink", "src/commands", "src/cli/mod.rs"],
        ),
    );
    only(&[], lines_with(&["reqwest"], &["src/sink/opensearch"]));
    only(
        &[],
        lines_with(&["async_compression"], &["src/source/decompress"]),
    );
    only(&[], lines_with(&["axum"], &["src/serve.rs", "src/serve"]));
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
    // To be cut.
    let circles = [
        "parse::json parse::text",
        "invocation::codec invocation::summary",
    ];
    only(&circles, found);
}

/// Names the files of each circle that is meant, with the reason.
#[test]
fn files_import_in_one_direction() {
    let mut found = Vec::new();
    for root in ["crates/core/src", "src"] {
        found.extend(imports::circles_of_files(root));
    }
    let circles = [
        // A message in JSON may hold an event, in a string or in the record of a platform line: recursion.
        "parse::event parse::json::application parse::json::nested parse::json::platform",
        // To be cut.
        "decode::binary decode::container decode::decoder decode::format decode::subscription::envelopes \
         decode::subscription::nested decode::text::lines",
        "decode::key decode::log_group_pattern decode::log_stream",
        "json::scan json::scan::plain json::scan::unescape",
        "parse::json::keys parse::json::keys::key_table",
        "commands::search commands::search::follow",
        "commands::setup commands::setup::apply commands::setup::at_start commands::setup::found \
         commands::setup::print",
        "commands::setup::indices commands::setup::plan commands::setup::retention",
        "config::errors config::worker",
        "pipeline::ack pipeline::batcher pipeline::caps pipeline::deliver pipeline::encode pipeline::hold \
         pipeline::lease pipeline::message pipeline::object pipeline::receive",
        "sink::opensearch sink::opensearch::auth sink::opensearch::aws sink::opensearch::client \
         sink::opensearch::reason sink::opensearch::serverless",
        "source::decompress source::decompress::members",
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
    // To be moved into files of their own.
    let present = [
        "src/commands/mod.rs",
        "src/sink/dead_letters/mod.rs",
        "src/sink/opensearch/mod.rs",
    ];
    only(&present, found);
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
    // To be cut: the stations, and the limits that they share.
    only(&["src/pipeline"], large.map(|(folder, _)| folder));
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
    // To be cut.
    only(&["src/pipeline/deliver.rs", "src/pipeline/object.rs"], long);
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
    // To be broken.
    let present = [
        "crates/core/src/bulk/body.rs",
        "crates/core/src/bulk/mod.rs",
        "crates/core/src/bulk/response.rs",
        "crates/core/src/bulk/verdict.rs",
        "crates/core/src/decode/buffer.rs",
        "crates/core/src/decode/decoder.rs",
        "crates/core/src/decode/event.rs",
        "crates/core/src/decode/json_structure/members.rs",
        "crates/core/src/decode/key.rs",
        "crates/core/src/decode/log_group_pattern.rs",
        "crates/core/src/decode/log_stream.rs",
        "crates/core/src/decode/mod.rs",
        "crates/core/src/decode/subscription/log_event.rs",
        "crates/core/src/decode/tests/mod.rs",
        "crates/core/src/decode/tests/properties.rs",
        "crates/core/src/decode/text/export.rs",
        "crates/core/src/decode/text/lines.rs",
        "crates/core/src/decode/text/multiline.rs",
        "crates/core/src/document/encoder.rs",
        "crates/core/src/document/id.rs",
        "crates/core/src/document/mod.rs",
        "crates/core/src/document/options.rs",
        "crates/core/src/invocation/codec/state_writer.rs",
        "crates/core/src/invocation/codec/stored_summary.rs",
        "crates/core/src/invocation/summary/line_role.rs",
        "crates/core/src/invocation/summary/status.rs",
        "crates/core/src/invocation/tests/versions.rs",
        "crates/core/src/invocation/tracker/mod.rs",
        "crates/core/src/invocation/tracker/stream_state.rs",
        "crates/core/src/lib.rs",
        "crates/core/src/parse/mod.rs",
        "crates/core/src/parse/text/platform_usual.rs",
        "src/cli/arguments.rs",
        "src/commands/search/index.rs",
        "src/commands/search/line.rs",
        "src/commands/search/page.rs",
        "src/commands/search/text.rs",
        "src/commands/setup/auto_create.rs",
        "src/commands/setup/retention.rs",
        "src/lib.rs",
        "src/pipeline/ack.rs",
        "src/pipeline/batcher.rs",
        "src/pipeline/breaker.rs",
        "src/pipeline/concurrency.rs",
        "src/pipeline/deliver/merge.rs",
        "src/pipeline/encode.rs",
        "src/pipeline/hold.rs",
        "src/pipeline/lease.rs",
        "src/pipeline/memory.rs",
        "src/pipeline/mod.rs",
        "src/pipeline/object.rs",
        "src/pipeline/receive.rs",
        "src/pipeline/refusals.rs",
        "src/sink/opensearch/client.rs",
        "src/sink/opensearch/mod.rs",
        "src/sink/opensearch/reason.rs",
        "src/sink/opensearch/serverless.rs",
        "src/source/s3.rs",
    ];
    only(&present, wide);
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
