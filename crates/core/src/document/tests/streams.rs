//! Whole exports: the streams of `fixtures/streams` by the rules of that folder's README, then random ids and blocks.

use crate::decode::{DecodeOptions, Decoder};
use crate::document::tests::*;
use crate::document::{ObjectEncoder, event_text};
use crate::invocation::{Architecture, Prices};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// 2026-11-27T10:00:00Z.
const TEN: i64 = 1_795_773_600_000;
const KEY: &str = "exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/2026-11-27-[$LATEST]0123456789abcdef0123456789abcdef/000000.gz";

/// The documents of an export: of its events in order, and the summaries by request id.
fn documents(key: &str, events: &[(i64, String)]) -> (Vec<Value>, BTreeMap<String, Value>) {
    let mut export = String::new();
    for (at, text) in events {
        let time = jiff::Timestamp::from_millisecond(TEN + at).expect("a time");
        let _ = write!(export, "{time:.3} {text}\n\n");
    }
    let object = ObjectInfo {
        key: key.into(),
        ..object()
    };
    let prices = Prices::builtin(Architecture::X86);
    let mut encoder = ObjectEncoder::new(&object, &options(), &prices);
    let mut decoder = Decoder::new(key, &DecodeOptions::default());
    let (mut out, mut lines, mut summaries) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut rest = export.as_bytes();
    while !decoder.is_finished() {
        let space = decoder.space();
        let n = rest.len().min(space.len());
        space[..n].copy_from_slice(&rest[..n]);
        decoder.filled(n);
        rest = &rest[n..];
        if rest.is_empty() {
            decoder.finish();
        }
        while let Some(event) = decoder.next().expect("an export") {
            let text = event_text(&event);
            let span = encoder.encode(&event, &text, &mut out).document;
            let span = span.expect("every line is a document");
            lines.push(one_line(&out[span.source..span.end]));
        }
    }
    while let Some(summary) = encoder.next_at_end(&mut out) {
        let document = one_line(&out[summary.document.source..summary.document.end]);
        let id = summary.summary.request_id().to_owned();
        assert!(summaries.insert(id, document).is_none(), "two parts");
    }
    (lines, summaries)
}

/// Compares the expected values, by JSON pointer, with those of a document.
fn compare(name: &str, expected: &Value, document: &Value, failures: &mut String) {
    for (pointer, expected) in expected.as_object().expect("values by pointer") {
        let found = document.pointer(pointer).unwrap_or(&Value::Null);
        if found != expected {
            let _ = writeln!(
                failures,
                "{name} {pointer}: expected {expected}, found {found}"
            );
        }
    }
}

