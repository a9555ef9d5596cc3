/*! The fields of a JSON log line go in; the error that they report comes out.

Each logger has its own keys for an error's type, message and stack trace. */

use std::borrow::Cow;

use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::frames;
use crate::parse::json::keys::{Fields, Slot, Slots};
use crate::parse::record::ErrorInfo;
use crate::parse::stack_trace;

const STACKS: Slots = Slots::of(&[Slot::ErrorStack, Slot::StackTrace]);
/// Keys that may hold a stack trace, or any other value of the function's own.
const LIKELY_STACKS: Slots = Slots::of(&[Slot::Stack, Slot::Trace]);
const MESSAGES: Slots = Slots::of(&[Slot::Message, Slot::Msg]);
const DESCRIBED: Slots = Slots::of(&[Slot::ErrorType, Slot::ErrorMessage]);

/// Keys that may hold an error or a part of it, and the meaning of a string there.
const VALUES: [(Slot, StringMeaning); 7] = [
    (Slot::Error, StringMeaning::Message),
    (Slot::Err, StringMeaning::Message),
    (Slot::Thrown, StringMeaning::Header),
    (Slot::Exception, StringMeaning::Header),
    (Slot::AtX, StringMeaning::Header),
    (Slot::ExcInfo, StringMeaning::Header),
    (Slot::StackTrace, StringMeaning::Stack),
];

/// All keys above, and those of types and messages.
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

/// The object's message, if it is a string.
pub fn message<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    values::string(fields.first(MESSAGES)?)
}

/// The error that an object's fields report; `None` if there is none. `message` is the result of [`message`] for the
/// same fields.
pub fn find<'a>(fields: &Fields<'a>, message: Option<&Cow<'a, str>>) -> Option<ErrorInfo<'a>> {
    let found = fields.has(ANY).then(|| from_fields(fields)).flatten();
    found
        .or_else(|| fields.find(NESTING, nested_exception))
        .or_else(|| from_message(fields.first(MESSAGES)?, message))
}

/// The objects in which loguru and Monolog nest the member `exception`.
const NESTING: Slots = Slots::of(&[Slot::Record, Slot::Context]);

