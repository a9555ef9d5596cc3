/*! The built binary without any server: the commands that a new user tries first. */

#[path = "cli/check.rs"]
mod check;
#[path = "docs/generated_page.rs"]
mod generated_page;
#[path = "cli/healthcheck.rs"]
mod healthcheck;
#[path = "cli/pages/mod.rs"]
mod pages;
#[path = "cli/reference.rs"]
mod reference;
#[path = "cli/variables.rs"]
mod variables;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn logferry(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A process that ends without reading closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const EXPORT: &str = "\
2026-11-23T10:00:00.000Z START RequestId: 1b2c3d4e-0000-4000-8000-000000000001 Version: $LATEST

2026-11-23T10:00:00.100Z 2026-11-23T10:00:00.100Z\t1b2c3d4e-0000-4000-8000-000000000001\tERROR\tno \"luck\"
  at once

2026-11-23T10:00:00.200Z END RequestId: 1b2c3d4e-0000-4000-8000-000000000001

2026-11-23T10:00:00.200Z REPORT RequestId: 1b2c3d4e-0000-4000-8000-000000000001\tDuration: 150.00 ms\tBilled Duration: 150 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t
";

fn write(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

const KEY: &str = "exports/fn/0f0f0f0f-1111-4222-8333-444444444444/2026-11-23-[$LATEST]0123456789abcdef0123456789abcdef/000000.gz";

#[test]
fn ingest_prints_one_line_a_document_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), KEY, EXPORT.as_bytes());
    let output = logferry(&["ingest", folder.path().to_str().unwrap()], b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let documents: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    insta::assert_json_snapshot!(documents);
}

#[test]
fn standard_input_is_an_object_too() {
    let output = logferry(&["ingest", "-"], EXPORT.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 5);
    let again = logferry(&["ingest", "-"], EXPORT.as_bytes());
    let ids = |output: &Output| -> Vec<String> {
        let lines = text(&output.stdout);
        lines
            .lines()
            .map(|l| l.split("_source").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&again), ids(&output), "the same input has the same ids");
}

#[test]
fn what_cannot_be_ingested_is_named_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "good.log",
        b"2026-11-23T10:00:00.000Z good\n",
    );
    write(
        folder.path(),
        "bad.gz",
        b"\x1f\x8b\x08\x00 this is not gzip",
    );
    let output = logferry(&["ingest", folder.path().to_str().unwrap()], b"");
    assert!(!output.status.success());
    assert!(text(&output.stdout).contains("\"good\""));
    let last = text(&output.stderr).lines().last().unwrap().to_owned();
    assert!(
        last.starts_with("logferry: 1 of the files") && last.ends_with("bad.gz"),
        "{last}"
    );
}

