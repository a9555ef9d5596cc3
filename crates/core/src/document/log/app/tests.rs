use crate::document::log::app::*;
use crate::json::plain::MAX_DEPTH;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;

fn write(text: &str) -> (String, Vec<&'static str>) {
    let mut out = b"kept".to_vec();
    let flags = AppWriter::default().write(&mut out, text);
    let out = String::from_utf8(out).unwrap();
    (out["kept".len()..].to_owned(), flags.names().collect())
}

fn rewritten(text: &str) -> Option<(String, Flags)> {
    let mut out = Vec::new();
    let mut flags = Flags::default();
    rewrite::rewrite(&mut out, text, &mut flags)?;
    Some((String::from_utf8(out).unwrap(), flags))
}

#[test]
fn plain_objects_are_embedded_unchanged() {
    let text = r#"{ "b": 1.50, "a":[1e400,-0,"é\u00e9\ud83d\ude00\n", null,true,false,{},[ ]],"":{"b":{"a":"{\"b\":"}} }"#;
    assert_eq!(write(text), (text.to_owned(), vec![]));
    assert_eq!(write("{}"), ("{}".to_owned(), vec![]));
}

#[test]
fn line_breaks_between_tokens_become_blanks() {
    assert_eq!(
        write("{\r\n  \"a\" :\n[1,\n\"\\n\"]\n}\n"),
        ("{    \"a\" : [1, \"\\n\"] } ".to_owned(), vec![])
    );
}

