/*! Errors in JSON logs, wherever each format puts type, message and stack. */

use std::borrow::Cow;

use super::json::Raw;
use super::json_keys::{Fields, Slot, Slots};
use super::record::ErrorInfo;
use super::{json, stack_trace};

const STACKS: Slots = Slots::of(&[Slot::ErrorStack, Slot::StackTrace]);
/// A function's own "stack" or "trace" may be anything.
const LIKELY_STACKS: Slots = Slots::of(&[Slot::Stack, Slot::Trace]);
const MESSAGES: Slots = Slots::of(&[Slot::Message, Slot::Msg]);
const DESCRIBED: Slots = Slots::of(&[Slot::ErrorType, Slot::ErrorMessage]);

/// What may hold an error, or a part of it, and what that means for a string.
const VALUES: [(Slot, Of); 7] = [
    (Slot::Error, Of::Message),
    (Slot::Err, Of::Message),
    (Slot::Thrown, Of::Header),
    (Slot::Exception, Of::Header),
    (Slot::AtX, Of::Header),
    (Slot::ExcInfo, Of::Header),
    (Slot::StackTrace, Of::Stack),
];

/// All of the above.
const ANY: Slots = Slots::of(&[
    Slot::ErrorType,
    Slot::ExceptionName,
    Slot::ErrorMessage,
    Slot::ErrorStack,
    Slot::StackTrace,
    Slot::Stack,
    Slot::Trace,
    Slot::Error,
    Slot::Err,
    Slot::Thrown,
    Slot::Exception,
    Slot::AtX,
    Slot::ExcInfo,
]);

/// The message of an object, if it is a string.
pub fn said<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    json::string(fields.first(MESSAGES)?)
}

/// The error that an object's fields tell of; `said` is what [`said`] gives for them.
pub fn find<'a>(fields: &Fields<'a>, said: Option<&Cow<'a, str>>) -> Option<ErrorInfo<'a>> {
    let found = fields.has(ANY).then(|| from_fields(fields)).flatten();
    found.or_else(|| from_message(fields.first(MESSAGES)?, said))
}

fn from_fields<'a>(fields: &Fields<'a>) -> Option<ErrorInfo<'a>> {
    let mut error = ErrorInfo {
        kind: text(fields, Slot::ErrorType).or_else(|| text(fields, Slot::ExceptionName)),
        message: text(fields, Slot::ErrorMessage),
        stack_trace: fields.find(STACKS, stack),
    };
    for (slot, of) in VALUES {
        let found = fields.get(slot).and_then(|value| from_value(value, of));
        fill(&mut error, found);
    }
    if error.stack_trace.is_none() {
        let beside = error.kind.is_some() || fields.get(Slot::Error).is_some();
        error.stack_trace = fields.find(LIKELY_STACKS, |raw| {
            let listed = raw.starts_with('[');
            stack(raw).filter(|text| beside || stack_trace::is_likely(text, listed))
        });
    }
    if error == ErrorInfo::default() {
        return None;
    }
    if let (None, Some(stack)) = (&error.kind, &error.stack_trace) {
        let from_stack = stack_trace::described_by(stack);
        fill(&mut error, from_stack);
    }
    Some(error)
}

/// The JSON object at the end of a text (`Invoke Error ⇥{…}`), if it tells of an error.
pub fn at_end(text: &str) -> Option<ErrorInfo<'_>> {
    let text = text.trim_end();
    if !text.ends_with('}') {
        return None;
    }
    if text.starts_with('{') {
        return whole(text);
    }
    let bytes = text.as_bytes();
    let begins = |at: &usize| {
        let blank = matches!(
            bytes.get(at.wrapping_sub(1)),
            Some(b'\t' | b'\n' | b'\r' | b' ')
        );
        blank
            && matches!(
                bytes[at + 1..].trim_ascii_start().first(),
                Some(b'"' | b'}')
            )
    };
    // Of the objects that begin here only one can end with the text.
    memchr::memchr_iter(b'{', bytes)
        .find(begins)
        .into_iter()
        .chain(
            memchr::memrchr_iter(b'{', bytes)
                .filter(begins)
                .take(MOST_TRIES),
        )
        .find_map(|start| whole(&text[start..]))
}

/// Braces from the end backwards at which an object is tried.
const MOST_TRIES: usize = 8;

fn whole(object: &str) -> Option<ErrorInfo<'_>> {
    let fields = Fields::read(object)?;
    fields.first(DESCRIBED)?;
    find(&fields, said(&fields).as_ref())
}

