//! Ids of whole objects: what an export is made again with must not be in them.

mod caps;

use crate::decode::{DecodeOptions, Decoder, Format, KeyInfo};
use crate::document::tests::*;
use crate::document::{ObjectEncoder, event_text};
use crate::invocation::{Architecture, Prices, Summary};
use std::collections::BTreeMap;

const LAMBDA: [&str; 5] = [
    "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
    "2026/11/23/orders[prod]0123456789abcdef0123456789abcdef",
    "2026/11/23/orders[$LATEST][0123456789abcdef0123456789abcdef]",
    "2026/11/23/[7]0123456789abcdef0123456789abcdef-123456789012-eu-central-1",
    "2026/11/23/[$LATEST.PUBLISHED]0123456789abcdef0123456789abcdef",
];
/// 2026-11-23T23:59:59.990Z: the day ends while the stream goes on.
const START: i64 = 1_795_478_399_990;

/// How an operator and an export task look at a stream.
#[derive(Debug, Clone)]
struct View {
    prefix: String,
    task: u128,
    /// The stream's slashes are kept in keys.
    slashes: bool,
    /// Two line breaks behind each event, as exports have them, or one.
    spaced: bool,
    /// Lines before which a file ends, if equal lines do not lie on both sides.
    cuts: Vec<usize>,
    max_event_bytes: usize,
    log_group: Option<&'static str>,
    format: Option<Format>,
    keep_original: bool,
    last_modified: Option<i64>,
}

/// With no flag set.
fn plain() -> View {
    View {
        prefix: String::new(),
        task: 1,
        slashes: false,
        spaced: true,
        cuts: Vec::new(),
        max_event_bytes: 1 << 20,
        log_group: None,
        format: None,
        keep_original: false,
        last_modified: None,
    }
}

/// What came of some objects: of each event's id its index and of each summary its parts.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    events: BTreeMap<String, String>,
    summaries: BTreeMap<(String, i32), Vec<Summary>>,
}

fn view() -> impl Strategy<Value = View> {
    let key = (
        prop::sample::select(vec![
            "exports",
            "a/b",
            "",
            "2020/01/01",
            "aws-lambda-orders",
        ]),
        any::<u128>(),
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(0usize..40, 0..4),
    );
    let flags = (
        prop_oneof![Just(1usize << 10), Just(1 << 20), 1024usize..5000],
        prop::option::of(prop::sample::select(vec!["{log_group}", "*/{function}"])),
        prop::option::of(Just(Format::Export)),
        any::<bool>(),
        prop::option::of(0..4_000_000_000_000_i64),
    );
    (key, flags).prop_map(
        |(
            (prefix, task, slashes, spaced, cuts),
            (max_event_bytes, log_group, format, keep_original, last_modified),
        )| View {
            prefix: prefix.to_owned(),
            task,
            slashes,
            spaced,
            cuts,
            max_event_bytes,
            log_group,
            format,
            keep_original,
            last_modified,
        },
    )
}

/// Lines of one stream's invocations in their order. Of each millisecond, equal ones stand side by side.
fn lines() -> impl Strategy<Value = Vec<(i64, String)>> {
    let texts = prop_oneof![
        4 => (0..3u32).prop_map(|n| format!("line {n}")),
        1 => Just(String::new()),
        1 => Just("{\"timestamp\":\"2026-11-20T00:00:00Z\",\"message\":\"x\"}".to_owned()),
        // Ends that a cap cuts off, be they held or dropped while more is read.
        2 => (1000..3000usize, 0..3u32).prop_map(|(n, end)| format!("{}{end}", "long ".repeat(n / 5))),
        1 => (70_000..140_000usize, 0..3u32).prop_map(|(n, end)| format!("{}{end}", "é\n".repeat(n / 3))),
    ];
    let end = prop::sample::select(vec!["", "", "\n", "\r\n\n"]);
    let body = prop::collection::vec((0..3i64, texts, end), 0..8);
    prop::collection::vec((0..3i64, body), 1..6).prop_map(|invocations| {
        let (mut at, mut lines) = (START, Vec::<(i64, String)>::new());
        for (n, (pause, body)) in invocations.into_iter().enumerate() {
            let id = format!("{n:08x}-1111-4222-8333-aaaaaaaaaaaa");
            at += pause;
            lines.push((at, format!("START RequestId: {id} Version: 7")));
            for (later, text, end) in body {
                at += later;
                let equal = |line: &(i64, String)| line.0 == at && printed_text(&line.1) == text;
                if lines.last().is_some_and(equal) || !lines.iter().any(equal) {
                    lines.push((at, text + end));
                }
            }
            lines.push((at, format!("END RequestId: {id}")));
        }
        lines
    })
}

