/*! Errors in JSON logs, wherever each format puts type, message and stack. */

use std::borrow::Cow;

use super::json_keys::{Fields, Slot};
use super::record::ErrorInfo;
use super::{json, stack_trace};

/// The error that an object's fields tell of.
pub fn find<'a>(fields: &Fields<'a>) -> Option<ErrorInfo<'a>> {
    const VALUES: [(Slot, Of); 7] = [
        (Slot::Error, Of::Message),
        (Slot::Err, Of::Message),
        (Slot::Thrown, Of::Header),
        (Slot::Exception, Of::Header),
        (Slot::AtX, Of::Header),
        (Slot::ExcInfo, Of::Header),
        (Slot::StackTrace, Of::Stack),
    ];
    let mut error = ErrorInfo {
        kind: text(fields, &[Slot::ErrorType, Slot::ExceptionName]),
        message: text(fields, &[Slot::ErrorMessage]),
        stack_trace: fields
            .first(&[Slot::ErrorStack, Slot::StackTrace, Slot::Stack, Slot::Trace])
            .filter(|raw| !raw.starts_with('{'))
            .and_then(json::lines),
    };
    for (slot, of) in VALUES {
        let found = fields.get(slot).and_then(|value| from_value(value, of));
        fill(&mut error, found);
    }
    if error == ErrorInfo::default() {
        return fields
            .first(&[Slot::Message, Slot::Msg])
            .and_then(from_message);
    }
    if let (None, Some(stack)) = (&error.kind, &error.stack_trace) {
        let from_stack = stack_trace::find_in(stack.clone());
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
    let start = match text.starts_with('{') {
        true => 0,
        false => {
            1 + memchr::memchr_iter(b'{', text.as_bytes())
                .map(|at| at - 1)
                .find(|before| matches!(text.as_bytes()[*before], b'\t' | b'\n' | b'\r' | b' '))?
        }
    };
    let fields = Fields::read(&text[start..])?;
    fields.first(&[Slot::ErrorType, Slot::ErrorMessage])?;
    find(&fields)
}

/// An error that is a message's value: an object with a type or a stack, or a string with a stack in it.
fn from_message(raw: &str) -> Option<ErrorInfo<'_>> {
    if raw.starts_with('{') {
        let error = from_object(raw)?;
        return (error.stack_trace.is_some() || error.kind.is_some() && error.message.is_some())
            .then_some(error);
    }
    let text = json::string(raw)?;
    text.contains('\n')
        .then(|| stack_trace::find_in(text))
        .flatten()
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
fn from_value(raw: &str, of: Of) -> Option<ErrorInfo<'_>> {
    match raw.as_bytes().first()? {
        b'{' => from_object(raw),
        b'"' => {
            let text = json::filled(raw)?;
            let found = stack_trace::find_in(text.clone());
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
            json::each_item(raw, |item| {
                first = first.take().or_else(|| from_object(item));
            });
            first
        }
        _ => None,
    }
}

fn from_object(raw: &str) -> Option<ErrorInfo<'_>> {
    let mut kinds = [None; 4];
    let mut messages = [None; 3];
    let mut stacks = [None; 3];
    let whole = json::each_field(raw, |key, value| {
        let slot = match key {
            "errorType" | "exc_type" | "className" | "ClassName" => &mut kinds[0],
            "type" | "Type" => &mut kinds[1],
            "name" | "Name" => &mut kinds[2],
            "kind" | "class" | "exception_class" => &mut kinds[3],
            "message" | "Message" => &mut messages[0],
            "errorMessage" | "exc_value" | "msg" => &mut messages[1],
            "value" | "localizedMessage" => &mut messages[2],
            "stack" | "stack_trace" | "stackTrace" | "StackTrace" | "stacktrace" => &mut stacks[0],
            "trace" | "backtrace" | "extendedStackTrace" => &mut stacks[1],
            "StackTraceString" => &mut stacks[2],
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

fn text<'a>(fields: &Fields<'a>, slots: &[Slot]) -> Option<Cow<'a, str>> {
    slots
        .iter()
        .find_map(|slot| fields.get(*slot).and_then(json::filled))
}

/// Puts `more` where `error` has nothing yet.
fn fill<'a>(error: &mut ErrorInfo<'a>, more: Option<ErrorInfo<'a>>) {
    let Some(more) = more else { return };
    error.kind = error.kind.take().or(more.kind);
    error.message = error.message.take().or(more.message);
    error.stack_trace = error.stack_trace.take().or(more.stack_trace);
}
