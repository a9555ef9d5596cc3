/*! The newest lines with errors and the exact numbers of each type go in; groups by type and message without ids and
numbers come out. Pure. */

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use crate::search::error::SearchError;
use crate::search::reading::{LogLine, parse_time};
use crate::search::response::Hit;
use logferry_core::document::stored::StoredLogDocument;
use logferry_core::normalised_text::without_ids;

/// Longest beginning of a message that is compared, in bytes.
const LONGEST_COMPARED: usize = 2000;
/// Most functions that a group names.
const MAX_FUNCTIONS: usize = 5;
/// The group of timeouts, which have no type in documents.
const TIMEOUT: &str = "timeout";

/// The errors of a span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    /// Lines with an error.
    pub total: u64,
    /// The newest of them, whose messages were read.
    pub read: u64,
    /// The largest first.
    pub groups: Vec<ErrorGroup>,
    /// Lines of types that are not counted because there are too many types.
    pub left_out: u64,
}

impl Errors {
    /// Whether the messages of all lines were read, so that groups are exact.
    pub fn is_exact(&self) -> bool {
        self.read >= self.total
    }
}

/// Errors of one type and one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    pub error_type: Option<String>,
    /// Whether `error_type` is in documents, so that a search can ask for it.
    pub is_searchable: bool,
    /// Without ids and numbers. `None`: no line of the type was among those that were read.
    pub message: Option<String>,
    pub lines: u64,
    /// The number is the group's share of the lines that were read, and not counted.
    pub is_estimate: bool,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub functions: Vec<String>,
    /// More functions than are named.
    pub more_functions: usize,
    /// The newest line.
    pub example: Option<ErrorExample>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorExample {
    pub index: String,
    pub id: String,
    pub request_id: Option<String>,
    /// In one line, as it was logged.
    pub text: String,
}