#[test]
fn failures_and_mistakes_have_a_sentence_and_an_exit_code() {
    let nobody = "--opensearch-url=http://127.0.0.1:9";
    for (code, args, sentence) in [
        (1, "ingest /no/such/file", "/no/such/file"),
        (
            1,
            &format!("replay /no/such/file {nobody}"),
            "/no/such/file",
        ),
        (1, "explain /no/such/file", "/no/such/file"),
        (1, "explain notification /no/such/file", "/no/such/file"),
        (1, &format!("setup {nobody}"), "nothing listens"),
        (
            1,
            &format!("prune --retain-logs 1d {nobody}"),
            "nothing listens",
        ),
        (1, &format!("search {nobody}"), "nothing listens"),
        (64, "ingest - -", "standard input"),
        (64, "ingest --to opensearch -", "--opensearch-url"),
        (
            64,
            "ingest --memory lots -",
            "--memory: \"lots\" is no size",
        ),
        (64, "worker", "--queue-url: give the URL"),
        (
            64,
            "worker --queue-url https://sqs/1/q",
            "--opensearch-url: give the URL",
        ),
        (64, "replay s3://logs", "--opensearch-url: give the URL"),
        (64, "replay s3://logs --since never", "--since"),
        (64, "export", "--destination: give the bucket"),
        (
            64,
            "export status --all-lambda",
            "--checkpoints: give the place",
        ),
        (
            64,
            "export --once --log-group x --destination s3://b --checkpoints /c",
            "--destination: \"s3://b\" is no s3://bucket/prefix",
        ),
        (
            1,
            "export --once --log-group x --destination s3://logs/x --checkpoints /c",
            "no AWS region",
        ),
        (
            64,
            &format!("coverage {nobody}"),
            "--checkpoints: give the place of the exporter's checkpoints",
        ),
        (64, "coverage s3://logs", "--opensearch-url: give the URL"),
        (1, &format!("coverage s3://logs {nobody}"), "no AWS region"),
        (64, "setup", "--opensearch-url: give the URL"),
        (64, &format!("prune {nobody}"), "--retain-logs"),
        (64, &format!("search --since never {nobody}"), "--since"),
        (64, "explain --format xml -", "--format"),
        (64, "", "Usage"),
        (64, "unknown", "unrecognized subcommand"),
        (64, "worker --unknown", "--unknown"),
        (64, "explain", "<FILE>"),
        (64, "worker --log a=b=c", "--log"),
    ] {
        let args: Vec<&str> = args.split_whitespace().collect();
        let output = logferry(&args, b"");
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(sentence), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn help_and_version_succeed_on_standard_output() {
    let mut asked = vec![
        vec!["--help"],
        vec!["-h"],
        vec!["--version"],
        vec!["explain", "notification", "-h"],
    ];
    asked.extend(
        variables::commands()
            .iter()
            .map(|(args, _)| [&args[..variables::names(args)], &["--help"]].concat()),
    );
    for args in asked {
        let output = logferry(&args, b"");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{args:?}"
        );
    }
    let help = text(&logferry(&["--help"], b"").stdout);
    assert!(
        help.contains("Exit codes: 0 success; 1 failure; 64 usage or configuration."),
        "{help}"
    );
}

#[test]
fn a_notification_is_explained() {
    let body = br#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-central-1",
        "eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"a+b%2B%5B%24LATEST%5D.gz","size":5}}}]}"#;
    let output = logferry(&["explain", "notification", "-"], body);
    assert_eq!(
        text(&output.stdout),
        "{\"bucket\":\"logs\",\"key\":\"a b+[$LATEST].gz\",\"size\":5,\"event_name\":\"ObjectCreated:Put\",\"region\":\"eu-central-1\"}\n"
    );
    for (body, answer) in [
        (
            &br#"{"Event":"s3:TestEvent","Bucket":"b"}"#[..],
            "{\"ignored\":",
        ),
        (b"hello", "{\"invalid\":"),
        (b"\xff", "{\"invalid\":"),
    ] {
        let output = logferry(&["explain", "notification", "-"], body);
        assert!(output.status.success());
        assert!(
            text(&output.stdout).starts_with(answer),
            "{}",
            text(&output.stdout)
        );
    }
}

#[test]
fn help_shows_every_flag_and_no_secret() {
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["worker", "--help"])
        .env("LOGFERRY_OPENSEARCH_URL", "https://user:hunter2@host:9200")
        .output()
        .unwrap();
    let help = text(&output.stdout);
    assert!(!help.contains("hunter2"), "{help}");
    for flag in [
        "--queue-url",
        "--opensearch-url",
        "--until-empty",
        "--drain-timeout",
        "--listen",
        "LOGFERRY_QUEUE_URL",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

/// Keys and content of the demo's objects, as they lie in its bucket but not compressed.
fn demo_objects(folder: &Path, inside: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            demo_objects(&path, inside, found);
        } else {
            let key = path.strip_prefix(inside).unwrap().to_str().unwrap();
            let key = key
                .strip_suffix(".log")
                .map_or(key.to_owned(), |k| format!("{k}.gz"));
            found.push((key, std::fs::read(&path).unwrap()));
        }
    }
}