/// A line without what no event has.
fn printed_text(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

/// Reads the lines of a window from as many files as the view has.
fn export(stream: &str, lines: &[(i64, String)], view: &View, outcome: &mut Outcome) {
    let mut files = vec![Vec::new()];
    for (n, (at, text)) in lines.iter().enumerate() {
        let equal =
            |other: &(i64, String)| other.0 == *at && printed_text(&other.1) == printed_text(text);
        if view.cuts.contains(&n) && !(n > 0 && equal(&lines[n - 1])) {
            files.push(Vec::new());
        }
        let at = jiff::Timestamp::from_millisecond(*at).unwrap();
        let end = if view.spaced { "\n\n" } else { "\n" };
        let file = files.last_mut().unwrap();
        file.extend_from_slice(format!("{at:.3} {text}{end}").as_bytes());
    }
    let task = format!("{:032x}", view.task);
    let task = [
        &task[..8],
        &task[8..12],
        &task[12..16],
        &task[16..20],
        &task[20..],
    ]
    .join("-");
    let stream = if view.slashes {
        stream.to_owned()
    } else {
        stream.replace('/', "-")
    };
    for (chunk, file) in files.iter().enumerate() {
        let key = format!("{}/{task}/{stream}/{chunk:06}.gz", view.prefix);
        read(key.trim_start_matches('/'), file, view, outcome);
    }
}

impl Outcome {
    fn add(&mut self, summary: Summary) {
        let place = (summary.id(), summary.index_day());
        self.summaries.entry(place).or_default().push(summary);
    }
}

fn read(key: &str, bytes: &[u8], view: &View, outcome: &mut Outcome) {
    let decode = DecodeOptions {
        format: view.format,
        max_event_bytes: view.max_event_bytes,
        log_groups: (view.log_group.iter())
            .map(|pattern| pattern.parse().unwrap())
            .collect(),
        ..DecodeOptions::default()
    };
    let object = ObjectInfo {
        bucket: "b".into(),
        key: key.to_owned(),
        etag: Some(format!("{:032x}", view.task)),
        last_modified: view.last_modified,
        id_scope: KeyInfo::read(key, &decode.log_groups).prefix,
    };
    let document = DocumentOptions {
        keep_original: view.keep_original,
        ..options()
    };
    let mut decoder = Decoder::new(key, &decode);
    let prices = Prices::builtin(Architecture::X86);
    let mut encoder = ObjectEncoder::new(&object, &document, &prices);
    let (mut rest, mut out) = (bytes, Vec::new());
    loop {
        while let Some(event) = decoder.next().unwrap() {
            out.clear();
            let text = event_text(&event);
            let document = encoder.encode(&event, &text, &mut out).document;
            let document = document.expect("every line is a document");
            let action = one_line(&out[document.start..document.source]);
            let id = action["create"]["_id"].as_str().unwrap();
            let index = action["create"]["_index"].as_str().unwrap();
            let before = (outcome.events).insert(id.to_owned(), index.to_owned());
            assert!(before.is_none_or(|before| before == index), "two indices");
            while let Some(closed) = encoder.next_closed(&mut out) {
                outcome.add(closed.summary);
            }
        }
        if decoder.is_finished() {
            break;
        }
        let space = decoder.space();
        let n = rest.len().min(space.len());
        space[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        match n {
            0 => decoder.finish(),
            n => decoder.filled(n),
        }
    }
    while let Some(closed) = encoder.next_at_end(&mut out) {
        outcome.add(closed.summary);
    }
}

/// Counts of lines and bytes of each summary, all parts merged.
fn counts(outcome: &Outcome) -> BTreeMap<&(String, i32), (Value, Value)> {
    let prices = Prices::builtin(Architecture::X86);
    let merged = outcome.summaries.iter().map(|(place, parts)| {
        let mut whole = parts[0].clone();
        parts.iter().for_each(|part| whole.merge(part));
        let document: Value = serde_json::from_slice(&whole.write(&prices)).unwrap();
        let invocation = &document["invocation"];
        let counts = (
            invocation["log_count"].clone(),
            invocation["log_bytes"].clone(),
        );
        (place, counts)
    });
    merged.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Windows are of times, as CloudWatch has them: equal lines of one millisecond lie in the same.
    #[test]
    fn an_export_made_again_ends_in_the_same_documents(
        stream in prop::sample::select(LAMBDA.to_vec()),
        lines in lines(),
        first in view(),
        again in prop::collection::vec((view(), 0..100i64, 0..100i64), 1..4),
    ) {
        let mut once = Outcome::default();
        export(stream, &lines, &first, &mut once);
        prop_assert_eq!(once.events.len(), lines.len(), "an event has no id of its own");
        let expected = once.events.clone();
        let mut found = once;
        for (view, from, length) in &again {
            let window = START + from..START + from + length;
            let of_window: Vec<_> = lines.iter().filter(|line| window.contains(&line.0)).cloned().collect();
            export(stream, &of_window, view, &mut found);
        }
        prop_assert_eq!(&found.events, &expected);
        let whole = View { cuts: Vec::new(), ..first };
        let mut alone = Outcome::default();
        export(stream, &lines, &whole, &mut alone);
        // A file may begin behind the START that shows whose its lines are: of a summary such parts are less than it,
        // but none is counted twice.
        export(stream, &lines, &whole, &mut found);
        prop_assert_eq!(counts(&found), counts(&alone));
    }

    #[test]
    fn other_streams_are_told_apart_by_their_prefix_and_by_nothing_else(
        lines in lines(),
        first in view(),
        again in view(),
    ) {
        let ids = |view: &View| {
            let mut outcome = Outcome::default();
            export("web-1", &lines, view, &mut outcome);
            outcome.events
        };
        let once = ids(&first);
        let same_prefix = View { prefix: first.prefix.clone(), ..again.clone() };
        prop_assert_eq!(&once, &ids(&same_prefix));
        let elsewhere = ids(&View { prefix: format!("{}/other", first.prefix), ..again });
        prop_assert!(once.keys().all(|id| !elsewhere.contains_key(id)));
    }

    /// The same bytes under the same key, with the same etag: only when they were stored, and what an operator chooses,
    /// is other.
    #[test]
    fn an_object_stored_again_ends_in_the_same_documents(
        key in prop::sample::select(vec!["app.log", "f/2026/11/27/13/x", "x/2026-11-23-[7]072b.log"]),
        lines in prop::collection::vec(prop::sample::select(vec![
            "plain", "2026-11-22T10:00:00.000Z\t8a3c5f10-1111-4222-8333-aaaaaaaaaaaa\tINFO\tx",
            "START RequestId: 8a3c5f10-1111-4222-8333-aaaaaaaaaaaa Version: 7", "{\"timestamp\":\"2026-11-21T00:00:00Z\"}",
            "{\"timestamp\":\"2126-11-21T00:00:00Z\"}", "END RequestId: 8a3c5f10-1111-4222-8333-aaaaaaaaaaaa",
        ]), 1..12),
        first in view(),
        again in view(),
    ) {
        let outcome = |view: &View| {
            let mut outcome = Outcome::default();
            read(key, lines.join("\n").as_bytes(), &View { task: 7, format: None, ..view.clone() }, &mut outcome);
            outcome
        };
        prop_assert_eq!(outcome(&first), outcome(&again));
    }
}

#[test]
fn a_copy_under_its_streams_name_has_the_ids_of_the_export() {
    let text = "2026-11-23T10:00:00.000Z one\n\n2026-11-23T10:00:00.001Z two\n\n";
    let stream = LAMBDA[0];
    let exported = stream.replace('/', "-");
    let view = plain();
    let ids = |key: &str| {
        let mut outcome = Outcome::default();
        read(key, text.as_bytes(), &view, &mut outcome);
        outcome.events
    };
    let task = "248945c1-c71f-430b-ab6b-fd7c9a249ef9";
    let expected = ids(&format!("exports/{task}/{exported}/000000.gz"));
    for key in [
        format!("{task}/{exported}/000003.gz"),
        format!("copy/{exported}/000000"),
        format!("copy/{stream}/000000.gz"),
        format!("copy/{stream}.log"),
        format!("{exported}.txt.gz"),
        format!("x/{}.gz", exported.replace('[', "%5B").replace(']', "%5D")),
    ] {
        assert_eq!(ids(&key), expected, "{key}");
    }
    assert_ne!(ids("copy/app.log"), expected);
    assert_ne!(ids("copy/app.log"), ids("copy/app2.log"));
}

#[test]
fn a_pattern_does_not_enter_the_ids_of_a_subscription() {
    let with_pattern = View {
        log_group: Some("{account}/{log_group}"),
        ..plain()
    };
    let key = "123456789012/aws-lambda-f/248945c1-c71f-430b-ab6b-fd7c9a249ef9/s/000000.gz";
    for header in [
        r#""owner":"123456789012","logGroup":"/aws/lambda/f","logStream":"s","#,
        r#""logStream":"s","#,
        "",
    ] {
        let text = format!(
            r#"{{"messageType":"DATA_MESSAGE",{header}"logEvents":[{{"id":"1","timestamp":1,"message":"a"}},{{"id":"2","message":"b"}}]}}"#
        );
        let ids = |view: &View| {
            let mut outcome = Outcome::default();
            read(key, text.as_bytes(), view, &mut outcome);
            outcome.events
        };
        assert_eq!(ids(&plain()).len(), 2);
        assert_eq!(ids(&plain()), ids(&with_pattern), "{header}");
    }
}

#[test]
fn events_without_ids_in_one_awslogs_are_told_apart_by_their_place_in_it() {
    let envelope = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{"timestamp":1,"message":"a"},{"timestamp":1,"message":"a"}]}"#;
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, envelope);
    let text = format!(r#"{{"awslogs":{{"data":"{data}"}}}}"#);
    let ids = |key: &str, texts: usize| {
        let mut outcome = Outcome::default();
        read(key, text.repeat(texts).as_bytes(), &plain(), &mut outcome);
        outcome.events
    };
    let once = ids("a.json", 1);
    assert_eq!((once.len(), ids("a.json", 2).len()), (2, 4));
    assert!(once.keys().all(|id| ids("a.json", 2).contains_key(id)));
    assert!(once.keys().all(|id| !ids("b.json", 1).contains_key(id)));
}

