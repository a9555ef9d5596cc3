/*! The answer of `_bulk` → one status per document. Every item is read; the `errors` flag decides nothing. */

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ItemStatus;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswerError {
    /// Not what `_bulk` answers: a proxy's page, half an answer.
    #[error("the answer is not a bulk answer ({0})")]
    Malformed(String),
    /// Nothing can be said of any document, since items are matched by their place.
    #[error("the answer has {answered} items for {sent} documents")]
    WrongCount { sent: usize, answered: usize },
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    items: Vec<Object<Item<'a>>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, alias = "index", alias = "update")]
    create: Object<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    status: u16,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The parts of an item's error that a person needs.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ItemError {
    r#type: Option<String>,
    reason: Option<String>,
    caused_by: Option<Box<ItemError>>,
}

/// A struct that is a JSON object: by itself a derived one takes an array of its fields' values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer
            .deserialize_map(Fields(PhantomData))
            .map(Object)
    }
}

/// One status per document, in the order they were sent. Needs `items.*.status` and `items.*.error` of the answer.
pub fn read(answer: &[u8], sent: usize) -> Result<Vec<ItemStatus>, AnswerError> {
    let Object(answer): Object<Answer<'_>> =
        serde_json::from_slice(answer).map_err(|e| AnswerError::Malformed(e.to_string()))?;
    if answer.items.len() != sent {
        return Err(AnswerError::WrongCount {
            sent,
            answered: answer.items.len(),
        });
    }
    Ok(answer
        .items
        .iter()
        .map(|Object(item)| status(&item.create.0))
        .collect())
}

fn status(entry: &Entry<'_>) -> ItemStatus {
    let status = entry.status;
    match status {
        200..=299 => return ItemStatus::Indexed,
        409 => return ItemStatus::AlreadyThere,
        _ => {}
    }
    let reason = reason(entry.error);
    let says = |word: &str| entry.error.is_some_and(|e| e.get().contains(word));
    match status {
        401 | 403 if says(r#""security_exception""#) => ItemStatus::Forbidden { status, reason },
        408 | 429 | 500..=599 => ItemStatus::Retryable { status, reason },
        // What an operator mends: nothing is wrong with the document.
        400..=499 if CURABLE.iter().any(|word| says(word)) => {
            ItemStatus::Retryable { status, reason }
        }
        _ => ItemStatus::Rejected { status, reason },
    }
}

/// A blocked, missing or closed index, and too many shards: they come and go. The quotes keep out a document's own words,
/// which a reason may cite.
const CURABLE: [&str; 4] = [
    r#""cluster_block_exception""#,
    r#""index_not_found_exception""#,
    r#""index_closed_exception""#,
    // Of too many shards, in the words of any version.
    r#""validation_exception""#,
];

/// `type: reason: type: reason …` down to the cause, at most 1 KiB.
fn reason(error: Option<&RawValue>) -> String {
    let Some(raw) = error else {
        return "no reason given".to_owned();
    };
    let Ok(mut error) = serde_json::from_str::<ItemError>(raw.get()) else {
        return cut(raw.get().to_owned());
    };
    let mut parts = Vec::new();
    loop {
        parts.extend(error.r#type.take());
        parts.extend(error.reason.take());
        match error.caused_by.take() {
            Some(cause) => error = *cause,
            None => return cut(parts.join(": ")),
        }
    }
}

fn cut(mut text: String) -> String {
    if text.len() > 1024 {
        text.truncate(text.floor_char_boundary(1024));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_own_status() {
        let answer = br#"{"errors":false,"items":[
            {"create":{"status":201}},
            {"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}},
            {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}},
            {"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"illegal_argument_exception","reason":"For input string: \"x\""}}}},
            {"index":{"status":200}},
            {"create":{"status":503}},
            {"create":{"status":403,"error":{"type":"cluster_block_exception","reason":"index read-only"}}},
            {"create":{"status":403,"error":{"type":"security_exception","reason":"no permissions"}}},
            {"create":{"status":404,"error":"text"}},
            {"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index [x]"}}},
            {"create":{"status":400,"error":{"type":"index_closed_exception","reason":"closed"}}},
            {"create":{"status":400,"error":{"type":"validation_exception","reason":"this action would add [2] total LOCAL_ONLY shards, but this cluster currently has [1000]/[1000] maximum LOCAL_ONLY shards open;"}}}
        ]}"#;
        let statuses = read(answer, 12).unwrap();
        insta::assert_debug_snapshot!(statuses);
    }

    #[test]
    fn what_is_not_a_whole_answer_settles_nothing() {
        let fewer = br#"{"items":[{"create":{"status":201}}]}"#;
        assert_eq!(
            read(fewer, 2),
            Err(AnswerError::WrongCount {
                sent: 2,
                answered: 1
            })
        );
        for malformed in [
            &b""[..],
            b"<html>502 Bad Gateway</html>",
            b"{\"errors\":false",
            b"{\"errors\":false}",
            b"{\"items\":{}}",
            b"{\"items\":[{\"create\":{}}]}",
            b"{\"items\":[{\"delete\":{\"status\":200}}]}",
            b"{\"items\":[{\"create\":{\"status\":99999}}]}",
            b"[]",
            // By their values alone, as derived readers take structs.
            b"[[[[201]]]]",
            b"{\"items\":[[{\"status\":201}]]}",
            b"{\"items\":[{\"create\":[201]}]}",
            b"\xff\xfe",
        ] {
            assert!(matches!(read(malformed, 1), Err(AnswerError::Malformed(_))));
        }
    }

    #[test]
    fn a_documents_own_words_decide_nothing() {
        for word in [
            "cluster_block_exception",
            "security_exception",
            "validation_exception",
        ] {
            let reason =
                serde_json::json!(format!("Preview of field's value: '\"{word}\" {word}'"));
            let answer = format!(
                r#"{{"items":[{{"create":{{"status":400,"error":{{"type":"mapper_parsing_exception","reason":{reason}}}}}}}]}}"#
            );
            let status = &read(answer.as_bytes(), 1).unwrap()[0];
            assert!(matches!(status, ItemStatus::Rejected { .. }), "{status:?}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let answer = format!(
            r#"{{"items":[{{"create":{{"status":400,"error":{{"reason":"{}"}}}}}}]}}"#,
            "é".repeat(5000)
        );
        let ItemStatus::Rejected { reason, .. } = &read(answer.as_bytes(), 1).unwrap()[0] else {
            panic!("not rejected");
        };
        assert!(reason.len() < 1100 && reason.ends_with('…'));
    }
}
