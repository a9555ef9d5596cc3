//! Compressed envelopes inside of a file, above all in Firehose's reports; and what is no text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::decode::tests::containers::{envelope, read, texts};
use crate::decode::tests::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A line as Firehose writes it under `processing-failed/`.
pub(crate) fn failed(raw: &[u8]) -> Value {
    json!({"attemptsMade": 4, "arrivalTimestamp": 1_795_773_600_000u64, "errorCode": "Lambda.FunctionError",
           "errorMessage": "The Lambda function returned an error result.", "attemptEndingTimestamp": 1_795_773_660_000u64,
           "rawData": STANDARD.encode(raw), "lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:tx:$LATEST"})
}

#[test]
fn records_that_firehose_could_not_process_are_read_from_its_report() {
    let packed = gzip(envelope(3, 4, 90).to_string().as_bytes());
    let twice = [
        &packed[..],
        b"\n",
        &gzip(envelope(4, 1, 0).to_string().as_bytes()),
        b"\n\0",
    ]
    .concat();
    let direct = read(&envelope(3, 4, 90).to_string());
    let long = gzip(envelope(5, 300, 3000).to_string().as_bytes());
    let input = format!(
        "{}\n{}\n{}\n",
        failed(&packed),
        failed(&twice),
        failed(&long)
    );
    let outcome = decode(
        "x.json",
        &DecodeOptions::default(),
        input.as_bytes(),
        &[1000],
    );
    assert_eq!(
        outcome,
        decode(
            "x.json",
            &DecodeOptions::default(),
            input.as_bytes(),
            &[usize::MAX]
        )
    );
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.events.len(), 4 + 5 + 300);
    assert_eq!(outcome.counters.firehose_failures, 3);
    // The same events as of the original, with the same ids.
    for (event, direct) in outcome.events.iter().zip(&direct.events) {
        assert_eq!(
            (&event.id, &event.origin, &event.text),
            (&direct.id, &direct.origin, &direct.text)
        );
    }
}

#[test]
fn a_raw_record_of_firehose_is_text() {
    let raw = b"{\"level\":\"INFO\"}\n{\"level\":\"WARN\"}\nplain text\n";
    for raw in [raw.to_vec(), gzip(raw)] {
        let input = format!("{}\n{}\n", failed(&raw), failed(&raw));
        let outcome = read(&input);
        let once = ["{\"level\":\"INFO\"}", "{\"level\":\"WARN\"}", "plain text"];
        assert_eq!(texts(&outcome), [once, once].concat());
    }
    // In any order of the keys, with the keys of other destinations, and before anything else is known.
    let long = STANDARD.encode("long text\n".repeat(20_000));
    let input = format!(
        "{{\"rawData\":\"{long}\",\"lastErrorCode\":\"X\",\"lastErrorMessage\":\"y\",\"attemptsMade\":1}}"
    );
    assert_eq!(read(&input).events.len(), 20_000);
    let binary = failed(&[0; 40]).to_string();
    assert!(
        read(&binary)
            .error
            .unwrap()
            .reason
            .starts_with("looks binary")
    );
}

#[test]
fn reports_of_any_destination_are_read() {
    let raw = STANDARD.encode(gzip(envelope(0, 2, 0).to_string().as_bytes()));
    let unpadded = raw.trim_end_matches('=');
    for report in [
        json!({"attemptsMade": 1, "arrivalTimestamp": 1, "errorCode": "x", "errorMessage": "y",
               "attemptEndingTimestamp": 2, "rawData": raw, "EventId": "4957.0"}),
        json!({"attemptsMade": 1, "arrivalTimestamp": 1, "rawData": raw, "subsequenceNumber": 0, "dataId": "4960.0"}),
        json!({"arrivalTimestamp": 1, "ErrorCode": "x", "ErrorMessage": "y", "rawData": unpadded, "aNewKey": [1]}),
        json!({"aNewKey": {}, "rawData": raw, "attemptEndingTimestamp": "2"}),
    ] {
        let outcome = read(&format!("{report}\n"));
        assert_eq!(texts(&outcome), ["event 0 0 ", "event 0 1 "]);
        assert_eq!(outcome.counters.firehose_failures, 1);
    }
}

#[test]
fn a_corrupt_record_does_not_condemn_those_behind_it() {
    let good = failed(b"good");
    let packed = gzip(envelope(0, 2, 0).to_string().as_bytes());
    for (corrupt, named) in [
        (failed(&packed[..packed.len() - 9]), "cut off"),
        (failed(&[0; 40]), "looks binary"),
        (failed(&gzip(&[0; 40])), "looks binary"),
    ] {
        let input = format!("{good}\n{corrupt}\n{good}\n[{corrupt},{good}]");
        let outcome = read(&input);
        let good = outcome.events.iter().filter(|event| event.text == b"good");
        assert_eq!(good.count(), 3);
        assert_eq!(outcome.counters.firehose_failures, 5);
        let error = outcome.error.unwrap();
        assert!(error.reason.contains(named), "{error}");
        assert_eq!(error.offset as usize, good_len(&input));
        // Among the lines of a log it is one of them.
        let input = format!("text\n{corrupt}\ntext\n");
        let outcome = read(&input);
        let corrupt = corrupt.to_string();
        let is_kept = |event: &Got| event.text == corrupt.as_bytes();
        assert!(outcome.events.iter().any(is_kept));
        assert_eq!(outcome.events.last().unwrap().text, b"text");
        assert_eq!(outcome.error, None);
    }
}

