mod corpus;
mod fields;
mod folded;
mod ids;
mod levels;
mod lines;
mod runtimes;
mod streams;
mod times;

use crate::decode::{Event, Identity, Origin};
use crate::document::*;
use crate::parse::{
    Dropped, Durable, Emf, ErrorInfo, Extension, IdSource, Kind, Level, Platform, Record, Xray,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// 2026-11-23T10:11:12.345Z
const TIME: i64 = 1_795_428_672_345;
const REQUEST: &str = "405bb962-f57b-521d-81a1-e7272fbf6077";

fn object() -> ObjectInfo {
    ObjectInfo {
        bucket: "my-logs".into(),
        key: "exports/6b0c/2026-11-23-[$LATEST]3f9c/000002.gz".into(),
        etag: Some("9b2c".into()),
        last_modified: Some(TIME + 3_600_000),
        id_scope: "exports".into(),
    }
}

fn options() -> DocumentOptions {
    DocumentOptions {
        index_prefix: "logferry".into(),
        ..DocumentOptions::default()
    }
}

fn origin() -> Origin {
    Origin {
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        log_group: Some("/aws/lambda/checkout".into()),
        log_stream: Some("2026/11/23/[$LATEST]3f9c".into()),
        function_name: Some("checkout".into()),
        function_version: Some("$LATEST".into()),
        stream_day: Some(20_780),
        ..Origin::default()
    }
}

fn event<'a>(text: &'a str, origin: &'a Arc<Origin>) -> Event<'a> {
    Event {
        offset: 4711,
        time: Some(TIME),
        text: text.as_bytes(),
        truncated: 0,
        identity: Identity::Content,
        origin,
    }
}

/// One document, both lines parsed.
fn document(event: &Event<'_>, record: &Record<'_>, context: &LineContext<'_>) -> Value {
    with(&object(), &options(), event, false, record, context)
}

fn with(
    object: &ObjectInfo,
    options: &DocumentOptions,
    event: &Event<'_>,
    invalid_utf8: bool,
    record: &Record<'_>,
    context: &LineContext<'_>,
) -> Value {
    let mut writer = LogDocumentWriter::new(object, options);
    let id = writer.identify(event);
    let mut out = b"what was there\n".to_vec();
    let written = writer.write(event, invalid_utf8, record, id, context, &mut out);
    assert_eq!((written.start, written.end), (15, out.len()));
    let action = one_line(&out[written.start..written.source]);
    let source = one_line(&out[written.source..written.end]);
    assert_eq!(action["create"]["_id"], id.as_str());
    json!({"action": action, "source": source})
}

fn one_line(line: &[u8]) -> Value {
    let (last, line) = line.split_last().unwrap();
    assert!(*last == b'\n' && !line.contains(&b'\n'));
    serde_json::from_slice(line).unwrap()
}

fn printed(message: &str) -> Record<'_> {
    Record {
        message: message.into(),
        ..Record::default()
    }
}

fn platform<'a>(kind: Kind<'a>, message: &'a str, platform: Platform<'a>) -> Record<'a> {
    Record {
        kind,
        request_id: Some(REQUEST.into()),
        platform: Some(Box::new(platform)),
        ..printed(message)
    }
}

/// A record that has everything, which no line has.
fn full() -> Record<'static> {
    Record {
        kind: Kind::Other("platform.new".into()),
        time: Some(TIME),
        request_id: Some(REQUEST.into()),
        id_source: IdSource::Runtime,
        version: Some("7".into()),
        function_name: Some("checkout".into()),
        level: Some(Level::Error),
        logger: Some("root".into()),
        message: "all of it".into(),
        platform: Some(Box::new(Platform {
            duration_ms: Some(1711.87),
            billed_duration_ms: Some(1800.0),
            memory_size_mb: Some(128.0),
            max_memory_used_mb: Some(98.0),
            init_duration_ms: Some(120.96),
            restore_duration_ms: Some(398.97),
            billed_restore_duration_ms: Some(182.0),
            produced_bytes: Some(50.0),
            timeout_seconds: Some(3.0),
            status: Some("error".into()),
            error_type: Some("Runtime.OutOfMemory".into()),
            phase: Some("invoke".into()),
            initialization_type: Some("on-demand".into()),
            runtime_version: Some("nodejs:20.v15".into()),
            runtime_version_arn: Some("arn:aws:lambda:eu-central-1::runtime:379c".into()),
            function_arn: Some("arn:aws:lambda:eu-central-1:1:function:checkout".into()),
            tenant_id: Some("BlueTenant".into()),
            durable: Some(Box::new(Durable {
                execution_arn: "arn:aws:lambda:eu-central-1:1:function:checkout:7/durable-execution/order-1/550e".into(),
                execution_name: Some("order-1".into()),
                operation: Some("charge".into()),
                attempt: Some(2),
            })),
            extension: Some(Extension {
                name: Some("datadog-agent".into()),
                state: Some("Ready".into()),
                events: Some(vec!["SHUTDOWN".into(), "INVOKE".into()]),
                types: Some(vec!["Platform".into()]),
            }),
            dropped: Some(Dropped {
                records: Some(123.0),
                bytes: Some(12345.0),
                reason: Some("Consumer seems to have fallen behind".into()),
            }),
            unknown: vec![("Mood".into(), "good".into())],
        })),
        xray: Some(Box::new(Xray {
            trace_id: Some("1-5d83c0ad-b8eb33a0b1de97d804fac890".into()),
            segment_id: Some("31255c3b19bd3637".into()),
            sampled: Some(true),
        })),
        error: Some(Box::new(ErrorInfo {
            kind: Some("ValueError".into()),
            message: Some("no".into()),
            stack_trace: Some("Traceback (most recent call last):\n  File …".into()),
        })),
        app: Some("{\"a\": {\n\"b\": [1]}}".into()),
        emf: Some(Box::new(Emf {
            namespaces: vec!["shop".into(), "shop/eu".into()],
            timestamp: Some(TIME),
        })),
    }
}