/// What OpenSearch counted of one type; `None` is every line without a type.
#[derive(Debug)]
pub(super) struct TypeCount {
    pub error_type: Option<String>,
    pub lines: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// The lines of one group among those that were read.
#[derive(Default)]
struct Seen {
    lines: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    functions: BTreeSet<String>,
    example: Option<ErrorExample>,
}

/// Type in documents, name of the type for people, message.
type Key = (Option<String>, Option<String>, String);

/// `hits` are the newest lines, the newest first; `total` counts all lines.
pub(super) fn group(
    hits: &[Hit],
    types: Vec<TypeCount>,
    total: u64,
) -> Result<Errors, SearchError> {
    let mut groups: BTreeMap<Key, Seen> = BTreeMap::new();
    let mut read_of_type: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let mut timed_out: HashSet<String> = HashSet::new();
    let mut repeated = 0;
    for hit in hits {
        let document: StoredLogDocument<'_> = hit.document()?;
        let request_id = document.faas.invocation_id.as_deref().map(str::to_owned);
        let is_timeout = is_timeout(&document);
        // A timeout has a line and a report.
        if is_timeout
            && let Some(request_id) = &request_id
            && !timed_out.insert(request_id.clone())
        {
            repeated += 1;
            continue;
        }
        let error_type = document.error.error_type.as_deref().map(str::to_owned);
        *read_of_type.entry(error_type.clone()).or_default() += 1;
        let shown = match (&error_type, is_timeout) {
            (None, true) => Some(TIMEOUT.to_owned()),
            (error_type, _) => error_type.clone(),
        };
        let time = parse_time(&document.timestamp);
        let seen = groups
            .entry((error_type, shown, message(&document, is_timeout)))
            .or_default();
        seen.lines += 1;
        seen.first = earliest(seen.first, time);
        seen.last = seen.last.max(time);
        seen.functions
            .extend(document.faas.name.as_deref().map(str::to_owned));
        seen.example.get_or_insert_with(|| ErrorExample {
            index: hit.index.clone(),
            id: hit.id.clone(),
            request_id,
            text: beginning(&LogLine::new(&document).one_line()).to_owned(),
        });
    }
    let read = hits.len() as u64;
    let is_exact = read >= total;
    let types: BTreeMap<Option<String>, TypeCount> = (types.into_iter())
        .map(|count| (count.error_type.clone(), count))
        .collect();
    let mut groups: Vec<ErrorGroup> = groups
        .into_iter()
        .map(|((error_type, shown, message), seen)| {
            let read = read_of_type.get(&error_type).copied().unwrap_or(1);
            let count = types.get(&error_type);
            let is_only = read == seen.lines;
            let mut group = seen.into_group(shown, message);
            group.is_searchable = error_type.is_some();
            if let Some(count) = count.filter(|_| !is_exact) {
                group.lines = scaled(group.lines, count.lines, read);
                group.is_estimate = !(is_only && error_type.is_some());
                if is_only && error_type.is_some() {
                    group.first = count.first.or(group.first);
                    group.last = count.last.or(group.last);
                }
            }
            group
        })
        .collect();
    let unread = types.into_values().filter(|count| {
        count.lines > 0
            && count.error_type.is_some()
            && !read_of_type.contains_key(&count.error_type)
    });
    groups.extend(unread.map(unread_group));
    groups.sort_by(|a, b| {
        (b.lines.cmp(&a.lines))
            .then(b.last.cmp(&a.last))
            .then_with(|| (&a.error_type, &a.message).cmp(&(&b.error_type, &b.message)))
    });
    Ok(Errors {
        total: total.saturating_sub(if is_exact { repeated } else { 0 }),
        read: if is_exact { read - repeated } else { read },
        groups,
        left_out: 0,
    })
}

impl Seen {
    fn into_group(self, error_type: Option<String>, message: String) -> ErrorGroup {
        let more = self.functions.len().saturating_sub(MAX_FUNCTIONS);
        ErrorGroup {
            error_type,
            is_searchable: false,
            message: Some(message),
            lines: self.lines,
            is_estimate: false,
            first: self.first,
            last: self.last,
            functions: self.functions.into_iter().take(MAX_FUNCTIONS).collect(),
            more_functions: more,
            example: self.example,
        }
    }
}

fn unread_group(count: TypeCount) -> ErrorGroup {
    ErrorGroup {
        error_type: count.error_type,
        is_searchable: true,
        message: None,
        lines: count.lines,
        is_estimate: false,
        first: count.first,
        last: count.last,
        functions: Vec::new(),
        more_functions: 0,
        example: None,
    }
}

fn is_timeout(document: &StoredLogDocument<'_>) -> bool {
    document.lambda.line_type.as_deref() == Some("platform.timeout")
        || document.lambda.status.as_deref() == Some("timeout")
}

/// What lines of one group have in common.
fn message(document: &StoredLogDocument<'_>, is_timeout: bool) -> String {
    if is_timeout && document.error.error_type.is_none() {
        return "Task timed out".to_owned();
    }
    let line = LogLine::new(document).one_line();
    let message = document.error.message.as_deref();
    let first = message.and_then(|message| message.lines().find(|line| !line.trim().is_empty()));
    without_ids(beginning(first.unwrap_or(&line)))
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_COMPARED)]
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// The share of `lines` in `read`, of `all`.
fn scaled(lines: u64, all: u64, read: u64) -> u64 {
    let scaled = u128::from(lines) * u128::from(all) / u128::from(read.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX).max(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn hit(id: &str, source: Value) -> Hit {
        serde_json::from_value(json!({"_index": "l-logs-2026.11.23", "_id": id, "_source": source}))
            .unwrap()
    }

    fn error(id: &str, minute: u32, kind: Option<&str>, message: &str, function: &str) -> Hit {
        hit(
            id,
            json!({
                "@timestamp": format!("2026-11-23T10:{minute:02}:00Z"),
                "error": {"type": kind, "message": message},
                "faas": {"name": function, "invocation_id": id},
            }),
        )
    }

    fn count(kind: Option<&str>, lines: u64) -> TypeCount {
        TypeCount {
            error_type: kind.map(str::to_owned),
            lines,
            first: "2026-11-23T00:00:00Z".parse().ok(),
            last: "2026-11-23T12:00:00Z".parse().ok(),
        }
    }

    #[test]
    fn ids_and_numbers_do_not_tell_groups_apart() {
        let hits = [
            error("a", 9, Some("Refused"), "refused reservation 77", "orders"),
            error("b", 8, Some("Refused"), "refused reservation 9", "stock"),
            error("c", 7, Some("KeyError"), "'vat_rate'", "invoices"),
        ];
        let types = vec![count(Some("Refused"), 2), count(Some("KeyError"), 1)];
        let errors = group(&hits, types, 3).unwrap();
        assert!(errors.is_exact());
        let [refused, key] = &errors.groups[..] else {
            panic!("{errors:?}")
        };
        assert_eq!(refused.message.as_deref(), Some("refused reservation N"));
        assert_eq!((refused.lines, refused.is_estimate), (2, false));
        assert_eq!(refused.functions, ["orders", "stock"]);
        let time = |time: Option<Timestamp>| time.unwrap().to_string();
        assert_eq!(time(refused.first), "2026-11-23T10:08:00Z");
        assert_eq!(time(refused.last), "2026-11-23T10:09:00Z");
        assert_eq!(refused.example.as_ref().unwrap().id, "a", "the newest");
        assert_eq!(key.message.as_deref(), Some("'vat_rate'"));
    }

    #[test]
    fn what_was_not_read_is_estimated_and_no_type_is_missing() {
        let hits = [
            error("a", 9, Some("E"), "one", "f"),
            error("b", 8, Some("E"), "two", "f"),
            error("c", 7, Some("F"), "only", "f"),
        ];
        let types = vec![
            count(Some("E"), 100),
            count(Some("F"), 7),
            count(Some("G"), 3),
            count(None, 0),
        ];
        let errors = group(&hits, types, 110).unwrap();
        let shown: Vec<_> = errors
            .groups
            .iter()
            .map(|g| {
                (
                    g.error_type.as_deref(),
                    g.lines,
                    g.is_estimate,
                    g.message.is_some(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (Some("E"), 50, true, true),
                (Some("E"), 50, true, true),
                (Some("F"), 7, false, true),
                (Some("G"), 3, false, false),
            ]
        );
        assert!(!errors.is_exact());
    }

    #[test]
    fn a_timeout_and_its_report_are_one_error() {
        let line = json!({
            "@timestamp": "2026-11-23T10:00:00Z", "message": "Task timed out after 3.00 seconds",
            "lambda": {"type": "platform.timeout"}, "faas": {"name": "f", "invocation_id": "r"},
        });
        let report = json!({
            "@timestamp": "2026-11-23T10:00:00Z", "message": "REPORT",
            "lambda": {"type": "platform.report", "status": "timeout"}, "faas": {"name": "f", "invocation_id": "r"},
        });
        let errors = group(&[hit("1", line), hit("2", report)], vec![count(None, 2)], 2).unwrap();
        assert_eq!((errors.groups.len(), errors.total), (1, 1));
        assert_eq!(errors.groups[0].error_type.as_deref(), Some("timeout"));
    }
}