/// Ids and sources of every document of the demo: the sources as hashes, those of one stream of each function whole.
#[test]
fn the_demo_ends_as_exactly_these_documents() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut objects = Vec::new();
    demo_objects(&fixtures, &fixtures, &mut objects);
    let folder = tempfile::tempdir().unwrap();
    for (key, bytes) in &objects {
        write(folder.path(), key, bytes);
    }
    let args = [
        "ingest",
        folder.path().to_str().unwrap(),
        "--log-group-pattern",
        "exports/{function}/",
    ];
    let output = logferry(&args, b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut documents: Vec<(String, String, serde_json::Value)> = text(&output.stdout)
        .lines()
        .map(|line| {
            let mut document: serde_json::Value = serde_json::from_str(line).unwrap();
            let source = document["_source"].take();
            let field = |name: &str| document[name].as_str().unwrap().to_owned();
            (field("_index"), field("_id"), source)
        })
        .collect();
    // Parts of one request have one id, and are printed in the order in which their objects are read.
    documents
        .sort_by_cached_key(|(index, id, source)| (index.clone(), id.clone(), source.to_string()));
    let lines: Vec<String> = documents
        .iter()
        .map(|(index, id, source)| {
            let hash = xxhash_rust::xxh3::xxh3_64(source.to_string().as_bytes());
            let kind = source["lambda"]["type"]
                .as_str()
                .or(source["invocation"]["status"].as_str());
            format!("{index}/{id} {hash:016x} {}", kind.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!("demo_documents", lines.join("\n"));

    let mut functions = std::collections::BTreeMap::new();
    for (.., source) in &documents {
        let name = |path: &str| {
            source
                .pointer(path)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let streams: &mut std::collections::BTreeMap<String, Vec<_>> =
            functions.entry(name("/faas/name")).or_default();
        streams
            .entry(name("/aws/log/stream/name"))
            .or_default()
            .push(source);
    }
    assert_eq!(functions.len(), 5, "{:?}", functions.keys());
    for (function, streams) in functions {
        let first = streams.values().find(|documents| documents.len() > 8);
        insta::assert_json_snapshot!(format!("demo_{function}"), first);
    }
}

/// The least memory for many readers: each waits for its share without holding what the others wait for.
#[test]
fn many_readers_share_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..300 {
        let line = format!("2026-11-23T10:00:00.000Z line {i}\n");
        write(folder.path(), &format!("{i}.log"), line.as_bytes());
    }
    let giant = format!("2026-11-23T10:00:00.000Z {}\n", "\u{1}".repeat(1 << 20));
    for i in 0..4 {
        write(folder.path(), &format!("giant{i}.log"), giant.as_bytes());
    }
    let path = folder.path().to_str().unwrap();
    let too_little = logferry(
        &[
            "ingest",
            "--memory",
            "16MiB",
            "--objects-in-flight",
            "128",
            path,
        ],
        b"",
    );
    let sentence = text(&too_little.stderr);
    assert!(
        sentence.contains("--memory: \"16MiB\" is too little for 128 objects"),
        "{sentence}"
    );
    let args = [
        "ingest",
        "--memory",
        "32MiB",
        "--objects-in-flight",
        "30",
        "--keep-original",
        path,
    ];
    let output = logferry(&args, b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 304);
}

/// The work goes on when the log's reader is gone.
#[test]
fn a_closed_log_costs_no_document() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), KEY, EXPORT.as_bytes());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .arg("ingest")
        .arg(folder.path())
        .stderr(writer)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout).lines().count(), 5);
}

#[test]
fn three_layers_of_compression_are_undone_and_four_are_refused() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let three = gzip(&gzip(&gzip(b"2026-11-23T10:00:00.000Z inside\n")));
    let output = logferry(&["ingest", "-"], &three);
    assert!(
        text(&output.stdout).contains("\"inside\""),
        "{}",
        text(&output.stderr)
    );
    let output = logferry(&["ingest", "-"], &gzip(&three));
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("layers of compression"));
}

#[test]
fn what_expands_too_much_is_broken() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        encoder.write_all(&[b'\n'; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let output = logferry(&["ingest", "--max-ratio", "100", "-"], &bomb);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("--max-ratio"),
        "{}",
        text(&output.stderr)
    );
    let output = logferry(&["ingest", "--max-object-bytes", "1MB", "-"], &bomb);
    assert!(
        text(&output.stderr).contains("--max-object-bytes"),
        "{}",
        text(&output.stderr)
    );
}
