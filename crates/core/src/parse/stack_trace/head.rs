//! A line that begins with an error's type goes in; the error comes out, without frames.
//!
//! Runtimes write such lines above frames, which may be events of their own.

use std::borrow::Cow;

use crate::parse::record::ErrorInfo;
use crate::parse::stack_trace::error_type::{UNHANDLED, is_error_type, without_inner};

/// The error of `Type: message`, if the type may be an error's.
pub fn any_type(text: &str) -> Option<ErrorInfo<'_>> {
    let (kind, message) = text
        .split_once(": ")
        .filter(|(kind, _)| is_error_type(kind, true))?;
    Some(error(kind, without_inner(message)))
}

/// The error of a single line that begins with a type that is certainly an error's.
pub fn of_line(line: &str) -> Option<ErrorInfo<'_>> {
    // Nest's filter for errors that no handler has caught.
    const NEST: &str = " [ExceptionsHandler] ";
    match line.as_bytes().first()? {
        b'U' => unhandled(line).or_else(|| typed(line)),
        b'[' if line.starts_with("[Nest] ") => typed(line.split_once(NEST)?.1),
        first if first.is_ascii_alphabetic() => typed(line),
        _ => None,
    }
}

/// The error of the line at the offset `start` of a text of several lines. A later line than the first counts if it
/// begins with a qualified type, as below the line of a Java logger.
pub fn at_line(text: &str, start: usize) -> Option<ErrorInfo<'_>> {
    let rest = &text[start..];
    // Nearly all later lines end here.
    let may_begin = |first: &u8| {
        let behind = rest.as_bytes().get(name_len(rest));
        first.is_ascii_lowercase() && behind.is_none_or(|byte| b": \n\r".contains(byte))
    };
    if start > 0 && !rest.as_bytes().first().is_some_and(may_begin) {
        return None;
    }
    let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
    let line = line.trim_end();
    let mut error = if start == 0 {
        of_line(line)?
    } else {
        typed(line)?
    };
    let is_stack = below.starts_with(CAUSE) || below.trim_start().starts_with("... ");
    error.stack_trace = is_stack.then(|| Cow::Borrowed(text[start..].trim_end()));
    Some(error)
}

/// Java's prefix of the error that caused another one.
const CAUSE: &str = "Caused by: ";

/// The error of .NET's `Unhandled exception. Type: message`.
fn unhandled(line: &str) -> Option<ErrorInfo<'_>> {
    UNHANDLED
        .iter()
        .find_map(|start| line.strip_prefix(start))
        .and_then(any_type)
}

/// The error of `Type: message`, of `Type [CODE]: message`, or of a qualified type alone.
fn typed(line: &str) -> Option<ErrorInfo<'_>> {
    let (kind, behind) = line.split_at(name_len(line));
    // Nearly all lines end here.
    if !behind.is_empty() && !behind.starts_with(": ") && !behind.starts_with(" [") {
        return None;
    }
    let certainty = Certainty::of(kind)?;
    if behind.is_empty() {
        return (certainty == Certainty::Qualified).then(|| error(kind, ""));
    }
    if let Some(message) = behind.strip_prefix(": ") {
        let is_error = match certainty {
            Certainty::Bare => false,
            // `HasError: false` and `MeanSquaredError: 0.03` are values.
            Certainty::Named => !is_literal(message.trim()),
            Certainty::Valued | Certainty::Qualified => true,
        };
        return is_error.then(|| error(kind, without_inner(message)));
    }
    // Node puts a code behind the type: `Error [ERR_X]: message`.
    let (code, message) = behind.strip_prefix(" [")?.split_once("]: ")?;
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    code.bytes().all(is_code).then(|| error(kind, message))
}

fn error<'a>(kind: &'a str, message: &'a str) -> ErrorInfo<'a> {
    let message = message.trim();
    ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: (!message.is_empty()).then_some(Cow::Borrowed(message)),
        stack_trace: None,
    }
}

/// The length of the name at the start of a line; dots, `::` and `\` qualify a name.
fn name_len(line: &str) -> usize {
    let bytes = line.as_bytes();
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        at += rest
            .iter()
            .position(|byte| !IN_NAME[usize::from(*byte)])
            .unwrap_or(rest.len());
        if !bytes[at..].starts_with(b"::") {
            return at;
        }
        at += 2;
    }
}

/// The bytes of names, except for `::`.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let of_name = matches!(byte as u8, b'_' | b'.' | b'$' | b'+' | b'`' | b'\\');
        table[byte] = (byte as u8).is_ascii_alphanumeric() || of_name;
        byte += 1;
    }
    table
};

/// How certain it is that a name is an error's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// `Error`: prose, unless a code follows.
    Bare,
    /// `TypeError`
    Named,
    /// `KeyError` and others that have a value as their message.
    Valued,
    /// `java.io.IOException`
    Qualified,
}

impl Certainty {
    fn of(name: &str) -> Option<Certainty> {
        const VALUED: [&str; 7] = [
            "KeyError",
            "StopIteration",
            "StopAsyncIteration",
            "SystemExit",
            "KeyboardInterrupt",
            "ExceptionGroup",
            "BaseExceptionGroup",
        ];
        if VALUED.contains(&name) {
            return Some(Certainty::Valued);
        }
        let mut parts = name.rsplit(['.', '$', '+', '\\', ':']);
        let last = parts.next()?;
        let stem = ["Error", "Exception", "Throwable"]
            .iter()
            .find_map(|ending| last.strip_suffix(ending))?;
        let qualifier = &name[..name.len() - last.len()];
        let is_qualifier = |first: char| first.is_ascii_alphabetic() || first == '_';
        if qualifier.is_empty() {
            return match stem {
                "" => Some(Certainty::Bare),
                // Names of values.
                "Has" | "Is" | "Last" | "No" | "Num" | "On" | "Total" => None,
                _ => stem
                    .starts_with(|first: char| first.is_ascii_uppercase())
                    .then_some(Certainty::Named),
            };
        }
        let capital = last.starts_with(|first: char| first.is_ascii_uppercase());
        (capital && qualifier.starts_with(is_qualifier) && !qualifier.contains(".."))
            .then_some(Certainty::Qualified)
    }
}

/// Whether a message is a value that code prints behind a name: a number, a boolean or no value.
fn is_literal(message: &str) -> bool {
    const WORDS: [&str; 9] = [
        "true",
        "false",
        "True",
        "False",
        "null",
        "None",
        "nil",
        "none",
        "undefined",
    ];
    WORDS.contains(&message) || message.trim_end_matches('%').parse::<f64>().is_ok()
}
