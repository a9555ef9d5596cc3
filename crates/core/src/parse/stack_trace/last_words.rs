//! The text that a dying program wrote goes in; the error comes out: panics of Go and Rust, and the fatal errors of
//! Python, Node, .NET and Java, which no handler can catch.

use std::borrow::Cow;

use crate::parse::record::ErrorInfo;
use crate::parse::stack_trace::error_type::is_error_type;

/// The error of a text that begins with last words.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    match text.as_bytes().first()? {
        b'p' | b'f' => go_panic(text),
        b't' | b'\n' => rust_panic(text.trim_start()),
        b'E' => rust_main(text),
        b'F' => python(text).or_else(|| node(text)),
        b'<' if text.starts_with("<--- ") => node_within(text),
        b'S' | b'P' => dot_net(text),
        b'T' => java(text),
        _ => None,
    }
}

/// The panic in the text above the stacks of Go's goroutines, below other lines.
pub fn above_goroutines<'a>(above: &'a str, stacks: &'a str) -> Option<ErrorInfo<'a>> {
    let message = ["\npanic: ", "\nfatal error: "]
        .iter()
        .find_map(|start| Some(above.split_once(start)?.1))
        .map(first_line)
        // Go's HTTP server writes `http: panic serving 127.0.0.1:5: message`.
        .or_else(|| {
            let (_, served) = above.split_once("panic serving ")?;
            Some(first_line(served).split_once(": ")?.1)
        })?;
    Some(died("panic", without_recovery(message), Some(stacks)))
}

fn died<'a>(kind: &'a str, message: &'a str, stack: Option<&'a str>) -> ErrorInfo<'a> {
    let message = message.trim();
    ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: (!message.is_empty()).then_some(Cow::Borrowed(message)),
        stack_trace: stack.map(Cow::Borrowed),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

fn goroutines(text: &str) -> Option<&str> {
    text.find("goroutine ").map(|at| &text[at..])
}

/// The panic of Go's `panic: message`, or the `fatal error: message` of its runtime.
fn go_panic(text: &str) -> Option<ErrorInfo<'_>> {
    // The fatal errors that are known without a stack of goroutines below them.
    const FATAL: [&str; 4] = [
        "all goroutines are asleep",
        "concurrent map ",
        "runtime: ",
        "stack overflow",
    ];
    let message = text.strip_prefix("panic: ").or_else(|| {
        let message = text.strip_prefix("fatal error: ")?;
        let known = FATAL.iter().any(|start| message.starts_with(start));
        (known || text.contains("goroutine ")).then_some(message)
    })?;
    let message = without_recovery(first_line(message));
    Some(died("panic", message, goroutines(text)))
}

/// The message of a panic without the word that it was recovered before.
fn without_recovery(message: &str) -> &str {
    let message = message.trim_end();
    [" [recovered]", " [recovered, repanicked]"]
        .iter()
        .find_map(|end| message.strip_suffix(end))
        .unwrap_or(message)
}

/// The panic of Rust's `thread 'main' panicked at file:line:column:` and a message on the next line.
pub fn rust_panic(text: &str) -> Option<ErrorInfo<'_>> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (_, first) = line.strip_prefix("thread ")?.split_once(" panicked at ")?;
    // Before Rust 1.73 the message came first: `'message', file:line:column`.
    let old = first
        .strip_prefix('\'')
        .and_then(|quoted| quoted.rsplit_once("', "));
    let message = old.map_or_else(|| first_line(rest), |old| old.0);
    let stack = text.find("stack backtrace:").map(|at| &text[at..]);
    Some(died("panic", message, stack))
}

/// The error with which Rust's `main` ended: `Error: ` and the error as `Debug` or anyhow shows it.
fn rust_main(text: &str) -> Option<ErrorInfo<'_>> {
    const CAUSES: &str = "\n\nCaused by:\n    ";
    let shown = text.strip_prefix("Error: ")?;
    if let Some((message, _)) = shown.split_once(CAUSES) {
        let stack = text.find("Stack backtrace:").map(|at| &text[at..]);
        return Some(ErrorInfo {
            kind: None,
            ..died("", message, stack)
        });
    }
    let shown = shown.trim_end();
    let (kind, value) = shown.split_at(shown.find([' ', '('])?);
    let whole = value.starts_with(" {") && value.ends_with('}')
        || value.starts_with('(') && value.ends_with(')');
    (whole && is_rust_path(kind) && has_debug_field(value)).then(|| died(kind, shown, None))
}

