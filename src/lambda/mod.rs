/*! One event's text → what it says. Pure and total: parsing never fails, a look-alike is text, unknown things are kept. */

use std::borrow::Cow;

pub mod app_json;
pub mod emf;
pub mod head;
pub mod json;
pub mod json_error;
mod json_inner;
pub mod json_keys;
pub mod key_values;
pub mod level;
pub mod node;
pub mod other_runtimes;
mod owned;
pub mod platform_json;
pub mod platform_text;
mod platform_usual;
#[cfg(test)]
mod properties;
pub mod python;
pub mod record;
pub mod request_id;
pub mod stack_trace;
#[cfg(test)]
mod tests;
pub mod timestamp;
pub mod xray;

pub use record::{App, Dropped, Emf, ErrorInfo, Extension, Kind, Level, Platform, Record, Xray};

/// Reads one event: CloudWatch's own time is gone already; there may be several lines and trailing line breaks.
pub fn parse(text: &str) -> Record<'_> {
    let said = text.trim_end_matches(['\n', '\r']);
    let start = said.trim_start();
    let whole = match start.as_bytes().first() {
        Some(b'{') => app_json::parse(said),
        Some(b'A'..=b'Z' | b'0'..=b'9') => platform_text::parse(start).map(|record| Record {
            message: Cow::Borrowed(said),
            ..record
        }),
        _ => None,
    };
    whole.unwrap_or_else(|| function(said))
}

/// What a function or an extension printed, not wholly JSON.
fn function(said: &str) -> Record<'_> {
    let start = said.trim_start();
    let prefixed = match start.as_bytes().first() {
        Some(b'0'..=b'9') => node::prefix(start),
        Some(b'[') => python::prefix(start),
        _ => None,
    };
    if let Some((mut record, rest)) = prefixed {
        if !app_json::behind_prefix(&mut record, rest) {
            record.message = python::readable(rest);
            record.error = error_in(&record.message).map(Box::new);
        }
        return record;
    }
    let mut record = Record {
        message: python::readable(said),
        ..Record::default()
    };
    head::read(&mut record, start);
    other_runtimes::read(&mut record, start);
    record.error = error_in(&record.message).map(Box::new).or(record.error);
    record
}

fn error_in<'a>(message: &Cow<'a, str>) -> Option<ErrorInfo<'a>> {
    match message {
        Cow::Borrowed(text) => error(text),
        Cow::Owned(text) => error(text).map(ErrorInfo::into_owned),
    }
}

fn error(text: &str) -> Option<ErrorInfo<'_>> {
    let text = text.trim_start();
    python::runtime_error(text)
        .or_else(|| json_error::at_end(text))
        .or_else(|| stack_trace::find(text))
}