const AROUND: LineContext<'_> = LineContext {
    foreign_id: false,
    request_id_inferred: Some(REQUEST),
    cold_start: Some(true),
    function_name: Some("from-the-stream"),
    function_version: Some("8"),
    place: crate::invocation::LinePlace::Nowhere,
};

#[test]
fn what_app_cannot_hold_whole_is_kept_in_the_original() {
    let known = Arc::new(origin());
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(40_000));
    for (app, flag, kept) in [
        (long.as_str(), "app_truncated", true),
        ("{\"a\":tru}", "app_invalid", false),
    ] {
        let record = Record {
            app: Some(app.into()),
            ..printed("short")
        };
        let source = &document(&event(app, &known), &record, &LineContext::default())["source"];
        assert_eq!(source["logferry"]["flags"], json!([flag]));
        assert_eq!(source["event"]["original"], app);
        assert_eq!(source.get("app").is_some(), kept);
    }
}

#[test]
fn unknown_pairs_and_a_logged_object_do_not_hide_each_other() {
    let known = Arc::new(origin());
    let pairs = [("app", "1"), ("x", "\"\n"), ("x", "2")];
    let unknown = pairs
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    let record = Record {
        app: Some("{\"y\":true}".into()),
        ..platform(
            Kind::Report,
            "REPORT",
            Platform {
                unknown,
                ..Platform::default()
            },
        )
    };
    let source = &document(&event("REPORT", &known), &record, &LineContext::default())["source"];
    let expected = json!({"app": "1", "x": "\"\n", "x (2)": "2", "app (2)": {"y": true}});
    assert_eq!(source["app"], expected);
    assert_eq!(source["logferry"]["flags"], json!(["app_duplicate_keys"]));
}

#[test]
fn one_writer_goes_from_origin_to_origin_and_day_to_day() {
    let first = Arc::new(origin());
    let second = Arc::new(Origin {
        region: Some("us-east-1".into()),
        ..Origin::default()
    });
    let mut writer = LogDocumentWriter::new(&object(), &options());
    let mut out = Vec::new();
    let places = [
        (&first, 0),
        (&second, 1),
        (&first, 1),
        (&first, 0),
        (&second, 0),
    ];
    for (origin, days) in places {
        let event = Event {
            time: Some(TIME + days * crate::time::calendar::DAY_MS),
            ..event("x", origin)
        };
        let id = writer.identify(&event);
        let written = writer.write(
            &event,
            false,
            &printed("x"),
            id,
            &LineContext::default(),
            &mut out,
        );
        let action = one_line(&out[written.start..written.source]);
        let source = one_line(&out[written.source..written.end]);
        let day = 23 + days;
        assert_eq!(
            action["create"]["_index"],
            format!("logferry-logs-2026.11.{day}")
        );
        assert_eq!(source["@timestamp"], format!("2026-11-{day}T10:11:12.345Z"));
        assert_eq!(source["cloud"]["region"], origin.region.as_deref().unwrap());
        assert_eq!(
            source["aws"].get("log").is_some(),
            origin.log_group.is_some()
        );
    }
}

proptest! {
    #[test]
    fn any_text_becomes_two_lines_of_json(
        message: String,
        name: String,
        app in prop::option::of(any::<String>()),
        time in prop::option::of(any::<i64>()),
        line_time in prop::option::of(any::<i64>()),
        number in any::<f64>(),
    ) {
        let any_origin = Arc::new(Origin {
            log_group: Some(name.clone()),
            log_stream: Some(name.clone()),
            function_name: Some(name.clone()),
            ..Origin::default()
        });
        let event = Event { time, ..event(&message, &any_origin) };
        let record = Record {
            time: line_time,
            request_id: Some(name.as_str().into()),
            logger: Some(name.as_str().into()),
            app: app.as_deref().map(Into::into),
            message: message.as_str().into(),
            platform: Some(Box::new(Platform { duration_ms: Some(number), ..Platform::default() })),
            ..Record::default()
        };
        let object = ObjectInfo { key: name.clone(), ..object() };
        let found = with(&object, &options(), &event, false, &record, &LineContext::default());
        let source = &found["source"];
        prop_assert_eq!(&source["message"], &message);
        for place in [
            &source["faas"]["name"],
            &source["faas"]["invocation_id"],
            &source["log"]["logger"],
            &source["aws"]["s3"]["key"],
            &source["aws"]["log"]["group"]["name"],
        ] {
            prop_assert_eq!(place, &name);
        }
        let index = found["action"]["create"]["_index"].as_str().unwrap();
        prop_assert!(index.len() == "logferry-logs-2026.11.23".len() && index.starts_with("logferry-logs-"));
    }
}
