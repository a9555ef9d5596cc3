//! The text of an error of Ruby goes in; the error comes out.

use std::borrow::Cow;

use crate::parse::record::ErrorInfo;

/// The error of `file.rb:3:in 'name': message (Type)`, of Ruby's logger above a backtrace, or of Rails.
pub fn find(text: &str) -> Option<ErrorInfo<'_>> {
    let end = memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    let line = line.trim_end();
    match line.as_bytes() {
        [.., b')'] => {}
        [.., b')', b':'] => return rails(line, rest),
        _ => return None,
    }
    let open = memchr::memrchr(b'(', line.as_bytes())?;
    let (before, kind) = (
        line[..open].strip_suffix(' ')?,
        &line[open + 1..line.len() - 1],
    );
    if !is_constant(kind) {
        return None;
    }
    let message = match before.split_once(":in ") {
        Some((file, method)) if is_source(file) || rest.trim_start().starts_with("from ") => {
            method.split_once("': ")?.1
        }
        // `E, [2026-11-27T10:00:00.123456 #8] ERROR -- : message (Type)` above frames
        _ if line.get(1..4) == Some(", [") && is_frame(rest) => {
            before.split_once(" -- ")?.1.split_once(": ")?.1
        }
        _ => return None,
    };
    let has_frames = !rest.trim().is_empty();
    Some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(message)),
        stack_trace: has_frames.then_some(Cow::Borrowed(text)),
    })
}

/// The error of Rails' `Type (message):` above frames.
fn rails<'a>(line: &'a str, below: &'a str) -> Option<ErrorInfo<'a>> {
    let (kind, message) = line.strip_suffix("):")?.split_once(" (")?;
    let frames = below.trim();
    let is_error = kind.ends_with("Error") || kind.contains("::");
    (is_constant(kind) && is_error && is_frame(frames)).then_some(ErrorInfo {
        kind: Some(Cow::Borrowed(kind)),
        message: Some(Cow::Borrowed(message)),
        stack_trace: Some(Cow::Borrowed(frames)),
    })
}

/// Whether `name` is a constant of Ruby, as types are: `Aws::Errors::ServiceError`.
fn is_constant(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(letter)
}

/// Whether `text` is a file and a line: `/var/task/app.rb:3`.
fn is_source(text: &str) -> bool {
    let number = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    text.rsplit_once(".rb:")
        .is_some_and(|(_, line)| number(line))
}

/// Whether the first line of `text` is a frame: `/var/task/app.rb:3:in 'name'`.
fn is_frame(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.split_once(":in ")
        .is_some_and(|(file, _)| is_source(file))
}
