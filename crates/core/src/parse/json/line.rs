/*! A text that is one JSON object goes in; its record comes out: a platform event's, a function's or an extension's. */

use std::borrow::Cow;

use crate::parse::json::keys::Fields;
use crate::parse::json::{application, platform};
use crate::parse::record::{App, Record};

/// The record of a text that is one JSON object, with optional blanks around it; `None` for other texts.
pub fn parse(text: &str) -> Option<Record<'_>> {
    let object = match text.as_bytes() {
        [b'{', .., b'}'] => text,
        _ => text.trim(),
    };
    let (mut record, plain) = match platform::usual(object) {
        Some(usual) => usual,
        None => {
            let fields = Fields::read(object)?;
            let record = platform::record(&fields).unwrap_or_else(|| application::app(&fields));
            (record, fields.is_plain())
        }
    };
    record.app = Some(App::seen(object, plain));
    if record.message.is_empty() {
        record.message = Cow::Borrowed(text);
    }
    Some(record)
}
