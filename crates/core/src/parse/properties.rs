//! Property tests: any text is parsed without loss, and the byte scanners agree with jiff and with regular expressions.

use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;

use crate::parse::record::{Kind, Level};
use crate::parse::text::{key_values, node};
use crate::parse::{parse, timestamp};

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.,]\d+)?(Z|[+-]\d\d:?\d\d)?")
        .expect("a pattern")
});
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([A-Z][a-z]*(?: [A-Z][a-z]*)*): ([0-9.]+) (?:ms|MB)").expect("a pattern")
});
static NODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)^\S+Z\t([0-9a-f-]{36}|undefined)\t(?:(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)(?: *\t| +|$))?(.*)$").expect("a pattern")
});

/// Texts that resemble the forms that the parser knows.
fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("REPORT RequestId: "),
        Just("START RequestId: x Version: 1"),
        Just("Duration: 1.5 ms"),
        Just("\t"),
        Just(" "),
        Just("\n"),
        Just("\r"),
        Just("\\t"),
        Just("\u{a0}"),
        Just("é"),
        Just("{\"level\":\"info\",\"message\":\"m\"}"),
        Just("{\"type\":\"platform.x\",\"time\":\"2024-05-14T10:15:30Z\",\"record\":{"),
        Just("}"),
        Just("{\"level\":\"error\",\"a\":NaN,\"message\":\"m\t\"} "),
        Just("\u{feff}"),
        Just("\""),
        Just("[ERROR] "),
        Just("[INFO]\t2024-05-14T10:15:30.1Z\t\t"),
        Just("2024-05-14T10:15:30.123Z"),
        Just("152453e0-3bcf-46b2-9e9a-3a03079395db"),
        Just("undefined"),
        Just("ERROR"),
        Just("Error: x"),
        Just("    at f (/a.js:1:2)"),
        Just("Traceback (most recent call last):"),
        Just("java.lang.X: y"),
        Just("panic: "),
        Just("Error: Custom { kind: NotFound }"),
        Just("PHP Fatal error:  Uncaught "),
        Just("\"[object] (X(code: 0): m at /a.php:3)"),
        Just("a.rb:3:in 'x': m (TypeError)"),
        Just("  + Exception Group "),
        Just("\u{2028}"),
        Just("thread 'main' panicked at "),
        Just("Exception in thread \"a\" "),
        Just("level=info msg=\""),
        Just("Lambda runtime invoke{requestId="),
        Just("I, ["),
        Just(" - "),
        Just(" | "),
        Just("\x1b[2m"),
        Just("Jan 01, 2020 12:00:00 AM a.B c"),
    ];
    let known = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    prop_oneof![any::<String>(), known, "[ -~\\n\\r\\té]{0,200}"]
}

fn without_breaks(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r'])
}

