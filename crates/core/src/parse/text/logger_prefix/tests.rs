//! Prefixes of known loggers, and prose that resembles one.

use crate::parse::record::Level;
use crate::parse::text::logger_prefix::*;

fn head(text: &str) -> (Option<Level>, Option<String>, Option<String>, Option<i64>) {
    let mut record = Record::default();
    read(&mut record, text);
    (
        record.level,
        record.logger.map(Cow::into_owned),
        record.request_id.map(Cow::into_owned),
        record.time,
    )
}

#[test]
fn prefixes_of_known_loggers_are_read() {
    let id = "983f71e5-9091-443b-8c01-6668120c0e5d";
    for (text, level, logger, has_id) in [
        (
            format!("{id} WARN uk.bot_by.BotHandler - stack"),
            Level::Warn,
            Some("uk.bot_by.BotHandler"),
            true,
        ),
        (
            format!("{id} DEBUG AbstractFlow:214 - SMA"),
            Level::Debug,
            Some("AbstractFlow"),
            true,
        ),
        (
            format!("2020-08-31 08:40:11 {id} INFO  Handler:45 - msg"),
            Level::Info,
            Some("Handler"),
            true,
        ),
        (
            "2020-08-31 08:40:11.123  INFO 8 --- [main] c.e.Application : Started".into(),
            Level::Info,
            None,
            false,
        ),
        (
            "08:40:11.123 [main] ERROR com.example.Handler - boom".into(),
            Level::Error,
            Some("com.example.Handler"),
            false,
        ),
        ("INFO:root:hello".into(), Level::Info, Some("root"), false),
        (
            "INFO:botocore.credentials:Found credentials".into(),
            Level::Info,
            Some("botocore.credentials"),
            false,
        ),
        (
            "WARNING:root:careful".into(),
            Level::Warn,
            Some("root"),
            false,
        ),
        ("[10:15:30 INF] said".into(), Level::Info, None, false),
        (
            format!("{id} INFO Handler - said"),
            Level::Info,
            Some("Handler"),
            true,
        ),
        (
            "2020-08-31 08:40:11,123 - my.module - WARNING - careful".into(),
            Level::Warn,
            Some("my.module"),
            false,
        ),
        (
            "2020-08-31 08:40:11.123 | INFO     | __main__:handler:12 - hi".into(),
            Level::Info,
            Some("__main__"),
            false,
        ),
        ("[ERROR] boom".into(), Level::Error, None, false),
        ("[Information] - said".into(), Level::Info, None, false),
        (
            "info: Microsoft.Hosting.Lifetime[0]".into(),
            Level::Info,
            None,
            false,
        ),
        (
            "2023-04-08T12:01:45.123456Z  INFO lambda_runtime: hi".into(),
            Level::Info,
            Some("lambda_runtime"),
            false,
        ),
        (
            "[2020-01-01T00:00:00Z WARN  my_crate] hi".into(),
            Level::Warn,
            Some("my_crate"),
            false,
        ),
        (
            format!("I, [2023-01-01T00:00:00.123456 #8]  INFO {id} -- : hi"),
            Level::Info,
            None,
            true,
        ),
    ] {
        let read = head(&text);
        assert_eq!((read.0, read.2.is_some()), (Some(level), has_id), "{text}");
        if logger.is_some() {
            assert_eq!(read.1.as_deref(), logger, "{text}");
        }
    }
}

#[test]
fn words_of_prose_are_no_logger() {
    for text in [
        "[INFO] Response: ok",
        "[INFO] Event: {..}",
        "[ERROR] Failed: could not connect",
        "[ERROR] Error: boom",
        "[ERROR] KeyError: 'x'",
        "[ERROR] java.lang.RuntimeException: boom",
        "INFO Table - created",
        "[INFO] - Table - created",
        "[WARNING] Cache: miss",
        "[INFO] StatusCode: 200",
        "[INFO] user_id: 5",
        "ERROR:https://example.com is down",
        "INFO:10:15 it is",
        "[INFO] 10.0.0.1: up",
        "INFO Result:ok - created",
        "[INFO]",
    ] {
        let found = head(text);
        assert!(found.0.is_some() && found.1.is_none(), "{text}: {found:?}");
    }
}