/// Whether `name` is a type of Rust: `Custom`, `reqwest::Error`.
fn is_rust_path(name: &str) -> bool {
    let word = |part: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !part.is_empty() && part.bytes().all(letter)
    };
    let capital = |last: &str| last.starts_with(|first: char| first.is_ascii_uppercase());
    name.split("::").all(word) && name.rsplit("::").next().is_some_and(capital)
}

/// Whether a value has a field as only Rust's `Debug` shows one: `kind: NotFound`, or a string in double quotes. Node's
/// inspection shows strings in single quotes.
fn has_debug_field(value: &str) -> bool {
    let kinds = || value.split("kind: ").skip(1);
    let variant = |shown: &str| shown.starts_with(|first: char| first.is_ascii_uppercase());
    !value.contains(": '") && (value.contains(": \"") || kinds().any(variant))
}

/// The error of `Fatal Python error: Segmentation fault`.
fn python(text: &str) -> Option<ErrorInfo<'_>> {
    const FATAL: &str = "Fatal Python error";
    let message = text.strip_prefix(FATAL)?.strip_prefix(": ")?;
    let stack = ["\nCurrent thread ", "\nThread "]
        .iter()
        .find_map(|start| text.find(start));
    Some(died(
        FATAL,
        first_line(message),
        stack.map(|at| text[at..].trim()),
    ))
}

/// The error of Node's `FATAL ERROR: … JavaScript heap out of memory`.
fn node(text: &str) -> Option<ErrorInfo<'_>> {
    const FATAL: &str = "FATAL ERROR";
    let message = first_line(text.strip_prefix(FATAL)?.strip_prefix(": ")?);
    let is_known = [" Allocation failed", "out of memory"]
        .iter()
        .any(|words| message.contains(words))
        || message.starts_with("v8::");
    is_known.then(|| died(FATAL, message, None))
}

/// [`node`] below the collections of garbage that led to it.
fn node_within(text: &str) -> Option<ErrorInfo<'_>> {
    let at = text.find("\nFATAL ERROR: ")?;
    node(&text[at + 1..])
}

/// .NET cannot show an overflow of the stack as an exception.
fn dot_net(text: &str) -> Option<ErrorInfo<'_>> {
    const OVERFLOW: [&str; 2] = [
        "Stack overflow.",
        "Process is terminating due to StackOverflowException.",
    ];
    let line = first_line(text).trim_end();
    let below = text[line.len()..].trim();
    OVERFLOW.contains(&line).then(|| {
        let stack = (!below.is_empty()).then_some(below);
        died("System.StackOverflowException", line, stack)
    })
}

/// The error of Java's `Terminating due to java.lang.OutOfMemoryError: Java heap space`.
fn java(text: &str) -> Option<ErrorInfo<'_>> {
    let line = first_line(text.strip_prefix("Terminating due to java.lang.")?);
    let (_, message) = line.split_once(": ").unwrap_or((line, ""));
    let kind = &text["Terminating due to ".len()..];
    let kind = kind.split([':', '\n']).next()?.trim_end();
    is_error_type(kind, true).then(|| died(kind, message, None))
}

/// The error of Java's `Exception in thread "main" java.lang.X: message`, without frames.
pub fn of_thread(text: &str) -> Option<ErrorInfo<'_>> {
    let line = first_line(text.strip_prefix("Exception in thread ")?);
    // The name of the thread stands in quotes; a message may have quotes too.
    let (_, named) = line.strip_prefix('"')?.split_once("\" ")?;
    let (kind, message) = named.trim().split_once(": ").unwrap_or((named.trim(), ""));
    is_error_type(kind, true).then(|| died(kind, message, None))
}
