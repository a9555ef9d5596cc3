/*! `Key: value` pairs of platform lines, whatever stands between them: tabs, blanks, line breaks, or `\t` written out. */

/// A field of a platform line that logferry knows.
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

/// Bytes before a colon in which its key is looked for.
const LONGEST_KEY: usize = 64;

/// Pairs that are read from one line; a text with more is none of Lambda's, and stays whole in the message.
const MOST_PAIRS: usize = 64;

/// A pair in the order of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// None if the key is not known.
    pub key: Option<Key>,
    /// The key as written.
    pub name: &'a str,
    /// As written, with its unit; may be empty.
    pub value: &'a str,
}

/// The pairs of `text`, which begins behind the line's first word.
pub fn pairs(text: &str) -> Pairs<'_> {
    Pairs {
        text,
        next: next_key(text, 0),
        left: MOST_PAIRS,
    }
}

/// See [`pairs`].
pub struct Pairs<'a> {
    text: &'a str,
    next: Option<Found<'a>>,
    left: usize,
}

/// A key and where its value begins.
#[derive(Clone, Copy)]
struct Found<'a> {
    name: &'a str,
    start: usize,
    value: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let found = self.next?;
        self.left = self.left.checked_sub(1)?;
        self.next = next_key(self.text, found.value);
        let end = self.next.map_or(self.text.len(), |next| next.start);
        Some(Pair {
            key: Key::from_words(found.name),
            name: found.name,
            value: trim(&self.text[found.value..end]),
        })
    }
}

/// The next key whose value the text from `from` on is not: its words begin with capitals, and one word at least
/// before it is left to the key before, unless a tab or a line break stands between.
fn next_key(text: &str, from: usize) -> Option<Found<'_>> {
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
        // A long way back would cost a square of the text's length.
        let near = text.floor_char_boundary(colon.saturating_sub(LONGEST_KEY).max(from));
        let behind_break = last_break(&text[near..colon]);
        let start = match behind_break {
            Some(at) => near + at + capital_words(&text[near + at..colon]),
            None => (near + capital_words(&text[near..colon])).max(value_end.min(colon)),
        };
        let name = trim(&text[start..colon]);
        if !name.is_empty() {
            return Some(Found {
                name,
                start,
                value: search,
            });
        }
    }
}

/// A key's colon is followed by a blank, a line break or nothing, unlike those inside `nodejs:20.v15`.
fn ends_key(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', '\\'])
}

/// Where the text behind the last tab or line break begins, if there is one.
fn last_break(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).rev().find_map(|at| match bytes[at] {
        b'\t' | b'\n' | b'\r' => Some(at + 1),
        b'\\' if matches!(bytes.get(at + 1), Some(b't' | b'n' | b'r')) => Some(at + 2),
        _ => None,
    })
}

/// Where the run of capitalised words at the end of `text` begins.
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

/// Where the first word of a value ends: the whole list if it is one.
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

/// The leading number of a value: `128` of `128 MB`.
pub fn number(value: &str) -> Option<f64> {
    let end = value
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+' | 'e' | 'E'))
        .unwrap_or(value.len());
    value[..end].parse().ok().filter(|n: &f64| n.is_finite())
}

/// The first word of a value.
pub fn word(value: &str) -> &str {
    let end = value.find([' ', '\t', '\n', '\r']).unwrap_or(value.len());
    &value[..end]
}

/// Takes off blanks, tabs and line breaks, written out or real, and the control bytes of a terminal.
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
    fn tabs_blanks_line_breaks_and_written_tabs_are_alike() {
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