#[test]
fn words_of_prose_are_no_level() {
    for text in [
        "[contracts] 1111 contracts",
        "[NR_EXT] attemptSend: data sent",
        "Error raised from handler",
        "/var/lang/x.py:42: SyntaxWarning: invalid",
        "information: none",
        "",
        "Restored SnapStart snapshot.",
        "log4j:WARN No appenders",
        "[config] loaded",
        "[http] GET /",
        "[alert] sent mail",
        "[panic] mode off",
        "[EMERGENCY] contact saved",
        "[success] all done",
        "[notice] moved",
        "[fine] by me",
        "[fail] it did",
    ] {
        assert_eq!(head(text).0, None, "{text}");
    }
}

#[test]
fn the_message_begins_behind_the_prefix() {
    for (text, message) in [
        ("[ERROR] boom", "boom"),
        ("[error    ] boom  id=3", "boom  id=3"),
        ("error: boom", "boom"),
        ("ERROR 5 items failed", "5 items failed"),
        ("ERROR:root:boom", "boom"),
        (
            "app - ERROR - Traceback (most recent call last):",
            "Traceback (most recent call last):",
        ),
        (
            "2024-01-01 12:00:00.123  INFO 8 --- [main] c.e.Application : Started",
            "Started",
        ),
        ("12:00:00.123 [main] ERROR c.a.Handler - boom", "boom"),
        ("[2024-01-01 12:00:00] app.ERROR: boom", "boom"),
        (
            "[Nest] 8  - 1/1/2024, 1:16:03 PM   ERROR [Handler] boom",
            "boom",
        ),
        ("E0102 15:04:05.678901       1 file.go:12] boom", "boom"),
        (
            "PHP Fatal error:  Uncaught Error: boom",
            "Uncaught Error: boom",
        ),
        ("NOTICE: PHP message: PHP Warning:  boom", "boom"),
        ("2024-01-01T12:00:00Z ERROR my_crate::handler: boom", "boom"),
        ("2024-01-01 12:00:00 | ERROR    | mod:fn:1 - boom", "boom"),
        ("fail: App.Handler[0]\n      boom", "[0]\n      boom"),
        ("no prefix", "no prefix"),
        (
            "2024-01-01 12:00:00 no level",
            "2024-01-01 12:00:00 no level",
        ),
    ] {
        assert_eq!(&text[scan(text).message..], message, "{text}");
    }
}

#[test]
fn prose_that_is_passed_over_has_no_prefix() {
    for text in [
        "Loading function",
        "Sending the END of it",
        "Processing 3 ERROR lines",
    ] {
        assert!(begins_as_prose(text.as_bytes()), "{text}");
        assert_eq!(scan(text), Prefix::default(), "{text}");
    }
    for text in [
        "Nov 27 10:00:00.000 ERR boom",
        "Fatal error: x in /a.php:3",
        "App - ERROR - x",
    ] {
        assert!(!begins_as_prose(text.as_bytes()), "{text}");
        assert!(scan(text).level.is_some(), "{text}");
    }
}

/// A quick look at the first bytes must not rule out a prefix that the reader finds.
#[test]
fn prefixes_behind_a_channel_are_found_as_at_the_start() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lines/");
    let lines = std::fs::read_to_string(format!("{folder}levels.jsonl")).expect("the fixtures");
    let mut count = 0;
    for line in lines.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a fixture is JSON");
        let text = case["input"]
            .as_str()
            .expect("its input is text")
            .trim_start();
        let level = scan(text).level;
        // PHP has no such channel.
        let php = text.starts_with("Warning: ") || text.starts_with("Fatal error: ");
        if level.is_some() && !php {
            count += 1;
            assert_eq!(
                behind_channel(text).and_then(|prefix| prefix.level),
                level,
                "{text}"
            );
        }
    }
    assert!(count > 150, "{count}");
}
