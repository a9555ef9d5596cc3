//! Snapshots of the documents of typical lines.

use crate::document::tests::*;

#[test]
fn snapshots_of_typical_lines() {
    let known = Arc::new(origin());
    let bare = Arc::new(Origin::default());
    let show = |name: &str, document: Value| insta::assert_json_snapshot!(name, document);
    let none = LineContext::default();
    let inside = LineContext {
        cold_start: Some(false),
        ..AROUND
    };

    let text = "START RequestId: 405bb962-f57b-521d-81a1-e7272fbf6077 Version: $LATEST";
    let start = Record {
        version: Some("$LATEST".into()),
        ..platform(Kind::Start, text, Platform::default())
    };
    show("start", document(&event(text, &known), &start, &none));

    let report = Platform {
        duration_ms: Some(1711.87),
        billed_duration_ms: Some(1800.0),
        memory_size_mb: Some(128.0),
        max_memory_used_mb: Some(98.0),
        init_duration_ms: Some(120.96),
        unknown: vec![("Green Energy".into(), "97 %".into())],
        ..Platform::default()
    };
    let report = Record {
        xray: full().xray,
        ..platform(
            Kind::Report,
            "REPORT RequestId: 405b…\tDuration: 1711.87 ms\t…",
            report,
        )
    };
    show(
        "report",
        document(&event("REPORT …", &known), &report, &AROUND),
    );

    let timeout = Platform {
        timeout_seconds: Some(3.0),
        ..Platform::default()
    };
    let timeout = platform(Kind::Timeout, "Task timed out after 3.00 seconds", timeout);
    show(
        "timeout",
        document(&event("Task …", &known), &timeout, &none),
    );

    let extension = Platform {
        extension: full().platform.unwrap().extension,
        ..Platform::default()
    };
    let extension = Record {
        request_id: None,
        ..platform(Kind::Extension, "EXTENSION\tName: …", extension)
    };
    show(
        "extension",
        document(&event("EXTENSION\t…", &known), &extension, &none),
    );

    let dropped = Platform {
        dropped: full().platform.unwrap().dropped,
        ..Platform::default()
    };
    let dropped = Record {
        request_id: None,
        app: Some("{\"x\":1}".into()),
        ..platform(Kind::LogsDropped, "", dropped)
    };
    show(
        "logs_dropped",
        document(&event("{…}", &known), &dropped, &none),
    );

    let node = Record {
        level: Some(Level::Info),
        request_id: Some("r-1".into()),
        ..printed("hello\n\"world\"\u{7}")
    };
    show(
        "node",
        document(&event("…\tr-1\tINFO\thello…", &known), &node, &inside),
    );

    show(
        "print",
        document(&event("hello", &known), &printed("hello"), &inside),
    );

    let python = Record {
        level: Some(Level::Error),
        error: full().error,
        ..printed("[ERROR] ValueError: no\nTraceback …")
    };
    show("traceback", document(&event("…", &known), &python, &none));

    let json = "{\n  \"level\": \"WARN\",\n  \"message\": \"low\",\n  \"stock\": {\"left\": 3}\n}";
    let logged = Record {
        level: Some(Level::Warn),
        logger: Some("shop".into()),
        app: Some(json.into()),
        ..printed("low")
    };
    show("json", document(&event(json, &known), &logged, &none));

    let emf = Record {
        emf: full().emf,
        app: Some("{\"_aws\":{}}".into()),
        ..printed("{\"_aws\":{}}")
    };
    show(
        "emf",
        document(&event("{\"_aws\":{}}", &known), &emf, &none),
    );

    let broken = "{\"a\":1,\"a\":{\"b\":\"\\ud800\"}}";
    let mended = Record {
        app: Some(broken.into()),
        ..printed(broken)
    };
    show(
        "mended_json",
        document(&event(broken, &known), &mended, &none),
    );

    let plain = Event {
        time: None,
        identity: Identity::Offset,
        truncated: 1000,
        ..event("caf\u{e9}", &bare)
    };
    let unknown = with(
        &object(),
        &options(),
        &plain,
        true,
        &printed("caf\u{fffd}"),
        &none,
    );
    show("plain_text", unknown);
}