/// An error that is a message's value: an object with a type or a stack, or a string with a stack in it.
fn from_message<'a>(raw: Raw<'a>, said: Option<&Cow<'a, str>>) -> Option<ErrorInfo<'a>> {
    if raw.starts_with('{') {
        let error = from_object(raw)?;
        return (error.stack_trace.is_some() || error.kind.is_some() && error.message.is_some())
            .then_some(error);
    }
    // In JSON a line break is an escape, which nothing borrowed has.
    match said? {
        text @ Cow::Owned(lines) if memchr::memchr(b'\n', lines.as_bytes()).is_some() => {
            stack_trace::find_in(text)
        }
        _ => None,
    }
}

/// What a string that is no whole stack trace says.
#[derive(Clone, Copy)]
enum Of {
    /// The error's message.
    Message,
    /// `Type: message`.
    Header,
    /// Frames.
    Stack,
}

/// An error object, a string, or a list of error objects.
fn from_value(raw: Raw<'_>, of: Of) -> Option<ErrorInfo<'_>> {
    match raw.as_bytes().first()? {
        b'{' => from_object(raw),
        b'"' => {
            let text = json::filled(raw)?;
            let found = stack_trace::find_in(&text);
            found.or_else(|| match of {
                Of::Message => Some(ErrorInfo {
                    message: Some(text),
                    ..ErrorInfo::default()
                }),
                Of::Header => Some(stack_trace::header_in(text)),
                Of::Stack => None,
            })
        }
        b'[' => {
            let mut first = None;
            json::each_item(raw.text(), |item| {
                first = first.take().or_else(|| from_object(item));
            });
            first
        }
        _ => None,
    }
}

fn from_object(raw: Raw<'_>) -> Option<ErrorInfo<'_>> {
    let mut kinds = [None; 4];
    let mut messages = [None; 3];
    let mut stacks = [None; 3];
    let whole = json::each_field(raw.text(), |key, value| {
        let slot = match key {
            b"errorType" | b"exc_type" | b"className" | b"ClassName" => &mut kinds[0],
            b"type" | b"Type" => &mut kinds[1],
            b"name" | b"Name" => &mut kinds[2],
            b"kind" | b"class" | b"exception_class" => &mut kinds[3],
            b"message" | b"Message" => &mut messages[0],
            b"errorMessage" | b"exc_value" | b"msg" => &mut messages[1],
            b"value" | b"localizedMessage" => &mut messages[2],
            b"stack" | b"stack_trace" | b"stackTrace" | b"StackTrace" | b"stacktrace" => {
                &mut stacks[0]
            }
            b"trace" | b"backtrace" | b"extendedStackTrace" => &mut stacks[1],
            b"StackTraceString" => &mut stacks[2],
            _ => return,
        };
        *slot = Some(value);
    });
    let error = ErrorInfo {
        kind: kinds.into_iter().flatten().find_map(json::filled),
        message: messages.into_iter().flatten().find_map(json::filled),
        stack_trace: stacks.into_iter().flatten().find_map(json::lines),
    };
    (whole && error != ErrorInfo::default()).then_some(error)
}

fn text<'a>(fields: &Fields<'a>, slot: Slot) -> Option<Cow<'a, str>> {
    json::filled(fields.get(slot)?)
}

/// A stack trace as a string or as lines.
fn stack(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    (!raw.starts_with('{')).then(|| json::lines(raw)).flatten()
}

/// Puts `more` where `error` has nothing yet.
fn fill<'a>(error: &mut ErrorInfo<'a>, more: Option<ErrorInfo<'a>>) {
    let Some(more) = more else { return };
    error.kind = error.kind.take().or(more.kind);
    error.message = error.message.take().or(more.message);
    error.stack_trace = error.stack_trace.take().or(more.stack_trace);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_at_the_end_is_found_behind_other_braces() {
        let error = r#"{"errorType":"E","errorMessage":"m","in":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":{}}}}}}}}}}}"#;
        for before in [
            "",
            "Invoke Error \t",
            "config { a: 1 } and {\"x\":1} failed\n",
        ] {
            let text = format!("{before}{error}");
            let found = at_end(&text).expect("an error");
            assert_eq!(found.kind.as_deref(), Some("E"), "{text}");
        }
        assert_eq!(at_end("{ a: 1 } {\"x\":1}"), None);
        assert_eq!(at_end(&format!("x {}}}", " {\"a\":".repeat(20_000))), None);
    }

    #[test]
    fn a_stack_of_the_functions_own_is_no_error() {
        let read = |text| find(&Fields::read(text).expect("an object"), None);
        for text in [
            r#"{"level":"INFO","trace":"abc"}"#,
            r#"{"stack":"production"}"#,
            r#"{"stack":["web","db"]}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in [
            r#"{"stack":"Error: x\n    at f (/a.js:1:2)"}"#,
            r#"{"trace":"at f (/a.js:1:2)"}"#,
            r#"{"errorType":"E","stack":"abc"}"#,
            r#"{"error":"no luck","trace":"abc"}"#,
        ] {
            assert!(
                read(text).is_some_and(|error| error.stack_trace.is_some()),
                "{text}"
            );
        }
    }
}