#[test]
fn exported_streams_become_what_they_must() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/streams/");
    let mut failures = String::new();
    for file in fs::read_dir(folder).expect("the fixtures") {
        let path = file.expect("a file").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let streams = fs::read_to_string(&path).expect("the fixture is text");
        for stream in streams.lines().filter(|line| !line.is_empty()) {
            let stream: Value = serde_json::from_str(stream).expect("a fixture is JSON");
            let id = stream["id"].as_str().expect("an id");
            let expected = stream["events"].as_array().expect("events");
            let events: Vec<(i64, String)> = expected
                .iter()
                .map(|event| {
                    let text = event["text"].as_str().expect("a text");
                    (event["at"].as_i64().expect("a time"), text.to_owned())
                })
                .collect();
            let key = stream["key"].as_str().unwrap_or(KEY);
            let (lines, summaries) = documents(key, &events);
            assert_eq!(lines.len(), events.len(), "{id}");
            for (event, line) in expected.iter().zip(&lines) {
                let name = format!("{id} {}", event["text"]);
                compare(&name, &event["expected"], line, &mut failures);
            }
            let invocations = stream["invocations"].as_object().expect("invocations");
            let ids: Vec<&String> = invocations.keys().collect();
            let found: Vec<&String> = summaries.keys().collect();
            if ids != found {
                let _ = writeln!(
                    failures,
                    "{id}: invocations {ids:?} expected, {found:?} found"
                );
            }
            for (request, expected) in invocations {
                if let Some(summary) = summaries.get(request) {
                    let name = format!("{id} invocation {request}");
                    compare(&name, expected, summary, &mut failures);
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Lines that a function prints with an id that is not its request's.
fn foreign_line(form: usize, id: &str) -> String {
    const TIME: &str = "2026-11-27T10:00:00.000Z";
    match form {
        0 => format!(r#"{{"level":"INFO","message":"x","requestId":"{id}"}}"#),
        1 => format!(r#"{{"level":"INFO","message":"x","request_id":"{id}"}}"#),
        2 => format!(r#"{{"timestamp":"{TIME}","level":"INFO","requestId":"{id}","message":"x"}}"#),
        3 => format!(r#"{{"level":"INFO","message":"x","function_request_id":"{id}"}}"#),
        4 => format!(r#"{{"level":30,"msg":"x","awsRequestId":"{id}"}}"#),
        5 => format!("INFO {id} order created"),
        6 => format!("[WARN] {id}: customer blocked"),
        7 => format!("2026-11-27 10:00:00 {id} INFO Handler:45 - x"),
        8 => format!("{TIME} {id} INFO x"),
        9 => format!("[INFO] {TIME} {id} x"),
        10 => format!("time={TIME} level=INFO msg=x requestId={id}"),
        11 => format!("{id} says x"),
        12 => format!("I, [2026-11-27T10:00:00.480000 #8]  INFO {id} -- : x"),
        13 => format!(r#"INFO Lambda runtime invoke{{requestId="{id}"}}: x"#),
        14 => format!(
            r#"{{"errorType":"E","errorMessage":"RequestId: {id} Error: Task timed out after 3.00 seconds"}}"#
        ),
        15 => {
            format!(r#"{{"errorMessage":"no","errorType":"E","requestId":"{id}","stackTrace":[]}}"#)
        }
        16 => format!(
            "RequestId: {id} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"
        ),
        17 => format!("RequestId: {id} Error: Task timed out after 3.00 seconds"),
        _ => format!("{TIME} {id} Task timed out after 3.00 seconds"),
    }
}

/// The forms of [`foreign_line`] before [`FAULTS`] are no platform's: they may also stand behind a REPORT.
const FORMS: usize = 19;
const FAULTS: usize = 16;

/// The platform's lines of a request, as text or as JSON.
fn platform_line(json: bool, word: &str, id: &str) -> String {
    let time = "2026-11-27T10:00:00.000Z";
    let record = match (json, word) {
        (false, "START") => return format!("START RequestId: {id} Version: $LATEST"),
        (false, "END") => return format!("END RequestId: {id}"),
        (false, _) => {
            return format!(
                "REPORT RequestId: {id}\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t"
            );
        }
        (true, "START") => r#""version":"$LATEST""#,
        (true, "END") => r#""status":"success""#,
        (true, _) => {
            r#""status":"success","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128}"#
        }
    };
    let name = match word {
        "START" => "start",
        "END" => "runtimeDone",
        _ => "report",
    };
    format!(
        r#"{{"time":"{time}","type":"platform.{name}","record":{{"requestId":"{id}",{record}}}}}"#
    )
}

fn request(number: usize) -> String {
    format!("{number:08x}-1111-4222-8333-444444444444")
}

fn foreign_id() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
        "[A-Z0-9]{16}",
        "req-[0-9]{1,6}",
    ]
}

/// Lines of a function: the index of a form, an id, and whether the line stands before END, REPORT or the next START.
fn foreign_lines() -> impl Strategy<Value = Vec<(usize, String, usize)>> {
    prop::collection::vec((0..FORMS, foreign_id(), 0..3_usize), 0..12)
}

/// An environment's stream, its requests `apart` milliseconds: times, lines, and the request of each line (`None` in
/// the init).
fn environment(invocations: &[usize], apart: i64) -> Vec<(i64, String, Option<usize>)> {
    let mut lines = vec![(
        "INIT_START Runtime Version: python:3.14.v32\tRuntime Version ARN: arn:x".to_owned(),
        None,
    )];
    for (number, prints) in invocations.iter().enumerate() {
        let id = request(number);
        lines.push((platform_line(false, "START", &id), Some(number)));
        lines.extend((0..*prints).map(|print| {
            let text = match print % 3 {
                2 => format!("2026-11-27T10:00:00.000Z\t{id}\tINFO\tx"),
                _ => format!("print {print}"),
            };
            (text, Some(number))
        }));
        lines.push((platform_line(false, "END", &id), Some(number)));
        let report = platform_line(false, "REPORT", &id);
        let init = if number == 0 {
            "Init Duration: 5.00 ms\t"
        } else {
            ""
        };
        lines.push((format!("{report}{init}"), Some(number)));
    }
    let timed = lines.into_iter().zip(0..);
    timed
        .map(|((text, request), at)| (at + request.map_or(0, |n| n as i64 * apart), text, request))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn ids_of_other_things_begin_no_invocation(
        invocations in prop::collection::vec(foreign_lines(), 1..5),
        json: bool,
    ) {
        let mut events = Vec::new();
        let mut requests = Vec::new();
        for (number, foreign) in invocations.iter().enumerate() {
            let id = request(number);
            for (part, word) in ["START", "END", "REPORT"].iter().enumerate() {
                events.push((events.len() as i64, platform_line(json, word, &id)));
                requests.push(id.clone());
                for (form, foreign_id, _) in foreign.iter().filter(|(_, _, at)| *at == part) {
                    if part < 2 || *form < FAULTS {
                        events.push((events.len() as i64, foreign_line(*form, foreign_id)));
                        requests.push(id.clone());
                    }
                }
            }
        }
        let (lines, summaries) = documents(KEY, &events);
        for ((line, request), (_, text)) in lines.iter().zip(&requests).zip(&events) {
            prop_assert_eq!(&line["faas"]["invocation_id"], request, "{}", text);
            let function = line["lambda"]["type"] == "function";
            prop_assert_eq!(&line["faas"]["invocation_id_inferred"], &if function { json!(true) } else { Value::Null });
        }
        let started: Vec<String> = (0..invocations.len()).map(request).collect();
        prop_assert_eq!(summaries.keys().collect::<Vec<_>>(), started.iter().collect::<Vec<_>>());
        for (number, summary) in started.iter().map(|id| &summaries[id]).enumerate() {
            let count = requests.iter().filter(|id| **id == started[number]).count();
            prop_assert_eq!(&summary["invocation"]["log_count"], count);
            prop_assert_eq!(&summary["invocation"]["status"], "success");
        }
    }

    /// A block that jumps forward out of an open invocation cannot be seen, unless the time jumps by more than an
    /// invocation may last. Any step back can.
    #[test]
    fn permuted_blocks_give_no_wrong_request_and_no_wrong_cold_start(
        invocations in prop::collection::vec(0..6_usize, 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        order in any::<prop::sample::Index>(),
        seed in prop::collection::vec(any::<u16>(), 8),
        long: bool,
    ) {
        let apart = if long { 1_000_000 } else { 0 };
        let stream = environment(&invocations, apart);
        let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        bounds.extend([0, stream.len()]);
        bounds.sort_unstable();
        bounds.dedup();
        let mut blocks: Vec<(usize, usize)> = bounds.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let first = blocks.remove(order.index(blocks.len()));
        blocks.sort_by_key(|(begin, _)| (seed[begin % seed.len()], *begin));
        blocks.insert(0, first);
        let jump = blocks.windows(2).find(|pair| pair[0].1 != pair[1].0);
        prop_assume!(long || jump.is_none_or(|pair| pair[1].0 < pair[0].1));

        let permuted: Vec<_> = blocks.iter().flat_map(|(begin, end)| &stream[*begin..*end]).collect();
        let events: Vec<_> = permuted.iter().map(|(at, text, _)| (*at, text.clone())).collect();
        let (lines, summaries) = documents(KEY, &events);
        for (line, (_, text, truth)) in lines.iter().zip(&permuted) {
            let id = &line["faas"]["invocation_id"];
            prop_assert!(id.is_null() || Some(id) == truth.map(|number| json!(request(number))).as_ref(), "{}", text);
            let cold = &line["faas"]["coldstart"];
            prop_assert!(cold.is_null() || cold == &json!(*truth == Some(0)), "{} {}", text, cold);
        }
        for (id, summary) in &summaries {
            let number = (0..invocations.len()).find(|number| request(*number) == *id);
            prop_assert!(number.is_some());
            let cold = &summary["faas"]["coldstart"];
            prop_assert!(cold.is_null() || cold == &json!(number == Some(0)), "{}", id);
        }
        prop_assert_eq!(summaries.len(), invocations.len());
    }
}