/// The error of the member `exception` of an object.
fn nested_exception(object: RawValue<'_>) -> Option<ErrorInfo<'_>> {
    let mut exception = None;
    values::each_field(object.text(), |key, value| {
        if key == b"exception" {
            exception = Some(value);
        }
    });
    from_value(exception?, StringMeaning::Header)
}

fn from_fields<'a>(fields: &Fields<'a>) -> Option<ErrorInfo<'a>> {
    let mut error = ErrorInfo {
        kind: text(fields, Slot::ErrorType).or_else(|| text(fields, Slot::ExceptionName)),
        message: text(fields, Slot::ErrorMessage),
        stack_trace: fields.find(STACKS, stack),
    };
    for (slot, meaning) in VALUES {
        let from_key = fields
            .get(slot)
            .and_then(|value| from_value(value, meaning));
        fill(&mut error, from_key);
    }
    if error.stack_trace.is_none() {
        let is_error = error.kind.is_some() || fields.get(Slot::Error).is_some();
        error.stack_trace = fields.find(LIKELY_STACKS, |raw| {
            let listed = raw.starts_with('[');
            stack(raw).filter(|text| is_error || stack_trace::is_likely(text, listed))
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

/// The error of the JSON object at the end of a text (`Invoke Error ⇥{…}`); `None` if there is no object, or no error
/// in it.
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
        // Some of Ruby's runtimes write the object directly behind a word.
        let before = bytes.get(at.wrapping_sub(1));
        let apart =
            before.is_some_and(|byte| byte.is_ascii_whitespace() || byte.is_ascii_lowercase());
        apart
            && matches!(
                bytes[at + 1..].trim_ascii_start().first(),
                Some(b'"' | b'}')
            )
    };
    // The first brace is tried, then the last ones: only one object can end where the text ends.
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

/// Number of braces, from the end backwards, that are tried as the start of an object.
const MOST_TRIES: usize = 8;

fn whole(object: &str) -> Option<ErrorInfo<'_>> {
    let fields = Fields::read(object)?;
    let error = find(&fields, message(&fields).as_ref())?;
    let is_logged = || fields.has(LEVELS) && error.kind.is_some() && error.message.is_some();
    let is_traced = || {
        let stack = error.stack_trace.as_deref();
        error.kind.is_some() && stack.is_some_and(|stack| stack_trace::is_likely(stack, false))
    };
    (fields.has(DESCRIBED) || is_logged() || is_traced()).then_some(error)
}

/// A logger wrote the object, if it has a level.
const LEVELS: Slots = Slots::of(&[Slot::Level, Slot::AtL, Slot::Severity]);

/// The error in a message: an object with a stack trace, or with type and message, or a string with a stack trace in
/// it.
fn from_message<'a>(raw: RawValue<'a>, message: Option<&Cow<'a, str>>) -> Option<ErrorInfo<'a>> {
    if raw.starts_with('{') {
        let error = from_object(raw)?;
        return (error.stack_trace.is_some() || error.kind.is_some() && error.message.is_some())
            .then_some(error);
    }
    // A line break is an escape in JSON, and a string with escapes is owned.
    match message? {
        Cow::Owned(lines) if memchr::memchr2(b'\n', b'\r', lines.as_bytes()).is_some() => {
            let text = stack_trace::readable(lines);
            stack_trace::find(&text).map(ErrorInfo::into_owned)
        }
        _ => None,
    }
}

/// The meaning of a string that is not a stack trace.
#[derive(Clone, Copy)]
enum StringMeaning {
    /// The error's message.
    Message,
    /// `Type: message`.
    Header,
    /// Frames without a header.
    Stack,
}

/// The error of a value: of an error object, of a string, or of the first error in a list of error objects.
fn from_value(raw: RawValue<'_>, meaning: StringMeaning) -> Option<ErrorInfo<'_>> {
    match raw.as_bytes().first()? {
        b'{' => from_object(raw),
        b'"' => {
            let text = readable(values::filled(raw)?);
            let found = stack_trace::find_in(&text);
            found.or_else(|| match meaning {
                StringMeaning::Message => Some(ErrorInfo {
                    message: Some(text),
                    ..ErrorInfo::default()
                }),
                StringMeaning::Header => Some(stack_trace::header_in(text)),
                StringMeaning::Stack => None,
            })
        }
        // A list of frames, see `stack`
        b'[' if matches!(meaning, StringMeaning::Stack) => None,
        b'[' => {
            let mut first = None;
            values::each_item(raw.text(), |item| {
                first = first.take().or_else(|| from_object(item));
            });
            first
        }
        _ => None,
    }
}

/// The error of an error object.
fn from_object(raw: RawValue<'_>) -> Option<ErrorInfo<'_>> {
    let mut kinds = [None; 4];
    let mut messages = [None; 3];
    let mut stacks = [None; 3];
    let whole = values::each_field(raw.text(), |key, value| {
        let slot = match key {
            b"errorType" | b"exc_type" | b"className" | b"ClassName" => &mut kinds[0],
            b"type" | b"Type" => &mut kinds[1],
            b"name" | b"Name" => &mut kinds[2],
            b"kind" | b"class" | b"exception_class" | b"exceptionClass" | b"exceptionType" => {
                &mut kinds[3]
            }
            b"message" | b"Message" => &mut messages[0],
            b"errorMessage" | b"exc_value" | b"msg" => &mut messages[1],
            b"value" | b"localizedMessage" | b"exception_message" | b"exceptionMessage" => {
                &mut messages[2]
            }
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
        kind: kinds.into_iter().flatten().find_map(values::filled),
        message: messages.into_iter().flatten().find_map(values::filled),
        stack_trace: stacks.into_iter().flatten().find_map(stack),
    };
    (whole && error != ErrorInfo::default()).then_some(error)
}

fn text<'a>(fields: &Fields<'a>, slot: Slot) -> Option<Cow<'a, str>> {
    values::filled(fields.get(slot)?)
}

/// A stack trace, which is a string or an array of lines.
fn stack(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    (!raw.starts_with('{'))
        .then(|| frames::lines(raw))
        .flatten()
        .map(readable)
}

/// `text` with usual line breaks, if it is a stack trace with carriage returns.
fn readable(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        // A carriage return is an escape in JSON, and a string with escapes is owned.
        Cow::Owned(text) if memchr::memchr(b'\r', text.as_bytes()).is_some() => {
            Cow::Owned(stack_trace::readable(&text).into_owned())
        }
        text => text,
    }
}

/// Completes `error` with the parts of `more` that it lacks.
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
    fn the_object_at_the_end_is_found_behind_other_braces() {
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
    fn a_functions_own_stack_or_trace_is_no_error() {
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
