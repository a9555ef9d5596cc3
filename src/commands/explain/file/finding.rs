/*! Flags and suspicious lines go in; counted findings with examples come out. A suspicious line was parsed as plain
text but begins like JSON or a platform line. Pure. */

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use logferry_core::parse::{Kind, Record};

/// Most examples per finding.
const EXAMPLES: usize = 3;
/// Longest text of an example, in bytes.
const TEXT: usize = 240;

/// An event as an example of a finding.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Byte offset of the event in the decompressed object.
    pub offset: u64,
    /// Reason, if it differs from event to event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Beginning of the event's text.
    pub text: String,
}

impl Example {
    pub fn new(offset: u64, why: Option<String>, text: &str) -> Self {
        Self {
            offset,
            why,
            text: text[..text.floor_char_boundary(TEXT)].to_owned(),
        }
    }
}

/// A flag or a suspicion, with its number of events.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub name: String,
    /// Explanation for the reader.
    pub meaning: &'static str,
    pub count: u64,
    pub examples: Vec<Example>,
}

/// Findings by name, in the order of their first event; a linear list, because there are few.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn add(&mut self, name: &str, meaning: &'static str, example: impl FnOnce() -> Example) {
        let index = self.0.iter().position(|known| known.name == name);
        let index = index.unwrap_or_else(|| {
            self.0.push(Finding {
                name: name.to_owned(),
                meaning,
                count: 0,
                examples: Vec::new(),
            });
            self.0.len() - 1
        });
        let finding = &mut self.0[index];
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(example());
        }
    }
}

/// Explanation of a document's flag; empty for an unknown flag.
pub fn flag_meaning(flag: &str) -> &'static str {
    match flag {
        "truncated" => "longer than --max-event-bytes: what is over is cut off",
        "invalid_utf8" => "not UTF-8: what is not is shown as U+FFFD",
        "no_timestamp" => "neither file nor line tells a time: the object's LastModified stands in",
        "time_out_of_range" => "outside of the years 1970 to 2261: indexed under 1970-01-01",
        "time_implausible" => "only the text tells the time, and no Lambda line can be from then",
        "app_truncated" => {
            "a string in app is too long to be indexed; event.original has all of it"
        }
        "app_duplicate_keys" => {
            "a key came twice in one object: the later one is shown as `key (2)`"
        }
        "app_as_text" => {
            "a part of app is nested too deep or a number too long: shown as a JSON string"
        }
        "app_surrogates" => "half a surrogate pair in app: shown as U+FFFD",
        "json_repaired" => {
            "app is nearly JSON (NaN, a raw tab, text behind it): repaired; event.original has it"
        }
        "app_invalid" => "app is no JSON after all; event.original has it",
        _ => "",
    }
}

/// A line that begins like JSON or a platform line but is plain text, and the reason.
#[derive(Debug, PartialEq, Eq)]
pub struct Suspicion {
    pub name: &'static str,
    pub meaning: &'static str,
    pub why: String,
}

/// Suspicion about a line; `None` if the line was not parsed as text or looks like plain text.
pub fn suspicion(text: &str, record: &Record<'_>) -> Option<Suspicion> {
    if record.kind != Kind::Function || record.app.is_some() {
        return None;
    }
    let start = text.trim_start();
    if start.starts_with('{') {
        return Some(Suspicion {
            name: "broken_json",
            meaning: "begins with { but is not one JSON object",
            why: json_error(text.trim())?,
        });
    }
    if let Some(word) = platform_word(start) {
        return Some(Suspicion {
            name: "platform_look_alike",
            meaning: "begins like a line of Lambda's own but lacks what makes it one",
            why: format!("{} without {}", word.0, word.1),
        });
    }
    let message = record.message.trim();
    if message.starts_with('{') && message.len() < start.len() {
        return Some(Suspicion {
            name: "object_behind_prefix",
            meaning: "what follows the runtime's prefix begins with { but is not one JSON object, as console.log prints objects",
            why: json_error(message)?,
        });
    }
    None
}

/// serde_json's error for a text, with columns in bytes; `None` for a valid object.
fn json_error(text: &str) -> Option<String> {
    let parsed = serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
    parsed.err().map(|error| error.to_string())
}

/// First word of a platform line at the beginning of a text, and the part that must follow it.
fn platform_word(text: &str) -> Option<(&'static str, &'static str)> {
    const NEEDED: [(&str, &str); 13] = [
        ("START", "RequestId"),
        ("END", "RequestId"),
        ("REPORT", "RequestId or Duration"),
        ("INIT_START", "Runtime Version"),
        ("INIT_REPORT", "Init Duration"),
        ("RESTORE_START", "Runtime Version"),
        ("RESTORE_REPORT", "Restore Duration"),
        ("EXTENSION", "Name"),
        ("TELEMETRY", "Name"),
        ("LOGS", "Name"),
        ("XRAY", "TraceId"),
        ("RequestId:", "an id and an error or a status"),
        ("Task timed out", "a number of seconds"),
    ];
    NEEDED.into_iter().find(|(word, _)| {
        text.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\n']) || rest.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use logferry_core::parse;

    fn named(text: &str) -> Option<(&'static str, String)> {
        suspicion(text, &parse::parse(text)).map(|found| (found.name, found.why))
    }

    #[test]
    fn suspicious_lines_have_a_name_and_a_reason() {
        for (text, name, why) in [
            (
                "{\"a\":\"b",
                "broken_json",
                "EOF while parsing a string at line 1 column 7",
            ),
            (
                "  {\"a\":1} x\n",
                "broken_json",
                "trailing characters at line 1 column 9",
            ),
            (
                "{ a: 1 }",
                "broken_json",
                "key must be a string at line 1 column 3",
            ),
            (
                "REPORT of the day",
                "platform_look_alike",
                "REPORT without RequestId or Duration",
            ),
            ("START", "platform_look_alike", "START without RequestId"),
            (
                "2026-11-21T08:00:00.123Z\tundefined\tINFO\t{ a: 1 }",
                "object_behind_prefix",
                "key must be a string at line 1 column 3",
            ),
        ] {
            assert_eq!(named(text), Some((name, why.to_owned())), "{text}");
        }
    }

    #[test]
    fn other_lines_are_not_suspicious() {
        for text in [
            "hello",
            "{\"a\":1}",
            "STARTED",
            "REPORTS are here",
            "START RequestId: 405bb962-f57b-521d-81a1-e7272fbf6077 Version: $LATEST",
            "2026-11-21T08:00:00.123Z\tundefined\tINFO\t{\"a\":1}",
            "",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn examples_are_few_and_short() {
        let mut findings = Findings::default();
        for offset in 0..10 {
            findings.add("long", "", || Example::new(offset, None, &"é".repeat(1000)));
        }
        let finding = &findings.0[0];
        assert_eq!((finding.count, finding.examples.len()), (10, EXAMPLES));
        assert_eq!(finding.examples[0].text.chars().count(), TEXT / 2);
    }
}
