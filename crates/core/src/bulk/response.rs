/*! The response of `_bulk` goes in; one verdict for each document comes out. Every item is read: the flag `errors` is
ignored. */

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::bulk::Verdict;

/// Why a response gives no verdicts.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResponseError {
    /// The text is not a response of `_bulk`, such as a proxy's page or a cut response.
    #[error("the answer is not a bulk answer ({0})")]
    Malformed(String),
    /// Items are matched to documents by their order, so with a wrong count no document has a verdict.
    #[error("the answer has {answered} items for {sent} documents")]
    WrongCount { sent: usize, answered: usize },
}

#[derive(Deserialize)]
struct BulkResponse<'a> {
    #[serde(borrow)]
    items: Vec<Object<ResponseItem<'a>>>,
}

#[derive(Deserialize)]
struct ResponseItem<'a> {
    #[serde(borrow, alias = "index", alias = "update", alias = "delete")]
    create: Object<ItemResult<'a>>,
}

#[derive(Deserialize)]
struct ItemResult<'a> {
    status: u16,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The parts of an item's error that verdicts and operators need.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ItemError {
    r#type: Option<String>,
    reason: Option<String>,
    caused_by: Option<Box<ItemError>>,
}

/// A struct read from a JSON object only. A derived `Deserialize` also accepts an array of the fields' values.
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

/// One verdict for each of the `sent` documents, in their order, from `items.*.status` and `items.*.error`. Fails if
/// the response is malformed or has another number of items.
pub fn read(answer: &[u8], sent: usize) -> Result<Vec<Verdict>, ResponseError> {
    if all_created(answer, sent) {
        return Ok(vec![Verdict::Indexed; sent]);
    }
    let Object(answer): Object<BulkResponse<'_>> =
        serde_json::from_slice(answer).map_err(|e| ResponseError::Malformed(e.to_string()))?;
    if answer.items.len() != sent {
        return Err(ResponseError::WrongCount {
            sent,
            answered: answer.items.len(),
        });
    }
    Ok(answer
        .items
        .iter()
        .map(|Object(item)| verdict(&item.create.0))
        .collect())
}

/// Whether every document was created, told by the very bytes that OpenSearch writes then: nearly every response is
/// read this way.
fn all_created(answer: &[u8], sent: usize) -> bool {
    const ITEM: &[u8] = br#"{"create":{"status":201}},"#;
    let items = answer.strip_prefix(br#"{"items":["#);
    let Some(items) = items.and_then(|items| items.strip_suffix(b"]}")) else {
        return false;
    };
    // The last item has no comma.
    items.len() + 1 == sent * ITEM.len()
        && items.chunks(ITEM.len()).all(|item| ITEM.starts_with(item))
}

/// The verdict of one item.
fn verdict(entry: &ItemResult<'_>) -> Verdict {
    let status = entry.status;
    if (200..=299).contains(&status) {
        return Verdict::Indexed;
    }
    let Some(raw) = entry.error else {
        let reason = "no reason given".to_owned();
        return match status {
            // Errors are always asked for: something between here and OpenSearch left it out.
            408 | 409 | 429 | 500..=599 => Verdict::Retryable { status, reason },
            _ => Verdict::Rejected { status, reason },
        };
    };
    // An error that is a string has no type.
    let error: ItemError = serde_json::from_str(raw.get()).unwrap_or_default();
    let (kind, message) = (error.kind(), error.message());
    if (status, kind) == (409, "version_conflict_engine_exception") {
        return Verdict::AlreadyThere;
    }
    let error_subject = match status {
        401 | 403 if kind == "security_exception" => ErrorSubject::Permissions,
        408 | 409 | 429 | 500..=599 => ErrorSubject::Now,
        _ => error_subject(kind, message),
    };
    let reason = match error.r#type.is_some() || error.reason.is_some() {
        true => reason(error),
        false => cut(raw.get().to_owned()),
    };
    match error_subject {
        ErrorSubject::Permissions => Verdict::Forbidden { status, reason },
        ErrorSubject::Now => Verdict::Retryable { status, reason },
        ErrorSubject::State => Verdict::Unavailable { status, reason },
        ErrorSubject::Configuration => Verdict::Misconfigured { status, reason },
        ErrorSubject::Change => Verdict::AppendOnly { status, reason },
        ErrorSubject::Document => Verdict::Rejected { status, reason },
    }
}

