/*! The text of a platform line goes in; its `Key: value` pairs come out.

Tabs, blanks, line breaks or a written-out `\t` separate the pairs. */

/// A known key of a platform line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    RequestId,
    Version,
    Duration,
    BilledDuration,
    MemorySize,
    MaxMemoryUsed,
    InitDuration,
    RestoreDuration,
    BilledRestoreDuration,
    Status,
    ErrorType,
    Phase,
    InitializationType,
    RuntimeVersion,
    RuntimeVersionArn,
    FunctionArn,
    TenantId,
    TraceId,
    SegmentId,
    Sampled,
    Name,
    State,
    Events,
    Types,
}

impl Key {
    fn from_words(words: &str) -> Option<Key> {
        Some(match words {
            "RequestId" | "Request Id" | "Request ID" => Key::RequestId,
            "Version" => Key::Version,
            "Duration" => Key::Duration,
            "Billed Duration" => Key::BilledDuration,
            "Memory Size" => Key::MemorySize,
            "Max Memory Used" => Key::MaxMemoryUsed,
            "Init Duration" => Key::InitDuration,
            "Restore Duration" => Key::RestoreDuration,
            "Billed Restore Duration" => Key::BilledRestoreDuration,
            "Status" => Key::Status,
            "Error Type" | "ErrorType" => Key::ErrorType,
            "Phase" => Key::Phase,
            "Initialization Type" => Key::InitializationType,
            "Runtime Version" => Key::RuntimeVersion,
            "Runtime Version ARN" => Key::RuntimeVersionArn,
            "Function ARN" | "Function Arn" => Key::FunctionArn,
            "TenantId" | "Tenant Id" | "Tenant ID" => Key::TenantId,
            "XRAY TraceId" | "XRay TraceId" | "TraceId" => Key::TraceId,
            "SegmentId" => Key::SegmentId,
            "Sampled" => Key::Sampled,
            "Name" => Key::Name,
            "State" => Key::State,
            "Events" => Key::Events,
            "Types" => Key::Types,
            _ => return None,
        })
    }
}

/// Longest key, in bytes: a key is searched only so far before its colon.
const LONGEST_KEY: usize = 64;

/// Maximum number of pairs read from one line. Lambda's own lines have fewer; the message keeps the whole text anyway.
const MOST_PAIRS: usize = 64;

/// One `Key: value` pair of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The key; None if it is unknown.
    pub key: Option<Key>,
    /// The text of the key.
    pub name: &'a str,
    /// The text of the value with its unit; may be empty.
    pub value: &'a str,
}

/// The pairs of `text` (a line without its first word), in the line's order.
pub fn pairs(text: &str) -> Pairs<'_> {
    Pairs {
        text,
        next: next_key(text, 0),
        left: MOST_PAIRS,
    }
}

/// The iterator that [`pairs`] returns.
pub struct Pairs<'a> {
    text: &'a str,
    next: Option<FoundKey<'a>>,
    left: usize,
}

/// A key in the text: its name, its start, and the start of its value.
#[derive(Clone, Copy)]
struct FoundKey<'a> {
    name: &'a str,
    start: usize,
    value: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let key = self.next?;
        self.left = self.left.checked_sub(1)?;
        self.next = next_key(self.text, key.value);
        let end = self.next.map_or(self.text.len(), |next| next.start);
        Some(Pair {
            key: Key::from_words(key.name),
            name: key.name,
            value: trim(&self.text[key.value..end]),
        })
    }
}

/// The next key from `from` on, where the value of the previous key begins. Each word of a key begins with a capital.
/// At least one word is left to the previous value, unless a tab or a line break separates the two.
fn next_key(text: &str, from: usize) -> Option<FoundKey<'_>> {
    let mut search = from;
    let value_end = from
        + if from > 0 {
            first_value_end(&text[from..])
        } else {
            0
        };
    loop {
        let colon = search + memchr::memchr(b':', &text.as_bytes()[search..])?;
        search = colon + 1;
        if !ends_key(&text[search..]) {
            continue;
        }
        // The search back is limited, so that the cost is linear in the length of the text.
        let near = text.floor_char_boundary(colon.saturating_sub(LONGEST_KEY).max(from));
        let behind_break = last_break(&text[near..colon]);
        let start = match behind_break {
            Some(at) => near + at + capital_words(&text[near + at..colon]),
            None => (near + capital_words(&text[near..colon])).max(value_end.min(colon)),
        };
        let name = trim(&text[start..colon]);
        if !name.is_empty() {
            return Some(FoundKey {
                name,
                start,
                value: search,
            });
        }
    }
}