#[test]
fn later_duplicate_keys_are_numbered() {
    let cases = [
        (
            r#"{"a":1,"a":2,"b":{"a":3},"a":4}"#,
            r#"{"a":1,"a (2)":2,"b":{"a":3},"a (3)":4}"#,
        ),
        (r#"{"a":1,"\u0061":2}"#, r#"{"a":1,"a (2)":2}"#),
        (
            r#"{"a (2)":1,"a":2,"a":3}"#,
            r#"{"a (2)":1,"a":2,"a (3)":3}"#,
        ),
        (r#"[{"a":1}]"#, ""),
        (
            r#"{"x":[{"a":1,"a":{}},{"a":1}]}"#,
            r#"{"x":[{"a":1,"a (2)":{}},{"a":1}]}"#,
        ),
    ];
    for (text, expected) in cases {
        let flag = if expected.is_empty() {
            "app_invalid"
        } else {
            "app_duplicate_keys"
        };
        assert_eq!(write(text), (expected.to_owned(), vec![flag]), "{text}");
    }
    let many: Vec<String> = (0..200).map(|number| format!("\"k{number}\":0")).collect();
    let unique = format!("{{{}}}", many.join(","));
    assert_eq!(write(&unique), (unique.clone(), vec![]));
    let (repaired, flags) = write(&format!("{{{},\"k0\":1}}", many.join(",")));
    assert_eq!(flags, ["app_duplicate_keys"]);
    assert!(repaired.ends_with(",\"k0 (2)\":1}"));
}

#[test]
fn an_escape_in_a_key_sets_no_flag() {
    let (written, flags) = write(r#"{"a\"b":1,"c":"\/"}"#);
    assert_eq!(
        (written.as_str(), flags.len()),
        (r#"{"a\"b":1,"c":"/"}"#, 0)
    );
}

#[test]
fn parts_nested_too_deep_become_strings() {
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let text = nested(MAX_DEPTH);
    assert_eq!(write(&text), (text, vec![]));
    let (written, flags) = write(&nested(MAX_DEPTH + 2));
    assert_eq!(flags, ["app_as_text"]);
    assert!(written.contains(r#""{\"a\":{\"a\":1}}""#), "{written}");
    // A recursive reader would overflow its stack at this depth.
    let arrays = format!("{{\"a\":{}{}}}", "[".repeat(400_000), "]".repeat(400_000));
    let (written, flags) = write(&arrays);
    assert_eq!(flags, ["app_truncated", "app_as_text"]);
    assert!(serde_json::from_str::<Value>(&written).is_ok());
    assert_eq!(
        write(&arrays[..arrays.len() - 1]),
        (String::new(), vec!["app_invalid"])
    );
}

#[test]
fn long_strings_are_cut_between_characters() {
    let long = "é".repeat(20_000);
    let (written, flags) = write(&format!(r#"{{"a":{{"b":"{long}"}},"c":1}}"#));
    assert_eq!(flags, ["app_truncated"]);
    let value: Value = serde_json::from_str(&written).unwrap();
    let kept = value["a"]["b"].as_str().unwrap();
    assert!(long.starts_with(kept) && kept.len() > 31_900 && kept.len() + 4 <= 32_000);
    assert_eq!(value["c"], 1);
    // Only the escapes make it long: it stays whole.
    let (written, flags) = write(&format!(r#"{{"a":"{}"}}"#, r"\u0041".repeat(30_000)));
    assert_eq!((written.len(), flags.len()), (30_008, 0));
}

#[test]
fn path_and_value_share_the_limit() {
    let key = "k".repeat(4_000);
    let value = "v".repeat(31_000);
    let (written, flags) = write(&format!(r#"{{"{key}":{{"{key}":"{value}"}}}}"#));
    assert_eq!(flags, ["app_truncated"]);
    assert!(written.len() < 32_100);
    let (written, flags) = write(&format!(r#"{{"{}":1}}"#, "k".repeat(40_000)));
    assert_eq!((written.len(), flags), (4_096 + 6, vec!["app_truncated"]));
    let deep = format!("{}1{}", format!("{{\"{key}\":").repeat(10), "}".repeat(10));
    assert_eq!(write(&deep).1, ["app_truncated", "app_as_text"]);
}

#[test]
fn long_numbers_become_strings() {
    let number = "1".repeat(1_001);
    let text = format!(r#"{{"a":{number},"b":-1.5E+3}}"#);
    let expected = format!(r#"{{"a":"{number}","b":-1.5E+3}}"#);
    assert_eq!(write(&text), (expected, vec!["app_as_text"]));
}

#[test]
fn half_surrogate_pairs_are_replaced() {
    let cases = [
        (r#"{"a":"x\ud800"}"#, "{\"a\":\"x\u{fffd}\"}"),
        (r#"{"a":"\udc00x"}"#, "{\"a\":\"\u{fffd}x\"}"),
        (r#"{"a":"\ud800\ud83d\ude00"}"#, "{\"a\":\"\u{fffd}😀\"}"),
        (r#"{"\ud800\u0041":1}"#, "{\"\u{fffd}A\":1}"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            write(text),
            (expected.to_owned(), vec!["app_surrogates"]),
            "{text}"
        );
    }
}

#[test]
fn invalid_json_writes_nothing() {
    for text in [
        "",
        " ",
        "1",
        "[]",
        "\"a\"",
        "{",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":NaN}",
        "{\"a\":tru}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u+123\"}",
        "{} {}",
        "{\"a\":[1,]}",
        "{\"a\":[1}",
        "{'a':1}",
        "{\"a\":\"\\",
        "{\"a\":\"\\ud800",
        "{\"a\" 1}",
    ] {
        assert_eq!(write(text), (String::new(), vec!["app_invalid"]), "{text}");
    }
}

/// JSON text with blanks and escapes, from so few keys that duplicates are likely.
fn json_text() -> impl Strategy<Value = String> {
    let blank = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")];
    let string = prop_oneof![
        "[a-c]?".prop_map(|text| format!("\"{text}\"")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\u0061""#.to_owned()),
        Just(r#""\ud83d\ude00\/\u0000""#.to_owned()),
        Just(r#""\ud83dx""#.to_owned()),
    ];
    let leaf = prop_oneof![
        string.clone(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    let value = leaf.prop_recursive(4, 40, 8, move |inner| {
        let member = (blank(), string.clone(), blank(), inner.clone(), blank())
            .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{value}{c}"));
        prop_oneof![
            proptest::collection::vec(member, 0..20)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
            (blank(), proptest::collection::vec(inner, 0..4)).prop_map(|(blank, values)| format!(
                "[{blank}{}]",
                values.join(&format!("{blank},"))
            )),
        ]
    });
    value.prop_map(|value| {
        if value.starts_with('{') {
            value
        } else {
            format!("{{\"v\":{value}}}")
        }
    })
}

/// JSON without duplicate keys: any other text fails to deserialize.
struct Strict;

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> serde::de::Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, _)) = map.next_entry::<String, Strict>()? {
            if !keys.insert(key) {
                return Err(serde::de::Error::custom("duplicate key"));
            }
        }
        Ok(Strict)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Strict, A::Error> {
        while list.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }
    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }
}

fn assert_takes(text: &str) {
    if let Err(error) = serde_json::from_str::<Strict>(text) {
        // serde_json reads numbers as f64. A number out of its range is still valid JSON, and OpenSearch accepts it.
        assert!(
            error.to_string().starts_with("number out of range"),
            "{text}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn json_stays_the_same_or_is_flagged(text in json_text()) {
        let (written, flags) = write(&text);
        prop_assert!(!written.contains(['\n', '\r']) && !flags.contains(&"app_invalid"));
        assert_takes(&written);
        let (repaired, repair_flags) = rewritten(&text).unwrap();
        assert_takes(&repaired);
        if flags.is_empty() {
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&written).unwrap(), &expected);
            prop_assert_eq!(&serde_json::from_str::<Value>(&repaired).unwrap(), &expected);
            prop_assert!(repair_flags.is_empty());
        } else {
            prop_assert_eq!(flags, repair_flags.names().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_parser_and_the_writer_agree_on_plain_objects(text in json_text()) {
        // The parser does not read an object with an unpaired surrogate in a key.
        if let Some(app) = crate::parse::parse(&text).app {
            prop_assert_eq!(app.is_plain(), Plain::default().is_plain(app.as_bytes()));
            let (mut written, mut logged) = (Vec::new(), Vec::new());
            let flags = AppWriter::default().write(&mut written, &app);
            prop_assert_eq!(AppWriter::default().write_logged(&mut logged, &app), flags);
            prop_assert_eq!(logged, written);
        }
    }

    #[test]
    fn damaged_json_is_never_accepted(
        text in json_text(),
        position in any::<prop::sample::Index>(),
        damage in prop::option::of("[\\[\\]{}:,\"\\\\0-9eE.x\n-]"),
    ) {
        let positions: Vec<usize> = text.char_indices().map(|(position, _)| position).collect();
        let position = positions[position.index(positions.len())];
        let removed = text[position..].chars().next().unwrap().len_utf8();
        let damaged = format!("{}{}{}", &text[..position], damage.unwrap_or_default(), &text[position + removed..]);
        let (written, flags) = write(&damaged);
        if flags.contains(&"app_invalid") {
            prop_assert_eq!(written, "");
            prop_assert!(serde_json::from_str::<serde_json::Map<String, Value>>(&damaged).is_err());
        } else {
            assert_takes(&written);
            prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&damaged).is_ok(), "{}", damaged);
        }
    }
}