/// The subject of an item's error.
enum ErrorSubject {
    Permissions,
    /// The load of the cluster, or a failing node.
    Now,
    /// The state of the index.
    State,
    /// The configuration of the index.
    Configuration,
    /// A change of a stored document, in an index that accepts only new documents.
    Change,
    Document,
}

/// The subject by the error's type. If a type has several meanings, the message decides, by words that cannot come from
/// a document.
fn error_subject(kind: &str, message: &str) -> ErrorSubject {
    match kind {
        "cluster_block_exception" | "index_closed_exception" => ErrorSubject::State,
        // `create` creates a missing index, unless a setting forbids it.
        "index_not_found_exception"
        | "invalid_alias_name_exception"
        | "invalid_index_name_exception"
        | "invalid_index_template_exception" => ErrorSubject::Configuration,
        "validation_exception"
            if message.contains(TOO_MANY_SHARDS[0]) || message.contains(TOO_MANY_SHARDS[1]) =>
        {
            ErrorSubject::State
        }
        "validation_exception" if message.contains(APPEND_ONLY) => ErrorSubject::Change,
        "illegal_argument_exception" if message.starts_with(DATA_STREAM) => ErrorSubject::Change,
        "illegal_argument_exception"
            if MISCONFIGURED.iter().any(|words| message.starts_with(words)) =>
        {
            ErrorSubject::Configuration
        }
        _ => ErrorSubject::Document,
    }
}

/// The messages, of all versions, that a new index would exceed the cluster's maximum number of shards.
const TOO_MANY_SHARDS: [&str; 2] = ["this action would add [", "maximum shards open"];
const APPEND_ONLY: &str = "index.append_only.enabled";
const DATA_STREAM: &str = "only write ops with an op_type of create are allowed in data streams";
/// The starts of the messages that a pipeline is missing, and that an alias has several indices.
const MISCONFIGURED: [&str; 2] = [
    "pipeline with id [",
    "no write index is defined for alias [",
];

impl ItemError {
    fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }
}

