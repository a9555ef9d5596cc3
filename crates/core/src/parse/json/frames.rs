/*! The JSON value of a stack trace goes in: a string, a list of lines, or a list of Java's frames as objects. Its text
comes out. */

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::values;
use crate::json::values::RawValue;

/// The text of a stack trace; `None` if the value is none.
pub fn lines(raw: RawValue<'_>) -> Option<Cow<'_, str>> {
    let listed = raw.text().strip_prefix('[').map(str::trim_start);
    if listed.is_some_and(|items| items.starts_with('{')) {
        return java(raw).map(Cow::Owned);
    }
    values::lines(raw)
}

/// Java's text of a list of frames, such as log4j2's `{"class":"a.B","method":"c","file":"B.java","line":3}`. `None` if
/// an item is no frame.
fn java(raw: RawValue<'_>) -> Option<String> {
    let mut text = String::new();
    let mut are_frames = true;
    values::each_item(raw.text(), |item| {
        are_frames = are_frames && frame(item, &mut text).is_some();
    });
    are_frames.then_some(text)
}

/// Appends the line of one frame, without a line break before the first.
fn frame(raw: RawValue<'_>, text: &mut String) -> Option<()> {
    let (mut class, mut method, mut file, mut line) = (None, None, None, None);
    values::each_field(raw.text(), |key, value| match key {
        b"class" | b"className" | b"declaringClass" => class = values::filled(value),
        b"method" | b"methodName" => method = values::filled(value),
        b"file" | b"fileName" => file = values::filled(value),
        b"line" | b"lineNumber" => line = values::number(value),
        _ => {}
    });
    let (class, method) = (class?, method?);
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = write!(text, "\tat {class}.{method}(");
    let _ = match (file, line) {
        (_, Some(NATIVE)) => text.write_str("Native Method)"),
        (Some(file), Some(line)) if line >= 0.0 => write!(text, "{file}:{line})"),
        (Some(file), _) => write!(text, "{file})"),
        (None, _) => text.write_str("Unknown Source)"),
    };
    Some(())
}

/// The line of a method without Java code.
const NATIVE: f64 = -2.0;