/// Whether a colon before `rest` ends a key: a blank, a tab, a line break or nothing follows it, unlike the colon
/// inside `nodejs:20.v15`.
fn ends_key(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', '\\'])
}

/// The offset behind the last tab or line break, real or written out; `None` if there is none.
fn last_break(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).rev().find_map(|at| match bytes[at] {
        b'\t' | b'\n' | b'\r' => Some(at + 1),
        b'\\' if matches!(bytes.get(at + 1), Some(b't' | b'n' | b'r')) => Some(at + 2),
        _ => None,
    })
}

/// The offset of the run of capitalised words at the end of `text`.
fn capital_words(text: &str) -> usize {
    let mut start = text.len();
    for word in text.rsplit(' ') {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        let is_key = word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && word.starts_with(|first: char| first.is_ascii_uppercase());
        if is_key {
            start = at;
        } else if !word.is_empty() || start < text.len() {
            break;
        }
    }
    start
}

/// The end of the first word of a value, with its unit; of a list, the end of the list.
fn first_value_end(text: &str) -> usize {
    let blanks = text.len() - text.trim_start_matches(' ').len();
    let value = &text[blanks..];
    let end = match value.strip_prefix('[').and_then(|list| list.find(']')) {
        Some(list) => list + 2,
        None => value.find(' ').unwrap_or(value.len()),
    };
    let unit = value[end..].trim_start_matches(' ');
    let unit_end = unit.find(' ').unwrap_or(unit.len());
    let counted = value.starts_with(|first: char| first.is_ascii_digit());
    if counted && matches!(&unit[..unit_end], "ms" | "s" | "B" | "KB" | "MB" | "GB") {
        return text.len() - unit.len() + unit_end;
    }
    blanks + end
}

/// The number at the start of a value, such as `128` of `128 MB`; `None` if there is none.
pub fn number(value: &str) -> Option<f64> {
    let end = value
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+' | 'e' | 'E'))
        .unwrap_or(value.len());
    value[..end].parse().ok().filter(|n: &f64| n.is_finite())
}

/// The first word of a value; it may be empty.
pub fn word(value: &str) -> &str {
    let end = value.find([' ', '\t', '\n', '\r']).unwrap_or(value.len());
    &value[..end]
}

/// `text` without the white space at both ends, including tabs and line breaks that are written out (`\t`).
pub fn trim(text: &str) -> &str {
    let mut text = text;
    loop {
        let mut next = text.trim();
        for written in ["\\t", "\\n", "\\r"] {
            next = next.strip_prefix(written).unwrap_or(next);
            next = next.strip_suffix(written).unwrap_or(next);
        }
        if next.len() == text.len() {
            return next;
        }
        text = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&str, &str)> {
        pairs(text).map(|pair| (pair.name, pair.value)).collect()
    }

    #[test]
    fn tabs_blanks_line_breaks_and_written_out_tabs_separate_pairs() {
        let tabs = " RequestId: a\tDuration: 1.5 ms\tMemory Size: 128 MB\tStatus: error\tError Type: Runtime.X\t";
        let expected = [
            ("RequestId", "a"),
            ("Duration", "1.5 ms"),
            ("Memory Size", "128 MB"),
            ("Status", "error"),
            ("Error Type", "Runtime.X"),
        ];
        assert_eq!(read(tabs), expected);
        for separator in [" ", "   ", "\n", "\t\n", "\\t", " \t"] {
            assert_eq!(
                read(&tabs.replace('\t', separator)),
                expected,
                "{separator:?}"
            );
        }
    }

    #[test]
    fn a_longer_key_is_not_the_shorter_one() {
        assert_eq!(
            read("RequestId: a Runtime Duration: 2.00 ms Duration: 1 ms"),
            [
                ("RequestId", "a"),
                ("Runtime Duration", "2.00 ms"),
                ("Duration", "1 ms")
            ]
        );
    }

    #[test]
    fn capital_values_and_lists_stay_values() {
        assert_eq!(
            read("RequestId: 123abc Status: Error ErrorType: Timeout"),
            [
                ("RequestId", "123abc"),
                ("Status", "Error"),
                ("ErrorType", "Timeout")
            ]
        );
        assert_eq!(
            read(" Name: x State: Ready Events: [INVOKE, SHUTDOWN] Types: []"),
            [
                ("Name", "x"),
                ("State", "Ready"),
                ("Events", "[INVOKE, SHUTDOWN]"),
                ("Types", "[]")
            ]
        );
    }
}
