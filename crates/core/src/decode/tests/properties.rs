use std::sync::LazyLock;

use proptest::prelude::*;
use regex::bytes::Regex;
use xxhash_rust::xxh3::xxh3_128;

use crate::decode::tests::*;

/// Pieces of which files of all kinds can come about.
const PIECES: [&str; 60] = [
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "a",
    "é",
    "🚢",
    "\u{feff}",
    "\0",
    "2026-11-23T10:00:00.123Z ",
    "2026-11-23T10:00:00.124Z ",
    "2026-11-23T10:00:00.1",
    "2026-13-23T10:00:00.123Z ",
    "\n2026-11-23T10:00:00.125Z START RequestId: x Version: 1\n",
    "2026-11-23T10:00:00.123000+00:00 2026/11/23/fn[$LATEST]6e67 ",
    "2026/11/23/[7]aa 2026-11-23T10:00:00.123000 ",
    "\x1b[36m2026/11/23/[7]aa\x1b[0m \x1b[33m2026-11-23T10:00:00.123000\x1b[0m ",
    "2026-11-23T10:00:00 ",
    "2026-11-23T10:00:00.123+01:00\t",
    "\n2026-11-23T10:00:00.124+01:00\tEND RequestId: x\n",
    "1727361706336,\"",
    "\n1727361706337,a\n",
    "\"\"",
    "START RequestId: x Version: 1\n",
    "REPORT RequestId: x\n",
    "Duration: 1 ms\n",
    "XRAY TraceId: 1\n",
    "Traceback (most recent call last):\n",
    "[ERROR] x\n",
    "java.lang.Error: x\n",
    "Caused by: x\n",
    "panic: x\n",
    "goroutine 1\n",
    "Unknown application error occurred\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "{\"a\":1}",
    "{\n\"a\": [\n{}]\n}\n",
    "{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"s\",\"logEvents\":[",
    "{\"id\":\"1\",\"timestamp\":5,\"message\":\"",
    "[{\"a\":",
    ",",
    "{\"events\":[",
    "{\"timestamp\":5,\"ingestionTime\":6,\"message\":\"",
    "{\"searchedLogStreams\":[],\"events\":[",
    "{\"attemptsMade\":4,\"rawData\":\"aGVsbG8=\"}\n",
    "[\"a\",[",
    "{\"awslogs\":{\"data\":\"H4sIAAAA\"}}\n",
    "{\"awslogs\":{\"data\":\"eyJhIjoxfQ==\"}}\n",
    "{\"logEvents\":[",
    "{\"events\":[],\"nextToken\":null}\n",
    "\\u00e9\\n",
    "\"},",
    "\"}]}",
];

/// A file of `pieces` (or raw bytes), each up to `repeats` times.
fn file(pieces: usize, repeats: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => (0..PIECES.len()).prop_map(|i| PIECES[i].as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    let repeated =
        (piece, prop_oneof![4 => Just(1), 1 => 1..=repeats]).prop_map(|(piece, n)| piece.repeat(n));
    prop::collection::vec(repeated, 0..pieces).prop_map(|pieces| pieces.concat())
}

fn format() -> impl Strategy<Value = Option<Format>> {
    let forced = (0..Format::NAMES.len()).prop_map(|i| Some(Format::NAMES[i].0));
    prop_oneof![Just(None), forced]
}

fn key() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(EXPORT_KEY), Just("app.log")]
}

fn is_break(b: &u8) -> bool {
    matches!(b, b'\n' | b'\r')
}