proptest! {
    #[test]
    fn any_text_is_parsed_without_loss(text in line()) {
        let record = parse(&text);
        // Colours are no part of a record's texts; the platform writes none.
        let text = match record.kind {
            Kind::Function => crate::colours::without(&text).into_owned(),
            _ => text.clone(),
        };
        prop_assert!(record.request_id.as_deref().is_none_or(|id| !id.trim().is_empty() && id != "undefined"));
        if let Some(app) = &record.app {
            prop_assert!(app.is_repaired() || text.contains(&**app));
            prop_assert!(serde_json::from_str::<serde_json::Value>(app).is_ok_and(|app| app.is_object()));
        } else if record.kind != Kind::Function || node::prefix(text.trim_start()).is_none() && crate::parse::text::python::prefix(text.trim_start()).is_none() {
            let readable = |text: &str| text.replace("\r\n", "\n").replace(['\r', '\u{2028}'], "\n").replace('\u{a0}', " ");
            prop_assert_eq!(readable(&record.message), readable(without_breaks(&text)));
            let has_stack = record.error.as_ref().is_some_and(|error| error.stack_trace.is_some());
            if !has_stack && !text.contains(crate::parse::text::python::TRACEBACK) {
                prop_assert_eq!(&*record.message, without_breaks(&text));
            }
        } else {
            // The message behind a prefix is the whole rest of the text.
            let readable = |text: &str| text.replace("\r\n", "\n").replace(['\r', '\u{2028}'], "\n").replace('\u{a0}', " ");
            prop_assert!(readable(without_breaks(&text)).ends_with(&readable(&record.message)));
        }
        prop_assert_eq!(record.clone(), record.into_owned());
    }

    #[test]
    fn times_are_read_as_jiff_reads_them(
        seconds in 0i64..4_000_000_000, nanos in 0i32..1_000_000_000, digits in 0usize..=9,
        zone in prop_oneof![Just(0i32), -720i32..=840], colon: bool,
    ) {
        let time = jiff::Timestamp::new(seconds, nanos).expect("in range");
        let offset = jiff::tz::Offset::from_seconds(zone * 60).expect("in range");
        let local = offset.to_datetime(time);
        let mut text = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        if digits > 0 {
            text.push('.');
            text.push_str(&format!("{nanos:09}")[..digits]);
        }
        let sign = if zone < 0 { '-' } else { '+' };
        let (hours, minutes) = (zone.abs() / 60, zone.abs() % 60);
        match (zone, colon) {
            (0, _) => text.push('Z'),
            (_, true) => text.push_str(&format!("{sign}{hours:02}:{minutes:02}")),
            (_, false) => text.push_str(&format!("{sign}{hours:02}{minutes:02}")),
        }
        let oracle: jiff::Timestamp = text.parse().expect("a time");
        let scanned = timestamp::scan(text.as_bytes()).expect("a time");
        prop_assert_eq!((scanned.millis, scanned.len, scanned.zoned), (oracle.as_millisecond(), text.len(), true));
    }

    #[test]
    fn times_are_found_where_a_regex_finds_them(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-5][0-9]([.,][0-9]{1,9})?(Z|[+-][01][0-9]:?[0-5][0-9])?[ \\tx]{0,2}") {
        let oracle = &*TIME;
        let found = oracle.captures(&text).expect("the form");
        let real = format!("{}T{}", &found[1], &found[2]).parse::<jiff::civil::DateTime>().is_ok();
        let scanned = timestamp::scan(text.as_bytes());
        prop_assert_eq!(scanned.is_some(), real);
        if let Some(scanned) = scanned {
            prop_assert_eq!(scanned.len, found[0].len());
            prop_assert_eq!(scanned.zoned, found.get(4).is_some());
        }
    }

    #[test]
    fn report_fields_are_found_where_a_regex_finds_them(
        fields in Just([
            "Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration",
            "Restore Duration", "Billed Restore Duration", "Gpu Time",
        ]).prop_shuffle(),
        count in 0usize..8, numbers in prop::collection::vec(0u32..1_000_000, 8),
        separator in prop_oneof![Just("\t"), Just(" "), Just("  "), Just("\n"), Just(" \t"), Just("\t\n"), Just("\\t")],
        id in "[a-z0-9-]{1,36}",
    ) {
        let mut text = format!(" RequestId: {id}");
        for (name, number) in fields.iter().zip(&numbers).take(count) {
            let unit = if name.contains("Memory") { "MB" } else { "ms" };
            text.push_str(&format!("{separator}{name}: {}.{:02} {unit}", number / 100, number % 100));
        }
        text.push_str(separator);
        let oracle = &*FIELD;
        let expected: Vec<_> = oracle
            .captures_iter(&text)
            .map(|found| (found[1].to_owned(), found[2].parse::<f64>().ok()))
            .collect();
        let mut pairs = key_values::pairs(&text);
        prop_assert_eq!(pairs.next().map(|pair| pair.value), Some(&*id));
        let found: Vec<_> = pairs
            .map(|pair| (pair.name.to_owned(), key_values::number(pair.value)))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nodes_prefix_is_read_as_a_regex_reads_it(
        id in prop_oneof![
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            Just("undefined".to_owned()),
        ],
        level in prop_oneof![Just(""), Just("INFO\t"), Just("ERROR\t"), Just("WARN\t"), Just("Error\t"), Just("INFO ")],
        message in "[ -\\[\\]-~\\t\\n]{0,40}",
    ) {
        let text = format!("2024-05-14T10:15:30.123Z\t{id}\t{level}{message}");
        let oracle = &*NODE;
        let expected = oracle.captures(&text).expect("the form");
        let (record, rest) = node::prefix(&text).expect("a prefix");
        prop_assert_eq!(record.request_id.as_deref(), Some(&expected[1]).filter(|id| *id != "undefined"));
        prop_assert_eq!(record.level.map(Level::as_str), expected.get(2).map(|level| level.as_str()));
        prop_assert_eq!(rest, &expected[3]);
    }
}
