//! The text of an error of PHP goes in; the error comes out.

use std::borrow::Cow;

use memchr::memmem;

use crate::json::unescape::unescaped;
use crate::parse::record::ErrorInfo;

/// The error of `PHP Fatal error:  Uncaught Type: message in file:line`, or of an exception in a line of Monolog.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    match text.as_bytes().first()? {
        b'P' | b'F' | b'N' | b'W' => fatal(said(text)),
        b'[' => monolog(text).or_else(|| fatal(said(text.split_once("] ")?.1))),
        _ => None,
    }
}

/// What a worker of PHP-FPM said: FPM repeats it behind prefixes of its own.
fn said(text: &str) -> &str {
    let piped = text
        .starts_with("WARNING: [pool ")
        .then(|| text.split_once(" said into stderr: \""))
        .flatten()
        .map_or(text, |(_, said)| said);
    piped.strip_prefix("NOTICE: PHP message: ").unwrap_or(piped)
}

fn fatal(text: &str) -> Option<ErrorInfo<'_>> {
    const FATAL: [&str; 3] = [
        "Fatal error: ",
        "Parse error: ",
        "Recoverable fatal error: ",
    ];
    let rest = text.strip_prefix("PHP ");
    let is_php = rest.is_some();
    let rest = rest.unwrap_or(text);
    let said = FATAL
        .iter()
        .find_map(|start| rest.strip_prefix(start))?
        .trim_start();
    if let Some(uncaught) = said.strip_prefix("Uncaught ") {
        return exception(uncaught);
    }
    let line = said.lines().next()?;
    let (message, place) = line.rsplit_once(" in ")?;
    (is_php || place.contains(" on line ")).then(|| ErrorInfo {
        kind: None,
        message: Some(Cow::Borrowed(message.trim())),
        stack_trace: None,
    })
}

/// The error of `Type: message in file:line`, with or without the trace below.
fn exception(text: &str) -> Option<ErrorInfo<'_>> {
    const TRACE: &str = "\nStack trace:";
    if let Some(old) = text.strip_prefix("exception '") {
        return old_exception(old);
    }
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | b'@');
    let end = text.bytes().take_while(|byte| name(*byte)).count();
    let (kind, rest) = text.split_at(end);
    let trace = rest.find(TRACE);
    let said = &rest[..trace.or_else(|| rest.find('\n')).unwrap_or(rest.len())];
    let message = match said.rsplit_once(" in ") {
        Some((message, _)) => message,
        None => said,
    };
    let message = message.strip_prefix(':').unwrap_or("").trim();
    (!kind.is_empty()).then(|| ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: (!message.is_empty()).then_some(Cow::Borrowed(message)),
        stack_trace: trace.map(|_| Cow::Borrowed(text.trim_end())),
    })
}

/// The error of PHP 5's `Type' with message 'message' in file:line`.
fn old_exception(text: &str) -> Option<ErrorInfo<'_>> {
    let (kind, rest) = text.split_once('\'')?;
    let said = rest.strip_prefix(" with message '")?;
    let end = said.find("' in /").unwrap_or(said.len());
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(&said[..end])),
        stack_trace: None,
    })
}

/// The exception in the context of Monolog's lines, which Laravel and Symfony write:
/// `[time] channel.ERROR: … {"exception":"[object] (Type(code: 0): message at file:line)…"}`.
fn monolog(text: &str) -> Option<ErrorInfo<'_>> {
    const OBJECT: &str = "[object] (";
    const STACK: &str = "[stacktrace]";
    // The search for a byte is cheap, and most lines have no brace.
    if !text.starts_with(OBJECT) {
        memchr::memchr(b'{', text.as_bytes())?;
    }
    let at = memmem::find(text.as_bytes(), OBJECT.as_bytes())?;
    let object = &text[at + OBJECT.len()..];
    let line = &object[..object.find('\n').unwrap_or(object.len())];
    let (kind, rest) = line.split_once("(code: ")?;
    let (_, described) = rest.split_once("): ")?;
    let (message, _) = described.split_at(place(described)?);
    let stack = memmem::find(object.as_bytes(), STACK.as_bytes()).map(|at| {
        let frames = &object[at + STACK.len()..];
        let frames = frames.strip_prefix("\\n").unwrap_or(frames).trim();
        let end = memmem::find(frames.as_bytes(), b"\"}").unwrap_or(frames.len());
        decoded(frames[..end].trim_end())
    });
    Some(ErrorInfo {
        kind: Some(decoded(kind)),
        message: (!message.is_empty()).then(|| decoded(message)),
        stack_trace: stack,
    })
}

/// The offset of ` at file:line` behind a message: the first place that a bracket or a comma follows, else the last.
fn place(text: &str) -> Option<usize> {
    let mut last = None;
    for at in memmem::find_iter(text.as_bytes(), b" at ") {
        let file = &text[at + 4..];
        if !file.starts_with('/') && file.get(1..2) != Some(":") {
            continue;
        }
        last = Some(at);
        let end = file.find([')', ',', ' ']).unwrap_or(file.len());
        let line = file[..end].rsplit_once(':').map_or("", |(_, line)| line);
        if end < file.len() && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
    }
    last
}

/// A part of a JSON string without its escapes. Laravel leaves the line breaks of a trace as they are.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    match unescaped(text) {
        Some(decoded) => Cow::Owned(decoded.text),
        None => Cow::Borrowed(text),
    }
}