/// Checks that the events are the input, put together again: between one event's offset and the next there is nothing
/// but its prefix, its text, what was cut off, and blanks.
fn assert_nothing_lost(input: &[u8], outcome: &Outcome) -> Result<(), TestCaseError> {
    let format = outcome.format;
    let ends = outcome.events.iter().skip(1).map(|event| event.offset);
    let ends = ends.chain([input.len() as u64]);
    let first = outcome
        .events
        .first()
        .map_or(input.len() as u64, |event| event.offset);
    let before = &input[..first as usize];
    let before = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    prop_assert!(
        before.trim_ascii().is_empty(),
        "lost at the start: {before:?}"
    );
    for (event, end) in outcome.events.iter().zip(ends) {
        prop_assert!(event.offset < end, "offsets do not grow");
        let raw = &input[event.offset as usize..end as usize];
        let prefix = match (format, event.time) {
            (Some(Format::Export), Some(_)) => 25,
            (Some(Format::Tail), Some(_)) => tail_prefix(raw, event)?,
            _ => 0,
        };
        let rest = raw[prefix..].strip_prefix(&event.text[..]);
        let Some(rest) = rest.and_then(|rest| rest.get(event.truncated as usize..)) else {
            return Err(TestCaseError::fail(format!("changed: {event:?} {raw:?}")));
        };
        prop_assert_eq!(
            event.whole.is_some(),
            event.by_content && event.truncated > 0
        );
        if let Some(hash) = event.whole {
            let whole = &raw[prefix..raw.len() - rest.len()];
            prop_assert_eq!(hash, xxh3_128(whole));
        }
        let blank = match format {
            Some(Format::JsonLines | Format::Text) => rest.trim_ascii().is_empty(),
            _ => rest.iter().all(is_break),
        };
        prop_assert!(blank, "lost behind an event: {rest:?}");
    }
    Ok(())
}

/// The forms of a prefix. A time alone before what could be a stream is the console's.
static TAIL_PREFIXES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    let colour = r"(?:\x1b\[[0-9;]*m)*";
    let iso = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?";
    let stream = r"\d{4}/\d\d/\d\d/[\w.-]*\[(?:\$LATEST|\d+)\][\w.-]+";
    let blank = format!("{colour} {colour}");
    [
        format!("{iso}{blank}{stream}"),
        format!("{stream}{blank}{iso}"),
        iso.to_owned(),
    ]
    .map(|form| {
        let pattern = format!(r"^{colour}(?-u:{form}){colour}(?:[ \t]|\r?\n|\r?$)");
        Regex::new(&pattern).unwrap()
    })
});

/// Length of a prefix, by regular expressions.
fn tail_prefix(raw: &[u8], event: &Got) -> Result<usize, TestCaseError> {
    let lengths = TAIL_PREFIXES.iter().filter_map(|form| {
        let found = form.find(raw)?.as_bytes();
        let blank = found.ends_with(b" ") || found.ends_with(b"\t");
        Some(found.trim_ascii_end().len() + usize::from(blank))
    });
    let fits = |len: &usize| {
        let rest = raw[*len..].strip_prefix(&event.text[..]);
        rest.is_some_and(|rest| rest.len() as u64 >= event.truncated)
    };
    let mut lengths = lengths.filter(fits);
    lengths
        .next()
        .ok_or_else(|| TestCaseError::fail(format!("no prefix: {event:?} {raw:?}")))
}

