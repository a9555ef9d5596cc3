use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::decode::tests::*;

#[derive(Debug, Clone)]
struct Envelope {
    stream: String,
    events: Vec<(String, i64, String)>,
    control: bool,
    /// Rotates the order of the members.
    rotate: usize,
    style: u8,
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let message = prop_oneof![
        ".{0,40}",
        "[\"\\\\{}\\[\\],:\n\r\u{1}é🚢a]{0,30}",
        Just("x".repeat(3000))
    ];
    let event = ("[0-9]{1,6}", 0..2_000_000_000_000i64, message);
    (
        "[a-z/\\[\\]$\"]{1,8}",
        prop::collection::vec(event, 0..6),
        prop::bool::weighted(0.15),
        0usize..5,
        0u8..4,
    )
        .prop_map(|(stream, events, control, rotate, style)| Envelope {
            stream,
            events,
            control,
            rotate,
            style,
        })
}

impl Envelope {
    fn bytes(&self) -> Vec<u8> {
        let event = |(id, time, message): &(String, i64, String)| json!({"id": id, "timestamp": time, "message": message});
        let kind = if self.control {
            "CONTROL_MESSAGE"
        } else {
            "DATA_MESSAGE"
        };
        let mut members = [
            ("messageType", json!(kind)),
            ("owner", json!("123456789012")),
            ("logGroup", json!("/aws/lambda/x")),
            ("logStream", json!(self.stream)),
            ("logEvents", self.events.iter().map(event).collect()),
        ];
        members.rotate_left(self.rotate);
        let text = members.iter().map(|(key, value)| match self.style {
            0 => format!(
                "\n  \"{key}\" : {}",
                serde_json::to_string_pretty(value).unwrap()
            ),
            _ => format!("\"{key}\":{value}"),
        });
        let text = format!("{{{}}}", text.collect::<Vec<_>>().join(","));
        match self.style {
            1 => format!("{text}\n").into_bytes(),
            2 => wrapped(text.as_bytes()),
            _ => text.into_bytes(),
        }
    }
}

fn wrapped(text: &[u8]) -> Vec<u8> {
    let mut gzip = Compress::new_gzip(Compression::fast(), 15);
    let mut out = Vec::with_capacity(text.len() + 1000);
    gzip.compress_vec(text, &mut out, FlushCompress::Finish)
        .unwrap();
    let mut map = Map::new();
    map.insert("data".into(), Value::String(STANDARD.encode(out)));
    serde_json::to_vec(&json!({"awslogs": map})).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn envelopes_come_back(envelopes in prop::collection::vec(envelope(), 0..5), chunks in prop::collection::vec(1usize..200, 1..4)) {
        let input = envelopes.iter().map(Envelope::bytes).collect::<Vec<_>>().concat();
        let options = options(1 << 20, Some(Format::Subscription));
        let outcome = decode_after(1, "x", &options, &input, &chunks);
        prop_assert_eq!(&outcome.error, &None);
        let expected = envelopes.iter().filter(|envelope| !envelope.control).flat_map(|envelope| {
            let stream = envelope.stream.as_str();
            envelope.events.iter().map(move |(id, time, message)| (stream, id.as_str(), *time, message.trim_end_matches(['\n', '\r'])))
        });
        let got = outcome.events.iter().map(|event| {
            (event.origin.log_stream.as_deref().unwrap(), event.id.as_deref().unwrap(), event.time.unwrap(), std::str::from_utf8(&event.text).unwrap())
        });
        prop_assert_eq!(got.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        prop_assert_eq!(outcome.counters.control_messages as usize, envelopes.iter().filter(|envelope| envelope.control).count());
        if !envelopes.is_empty() {
            let sniffed = decode("x", &DecodeOptions::default(), &input, &chunks);
            prop_assert_eq!(sniffed, outcome);
        }
    }

    #[test]
    fn broken_files_give_what_came_before(envelopes in prop::collection::vec(envelope(), 1..4), at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..3), chunk in 1usize..200) {
        let plain = |envelope: &Envelope| Envelope { rotate: 0, style: envelope.style % 2, ..envelope.clone() };
        let mut input = envelopes.iter().map(|envelope| plain(envelope).bytes()).collect::<Vec<_>>().concat();
        let options = options(1000, Some(Format::Subscription));
        let whole = decode("x", &options, &input, &[usize::MAX]);
        let at = at.index(input.len());
        input.splice(at..(at + 1).min(input.len()), put);
        let broken = decode("x", &options, &input, &[usize::MAX]);
        prop_assert_eq!(&decode_after(1, "x", &options, &input, &[chunk]), &broken);
        let before = whole.events.windows(2).take_while(|pair| pair[1].offset as usize <= at).count();
        prop_assert_eq!(whole.events.get(..before), broken.events.get(..before));
    }
}

