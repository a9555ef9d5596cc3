/*! Tests of the command `logferry explain FILE|-`: its output, errors and exit code. */

use assert_cmd::Command;

fn explain(flags: &[&str]) -> Command {
    let mut command = Command::cargo_bin("logferry").expect("cargo builds it for its tests");
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("explain")
        .args(flags);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LOGFERRY_"))
    {
        command.env_remove(name);
    }
    command
}

/// Standard output of a run that succeeds without a word on standard error.
fn shown(command: &mut Command) -> String {
    let output = command.assert().success().get_output().clone();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

fn json(command: &mut Command) -> serde_json::Value {
    let shown = shown(command);
    assert_eq!(shown.trim_end().lines().count(), 1);
    serde_json::from_str(&shown).unwrap()
}

const EXPORT: &str = "fixtures/demo/exports/invoices/3b9f6c1e-8d24-4a57-b0c3-6e5d4f2a1b08/\
                      2026-11-21-[$LATEST]0baa44e05f05bff392838aa8930c6f8c/000000.log";

#[test]
fn export_text() {
    let pattern = ["--log-group-pattern", "fixtures/demo/exports/{function}/"];
    insta::assert_snapshot!(shown(explain(&[EXPORT]).args(pattern)));
}

#[test]
fn subscription() {
    insta::assert_snapshot!(shown(&mut explain(&[
        "fixtures/decode/files/cloudwatch_log_timeout.json"
    ])));
}

#[test]
fn json_lines() {
    insta::assert_snapshot!(shown(&mut explain(&["fixtures/explain/lines.json"])));
}

/// Explains a copy of `fixtures/explain/messy.log` with a known modification time: events without a time take it.
fn messy(flags: &[&str]) -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messy.log");
    std::fs::write(&path, std::fs::read("fixtures/explain/messy.log").unwrap()).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_707_858_070);
    file.set_modified(modified).unwrap();
    let mut command = explain(&["messy.log", "--max-event-bytes", "1KiB"]);
    command.args(flags).current_dir(folder.path());
    (folder, command)
}

#[test]
fn messy_text() {
    let (_folder, mut command) = messy(&[]);
    insta::assert_snapshot!(shown(&mut command));
}

#[test]
fn one_json_object_has_the_same_facts() {
    let (_folder, mut command) = messy(&["--json"]);
    insta::assert_json_snapshot!(json(&mut command));
    let lines = json(&mut explain(&["--json", "fixtures/explain/lines.json"]));
    assert_eq!(
        lines["invocations"]["by_status"],
        serde_json::json!({"success": 1, "timeout": 1})
    );
    assert_eq!(lines["plain_text"][0]["name"], "broken_json");
}

#[test]
fn standard_input_with_a_key_gives_the_same_report_as_the_file() {
    let text = std::fs::read(EXPORT).unwrap();
    let key = ["--json", "--key", EXPORT];
    let mut piped = json(explain(&["-"]).args(key).write_stdin(text));
    let mut file = json(explain(&[EXPORT]).args(key));
    assert_eq!(piped["file"].take(), "-");
    assert_eq!(file["file"].take(), EXPORT);
    assert_eq!(piped, file);
    assert!(file["key"]["export_task_id"].is_string());
}

#[test]
fn compressed_files_are_unpacked() {
    use std::io::Write;
    let text = std::fs::read(EXPORT).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&text).unwrap();
    let gzip = gzip.finish().unwrap();
    let whole = json(explain(&["-", "--json"]).write_stdin(gzip.clone()));
    assert_eq!(whole["bytes"], text.len());
    assert_eq!(whole["stored_bytes"], gzip.len());

    let cut = &gzip[..gzip.len() - 20];
    let output = explain(&["-"])
        .write_stdin(cut)
        .assert()
        .failure()
        .get_output()
        .clone();
    let (text, error) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(
        text.contains("\nBroken: ") && text.contains("platform.report"),
        "{text}"
    );
    assert!(
        error.starts_with("logferry: the file could not be read to its end: "),
        "{error}"
    );
}

#[test]
fn a_truncated_envelope_shows_the_events_before_the_cut() {
    let whole =
        std::fs::read_to_string("fixtures/decode/files/cloudwatch_log_timeout.json").unwrap();
    let cut = &whole[..whole.len() - 60];
    let output = explain(&["-", "--json"])
        .write_stdin(cut)
        .assert()
        .failure()
        .get_output()
        .clone();
    let text: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(text["events"], 3);
    assert!(
        text["broken"].as_str().unwrap().contains("cut off"),
        "{text}"
    );
}

#[test]
fn a_binary_file_prints_no_control_characters() {
    let mut bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    bytes.extend(b"\x1b]0;title\x07\x9b31m");
    let output = explain(&["-"]).write_stdin(bytes).assert().failure();
    let output = output.get_output();
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(text.contains("looks binary"), "{text}");
    let text = String::from_utf8_lossy(&output.stdout) + text.as_str();
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "{text:?}"
    );
}

#[test]
fn skipped_objects_are_reported() {
    assert!(shown(explain(&["-"]).write_stdin("")).contains("The worker skips it: it is empty"));
    let probe = explain(&["-", "--key", "exports/aws-logs-write-test"]);
    let text = shown({ probe }.write_stdin("Permission Check Successful"));
    assert!(
        text.contains("The worker skips it: it is the write test of an export task"),
        "{text}"
    );
}

#[test]
fn mistakes_are_named() {
    for (flags, error) in [
        (
            &["fixtures/nothing.log"][..],
            "logferry: cannot read fixtures/nothing.log: No such file or directory",
        ),
        (
            &["fixtures"],
            "logferry: fixtures is a folder: explain takes one file",
        ),
        (
            &["-", "--format", "xml"],
            "logferry: --format: \"xml\" is none of export,",
        ),
        (
            &[],
            "error: the following required arguments were not provided:\n  <FILE>",
        ),
        (&["--json", "notification", "-"], "error: "),
    ] {
        let output = explain(flags).assert().failure().get_output().clone();
        assert_eq!(output.stdout, b"", "{flags:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with(error), "{flags:?}: {text}");
    }
}

#[test]
fn notifications_are_explained() {
    let body = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}"#;
    let object = "{\"bucket\":\"b\",\"key\":\"a b\",\"size\":null,\"event_name\":\"ObjectCreated:Put\",\"region\":null}\n";
    let text = shown(
        explain(&["notification", "-"])
            .env("LOGFERRY_FORMAT", "text")
            .write_stdin(body),
    );
    assert_eq!(text, object);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notification"), "a line\n").unwrap();
    let text = json(explain(&["./notification", "--json"]).current_dir(folder.path()));
    assert_eq!(text["events"], 1);
}