fn check(
    window: usize,
    input: &[u8],
    key: &str,
    options: &DecodeOptions,
    chunks: &[usize],
) -> Result<(), TestCaseError> {
    let whole = decode_after(window, key, options, input, &[usize::MAX]);
    let pieces = decode_after(window, key, options, input, chunks);
    prop_assert_eq!(&whole, &pieces);
    prop_assert_eq!(whole.counters.events as usize, whole.events.len());
    for event in &whole.events {
        prop_assert!(event.text.len() <= options.max_event_bytes);
        prop_assert_eq!(
            event.truncated == 0 && event.text.last().is_some_and(is_break),
            false
        );
    }
    if let (Some(error), false) = (&whole.error, whole.container) {
        let refused = ["looks binary", "a JSON list of more than"];
        prop_assert!(
            refused
                .iter()
                .any(|reason| error.reason.starts_with(reason)),
            "{error}"
        );
    } else if !whole.container {
        assert_nothing_lost(input, &whole)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn small_files(window in 1usize..150, input in file(24, 6), key in key(), format in format(), max in 1usize..80, chunks in prop::collection::vec(1usize..40, 1..4)) {
        check(window, &input, key, &options(max, format), &chunks)?;
    }

    #[test]
    fn any_bytes(window in 1usize..150, input in prop::collection::vec(any::<u8>(), 0..200), format in format(), max in 0usize..80, chunk in 1usize..40) {
        check(window, &input, "app.log", &options(max, format), &[chunk])?;
    }

    #[test]
    fn an_export_is_what_a_regular_expression_says(input in file(30, 3)) {
        let start = Regex::new(r"(?m-u)^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z ").unwrap();
        let mut input = input.as_slice();
        while let Some(rest) = input.strip_prefix(BYTE_ORDER_MARK) {
            input = rest;
        }
        let mut starts: Vec<usize> = start.find_iter(input).map(|found| found.start()).collect();
        let timed = starts.len();
        if starts.first() != Some(&0) && !input[..starts.first().copied().unwrap_or(input.len())].iter().all(is_break) {
            starts.insert(0, 0);
        }
        let outcome = decode("app.log", &options(1 << 20, Some(Format::Export)), input, &[usize::MAX]);
        if let Some(error) = &outcome.error {
            // Mostly control characters: no export.
            prop_assert!(error.reason.starts_with("looks binary"), "{error}");
            return Ok(());
        }
        let offsets: Vec<usize> = outcome.events.iter().map(|event| event.offset as usize).collect();
        prop_assert_eq!(&offsets, &starts);
        prop_assert_eq!(outcome.events.iter().filter(|event| event.time.is_some()).count(), timed);
        for event in outcome.events.iter().filter(|event| event.time.is_some()) {
            let at = event.offset as usize;
            let text = std::str::from_utf8(&input[at..at + 24]).unwrap();
            prop_assert_eq!(event.time, Some(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn large_files(window in 1usize..70_000, input in file(12, 30_000), key in key(), format in format(), max in prop_oneof![1usize..80, 50_000usize..300_000], chunks in prop::collection::vec(1000usize..70_000, 1..4)) {
        check(window, &input, key, &options(max, format), &chunks)?;
    }
}

/// Line breaks that only the event's end shows to be its last ones.
#[test]
fn breaks_around_a_cut() {
    let many = 150_000;
    for (format, prefix) in [
        (Format::Export, "2026-11-23T10:00:00.123Z "),
        (Format::Text, ""),
        (Format::Tail, "2026/11/23/[7]aa 2026-11-23T10:00:00.123000 "),
        (Format::Tail, "1727361706336,\""),
    ] {
        let blank = "\n".repeat(many);
        for (text, truncated) in [
            (format!("ab{blank}"), 0),
            (format!("ab{blank} c\n"), many + 2),
            (format!("ab{blank} c{blank}"), many + 2),
            (
                format!("ab{} c{}", " x\n".repeat(many), "\r\n".repeat(many)),
                3 * many + 2,
            ),
        ] {
            let input = format!("{prefix}{text}");
            for chunk in [usize::MAX, 50_001] {
                let outcome = decode(
                    EXPORT_KEY,
                    &options(2, Some(format)),
                    input.as_bytes(),
                    &[chunk],
                );
                let event = &outcome.events[0];
                assert_eq!(
                    (&event.text[..], event.truncated),
                    (&b"ab"[..], truncated as u64),
                    "{format}"
                );
            }
        }
    }
}

#[test]
fn memory_stays_bounded() {
    let max = 10_000;
    let json = format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"s\",\"logEvents\":[{{\"id\":\"1\",\"message\":\"{}",
        "x\\n".repeat(200_000)
    );
    let export = format!("2026-11-23T10:00:00.123Z {}", "x\n".repeat(200_000));
    let pretty = format!("{{\n{}", " \"a\": 1,\n".repeat(50_000));
    let csv = format!("1727361706336,\"{}", "x\"\"\n".repeat(100_000));
    for (input, format) in [
        (&json, Format::Subscription),
        (&export, Format::Export),
        (&export, Format::Text),
        (&pretty, Format::JsonLines),
        (&pretty, Format::Tail),
        (&csv, Format::Tail),
        (&pretty, Format::Subscription),
    ] {
        let mut decoder = Decoder::new("x", &options(max, Some(format)));
        let mut most = 0;
        for chunk in input.as_bytes().chunks(64 * 1024) {
            while let Ok(Some(_)) = decoder.next() {}
            decoder.space()[..chunk.len()].copy_from_slice(chunk);
            decoder.filled(chunk.len());
            most = most.max(decoder.buffer.data().len());
        }
        assert!(
            most < 6 * max + 5 * ROOM,
            "{format}: {most} bytes were held"
        );
    }
}