#[test]
fn an_endless_message_is_cut_and_the_next_one_read() {
    let max = 2000;
    for (unit, unescaped) in [
        ("x", "x"),
        ("\\u0001", "\u{1}"),
        ("\\\\", "\\"),
        ("\\\"", "\""),
    ] {
        let long = unit.repeat(240_000 / unit.len());
        for order in ["id first", "message first"] {
            let long_event = if order == "id first" {
                format!("{{\"id\":\"1\",\"timestamp\":5,\"message\":\"{long}\"}}")
            } else {
                format!("{{\"message\":\"{long}\",\"timestamp\":5,\"id\":\"1\"}}")
            };
            let input = format!(
                "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"s\",\"logEvents\":[{long_event},{{\"id\":\"2\",\"timestamp\":6,\"message\":\"b\"}}]}}"
            );
            let options = options(max, None);
            let outcome = decode("x", &options, input.as_bytes(), &[50_001, 64 * 1024, 70]);
            assert_eq!(
                outcome,
                decode("x", &options, input.as_bytes(), &[usize::MAX])
            );
            assert_eq!(outcome.error, None);
            let [long_event, next] = &outcome.events[..] else {
                panic!("{} events", outcome.events.len());
            };
            assert_eq!(long_event.text, unescaped.repeat(max).as_bytes());
            assert_eq!(long_event.truncated, (long.len() - unit.len() * max) as u64);
            assert_eq!(
                (long_event.time, long_event.id.as_deref()),
                (Some(5), Some("1"))
            );
            assert_eq!(
                (next.text.as_slice(), next.id.as_deref()),
                (b"b".as_slice(), Some("2"))
            );
            assert_eq!(
                &input.as_bytes()[next.offset as usize..][..9],
                b"{\"id\":\"2\""
            );
        }
    }
}

#[test]
fn local_copies_of_web_functions_can_be_skipped() {
    let envelope = |group: &str| {
        let events = [1, 2].map(|n| json!({"id": n.to_string(), "timestamp": n, "message": group}));
        json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group,
            "logStream": "s", "subscriptionFilters": [], "logEvents": events})
        .to_string()
    };
    let groups = [
        "/aws/lambda/web/my-site",
        "/aws/lambda/web/my-site.local",
        "/aws/lambda/my-site",
        "/my/web/my-site.local",
    ];
    let all: String = groups.map(envelope).concat();
    let nested = wrapped(envelope(groups[1]).as_bytes());
    let array = format!("[{}]", groups.map(envelope).join(","));
    for (input, kept, skipped) in [
        (all.as_bytes(), 6, 2),
        (&nested, 0, 2),
        (array.as_bytes(), 6, 2),
        (envelope(groups[1]).as_bytes(), 0, 2),
    ] {
        for skip_local_copies in [true, false] {
            let options = DecodeOptions {
                skip_local_copies,
                ..DecodeOptions::default()
            };
            for sizes in [&[usize::MAX][..], &[7]] {
                let outcome = decode("x", &options, input, sizes);
                assert_eq!(outcome.error, None);
                let local = outcome.events.iter().filter(|event| {
                    let group = event.origin.log_group.as_deref();
                    group == Some(groups[1])
                });
                let expected = match skip_local_copies {
                    true => (kept, 0, skipped),
                    false => (kept + skipped, skipped, 0),
                };
                assert_eq!(
                    (
                        outcome.events.len(),
                        local.count(),
                        outcome.counters.local_copies as usize
                    ),
                    expected
                );
            }
        }
    }
}