fn good_len(input: &str) -> usize {
    input.find('\n').unwrap() + 1
}

#[test]
fn what_gzip_in_a_record_inflates_to_is_looked_at() {
    let packed = gzip(envelope(3, 2, 90).to_string().as_bytes());
    let expected = texts(&read(&envelope(3, 2, 90).to_string())).join("|");
    let twice = gzip(&packed);
    for raw in [&twice, &gzip(&twice)] {
        let outcome = read(&failed(raw).to_string());
        assert_eq!(texts(&outcome).join("|"), expected);
        let inside = json!({"awslogs": {"data": STANDARD.encode(raw)}});
        assert_eq!(texts(&read(&inside.to_string())).join("|"), expected);
    }
    let four = read(&failed(&gzip(&gzip(&twice))).to_string());
    assert_eq!(four.events, []);
    assert!(four.error.unwrap().reason.contains("gzip in gzip"));
}

#[test]
fn text_in_a_record_is_read_as_text() {
    let text = "2026-11-27T10:00:00Z INFO got {\"a\":1} here\nTraceback (most recent call last):\n  File x\nValueError: x\nnext";
    let expected = read(text);
    let expected = texts(&expected);
    for raw in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        assert_eq!(texts(&read(&failed(&raw).to_string())), expected);
    }
}

#[test]
fn a_record_or_an_envelope_that_is_too_long_is_named_and_not_cut() {
    let options = options(1024, None);
    let raw = STANDARD.encode("long text\n".repeat(20_000));
    let inputs = [
        failed("long text\n".repeat(20_000).as_bytes()).to_string(),
        format!("{{\"rawData\":\"{raw}\",\"attemptsMade\":1}}"),
        json!({"awslogs": {"data": format!("H4sI{raw}")}}).to_string(),
    ];
    for input in inputs {
        for before in ["", "text\n", "["] {
            let input = format!("{before}{input}");
            let outcome = decode("x", &options, input.as_bytes(), &[1000]);
            assert_eq!(
                outcome,
                decode("x", &options, input.as_bytes(), &[usize::MAX])
            );
            assert_eq!(outcome.events.len(), usize::from(before == "text\n"));
            let error = outcome.error.unwrap();
            assert!(error.reason.contains("raise --max-event-bytes"), "{error}");
            assert!(error.reason.contains("75776 bytes"), "{error}");
        }
    }
}

#[test]
fn what_is_inflated_inside_counts() {
    let packed = gzip(envelope(0, 2000, 1000).to_string().as_bytes());
    let inside = json!({"awslogs": {"data": STANDARD.encode(&packed)}}).to_string();
    let input = [inside.as_str(), failed(&packed).to_string().as_str()].concat();
    let read = |allowed: u64| {
        let mut decoder = Decoder::new("x", &DecodeOptions::default());
        decoder.allow_inflated(allowed);
        let mut rest = input.as_bytes();
        let mut events = 0;
        loop {
            loop {
                match decoder.next() {
                    Ok(Some(_)) => events += 1,
                    Ok(None) => break,
                    Err(error) => return (events, decoder.inflated(), Some(error.offset)),
                }
            }
            if decoder.is_finished() {
                return (events, decoder.inflated(), None);
            }
            let n = rest.len().min(1000);
            decoder.space()[..n].copy_from_slice(&rest[..n]);
            decoder.filled(n);
            rest = &rest[n..];
            if rest.is_empty() {
                decoder.finish();
            }
        }
    };
    let all = 2 * envelope(0, 2000, 1000).to_string().len() as u64;
    assert_eq!(read(all), (4000, all, None));
    let (events, inflated, offset) = read(all - 1);
    assert!(events < 4000 && inflated == all, "{events}, {inflated}");
    assert_eq!(offset, Some(inside.len() as u64));
    let (events, inflated, offset) = read(300_000);
    assert!(events < 300 && inflated < 600_000, "{events}, {inflated}");
    assert_eq!(offset, Some(0));
}

#[test]
fn binary_is_refused_before_anything_is_read() {
    let noise: Vec<u8> = (0u32..90_000)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for key in ["x.log", EXPORT_KEY] {
        let outcome = decode(key, &DecodeOptions::default(), &noise, &[1000]);
        assert_eq!(outcome.events, []);
        let error = outcome.error.expect("an error");
        assert!(error.reason.starts_with("looks binary: "), "{error}");
        assert_eq!(error.offset, 0);
    }
    // A function may have printed it: CloudWatch gave it a time.
    let event = [b"2026-11-23T10:00:00.123Z ", &noise[..50_000]].concat();
    let outcome = decode(EXPORT_KEY, &DecodeOptions::default(), &event, &[1000]);
    assert_eq!(outcome.error, None);
}