#[test]
fn a_pattern_does_not_enter_the_ids_of_listed_events() {
    let with_pattern = View {
        log_group: Some("{account}/{log_group}"),
        ..plain()
    };
    let key = "123456789012/aws-lambda-f/248945c1-c71f-430b-ab6b-fd7c9a249ef9/s/000000.gz";
    let event = |n: u32, stream: &str| {
        format!(r#"{{{stream}"timestamp":{n},"message":"m{n}","eventId":"{n:056}"}}"#)
    };
    let own = r#""logStreamName":"own","#;
    let envelope = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1,"message":"a"}]}"#;
    let ids = |view: &View, text: &str| {
        let mut outcome = Outcome::default();
        read(key, text.as_bytes(), view, &mut outcome);
        outcome.events
    };
    let (first, second) = (event(1, own), event(2, ""));
    let alone = ids(&plain(), &format!("[{first},{second}]"));
    assert_eq!(alone.len(), 2);
    for text in [
        format!("[{first},{second}]"),
        format!(r#"[{{"a":1}},{first},{second}]"#),
        format!("[{envelope},{first},{second}]"),
    ] {
        let without = ids(&plain(), &text);
        assert_eq!(without, ids(&with_pattern, &text), "{text}");
        assert!(alone.keys().all(|id| without.contains_key(id)), "{text}");
    }
}