/// `type: reason: type: reason …` down to the cause, at most 1 KiB.
fn reason(mut error: ItemError) -> String {
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

/// `text`, cut at 1 KiB.
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
    fn the_usual_response_is_read_like_any_other() {
        let items = |n: usize| vec![r#"{"create":{"status":201}}"#; n].join(",");
        for n in [1, 2, 7] {
            let answer = format!(r#"{{"items":[{}]}}"#, items(n));
            assert!(all_created(answer.as_bytes(), n));
            assert_eq!(read(answer.as_bytes(), n), Ok(vec![Verdict::Indexed; n]));
            for sent in [0, n - 1, n + 1] {
                let answered = ResponseError::WrongCount { sent, answered: n };
                assert_eq!(read(answer.as_bytes(), sent), Err(answered));
            }
            // Any other byte, at any place, is left to the general reader.
            for at in 0..answer.len() {
                let mut other = answer.clone().into_bytes();
                other[at] ^= 1;
                assert!(!all_created(&other, n), "{at}");
            }
            assert!(!all_created(&answer.as_bytes()[..answer.len() - 1], n));
        }
        assert_eq!(read(br#"{"items":[]}"#, 0), Ok(Vec::new()));
    }

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
            {"create":{"status":400,"error":{"type":"validation_exception","reason":"this action would add [2] total LOCAL_ONLY shards, but this cluster currently has [1000]/[1000] maximum LOCAL_ONLY shards open;"}}},
            {"create":{"status":409}}
        ]}"#;
        let statuses = read(answer, 13).unwrap();
        insta::assert_debug_snapshot!(statuses);
    }

    fn only(item: &str) -> Verdict {
        let answer = format!("{{\"items\":[{item}]}}");
        read(answer.as_bytes(), 1).unwrap().remove(0)
    }

    /// The first reason is an answer of 3.4.0; the second has the words of another operation.
    #[test]
    fn an_index_that_takes_new_documents_only_refuses_a_change_for_good() {
        for reason in [
            "Validation Failed: 1: Operation [INDEX] is not allowed with a custom document id x as setting `index.append_only.enabled` is enabled for this index: logferry-invocations-2026.11.27;",
            "Validation Failed: 1: Operation [UPDATE] is not allowed as setting `index.append_only.enabled` is enabled for this index;",
        ] {
            let status = only(&format!(
                r#"{{"index":{{"_index":"i","_id":"x","status":400,"error":{{"type":"validation_exception","reason":"{reason}"}}}}}}"#
            ));
            assert!(matches!(status, Verdict::AppendOnly { .. }), "{status:?}");
        }
        let status = only(
            r#"{"index":{"status":400,"error":{"type":"illegal_argument_exception","reason":"only write ops with an op_type of create are allowed in data streams"}}}"#,
        );
        assert!(matches!(status, Verdict::AppendOnly { .. }), "{status:?}");
        // Any other failed validation will fail again.
        let status = only(
            r#"{"create":{"status":400,"error":{"type":"validation_exception","reason":"Validation Failed: 1: id is too long, must be no longer than 512 bytes but was: 600;"}}}"#,
        );
        assert!(matches!(status, Verdict::Rejected { .. }), "{status:?}");
    }

    #[test]
    fn only_a_version_conflict_means_already_there() {
        for error in [
            r#"{"type":"illegal_argument_exception","reason":"Document ID is not supported in create/index operation request"}"#,
            r#"{"type":"some_exception","reason":"version_conflict_engine_exception"}"#,
            r#"{"reason":"conflict"}"#,
            r#""version_conflict_engine_exception""#,
        ] {
            let status = only(&format!(r#"{{"create":{{"status":409,"error":{error}}}}}"#));
            assert!(
                matches!(status, Verdict::Retryable { status: 409, .. }),
                "{error}: {status:?}"
            );
        }
        let conflict = r#"{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"[x]: version conflict, document already exists (current version [1])"}}}"#;
        assert_eq!(only(conflict), Verdict::AlreadyThere);
        let stripped = only(r#"{"create":{"status":409}}"#);
        assert!(
            matches!(stripped, Verdict::Retryable { status: 409, .. }),
            "{stripped:?}"
        );
    }

    /// Answers of OpenSearch 3.4.0.
    #[test]
    fn an_operators_slip_is_the_indexs_and_not_the_documents() {
        for (status, error) in [
            (
                400,
                r#"{"type":"invalid_alias_name_exception","reason":"Invalid alias name [logferry-logs], an index exists with the same name as the alias"}"#,
            ),
            (
                400,
                r#"{"type":"illegal_argument_exception","reason":"pipeline with id [nope] does not exist"}"#,
            ),
            (
                400,
                r#"{"type":"illegal_argument_exception","reason":"no write index is defined for alias [two]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index"}"#,
            ),
            (
                400,
                r#"{"type":"invalid_index_template_exception","reason":"index_template [bs] invalid"}"#,
            ),
            (
                404,
                r#"{"type":"index_not_found_exception","reason":"no such index [q-1] and [action.auto_create_index] ([p*]) doesn't match"}"#,
            ),
            (
                404,
                r#"{"type":"index_not_found_exception","reason":"no such index [q-1]"}"#,
            ),
        ] {
            let item = format!(r#"{{"create":{{"status":{status},"error":{error}}}}}"#);
            let status = only(&item);
            assert!(
                matches!(status, Verdict::Misconfigured { .. }),
                "{error}: {status:?}"
            );
        }
    }

    #[test]
    fn what_is_not_a_whole_answer_settles_nothing() {
        let fewer = br#"{"items":[{"create":{"status":201}}]}"#;
        assert_eq!(
            read(fewer, 2),
            Err(ResponseError::WrongCount {
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
            b"{\"items\":[{\"get\":{\"status\":200}}]}",
            b"{\"items\":[{\"create\":{\"status\":99999}}]}",
            b"[]",
            // By their values alone, as derived readers take structs.
            b"[[[[201]]]]",
            b"{\"items\":[[{\"status\":201}]]}",
            b"{\"items\":[{\"create\":[201]}]}",
            b"\xff\xfe",
        ] {
            assert!(matches!(
                read(malformed, 1),
                Err(ResponseError::Malformed(_))
            ));
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
            assert!(matches!(status, Verdict::Rejected { .. }), "{status:?}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let answer = format!(
            r#"{{"items":[{{"create":{{"status":400,"error":{{"reason":"{}"}}}}}}]}}"#,
            "é".repeat(5000)
        );
        let Verdict::Rejected { reason, .. } = &read(answer.as_bytes(), 1).unwrap()[0] else {
            panic!("not rejected");
        };
        assert!(reason.len() < 1100 && reason.ends_with('…'));
    }
}
