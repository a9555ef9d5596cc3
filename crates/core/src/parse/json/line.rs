/*! A text that is one JSON object, or nearly, goes in; its record comes out: a platform event's, a function's or an
extension's. */

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
        None => match Fields::read(object) {
            Some(fields) => (of_fields(&fields), fields.is_plain()),
            None => return nearly_json(text, object),
        },
    };
    record.app = Some(App::seen(object, plain));
    if record.message.is_empty() {
        record.message = Cow::Borrowed(text);
    }
    Some(record)
}

fn of_fields<'a>(fields: &Fields<'a>) -> Record<'a> {
    platform::record(fields).unwrap_or_else(|| application::app(fields))
}

/// [`parse`] for a text behind a byte order mark. `text` begins with the mark.
pub fn behind_mark(text: &str) -> Option<Record<'_>> {
    let object = text.strip_prefix('\u{feff}')?;
    let mut record = parse(object.trim_start())?;
    record.app = record.app.map(App::into_repaired);
    Some(record)
}

/// The record of a `text` whose `object` is not valid JSON, if it can be repaired.
#[cold]
fn nearly_json<'a>(text: &'a str, object: &str) -> Option<Record<'a>> {
    let (logged, app) = application::repaired(object, of_fields)?;
    let mut record: Record<'a> = logged;
    record.app = Some(app);
    if record.message.is_empty() {
        record.message = Cow::Borrowed(text);
    }
    Some(record)
}

#[cfg(test)]
mod tests {
    use crate::parse::parse;
    use crate::parse::record::Level;

    #[test]
    fn an_object_that_is_nearly_json_is_repaired() {
        for (text, app) in [
            (
                r#"{"level":"ERROR","message":"m","requestId":"r","x":[NaN,-Infinity]}"#,
                r#"{"level":"ERROR","message":"m","requestId":"r","x":["NaN","-Infinity"]}"#,
            ),
            (
                "\u{feff}{\"level\":\"ERROR\",\"message\":\"m\",\"requestId\":\"r\"}",
                r#"{"level":"ERROR","message":"m","requestId":"r"}"#,
            ),
            (
                r#"{"level":"ERROR","message":"m","requestId":"r",} and more"#,
                r#"{"level":"ERROR","message":"m","requestId":"r"}"#,
            ),
        ] {
            let record = parse(text);
            assert_eq!(record.level, Some(Level::Error), "{text}");
            assert_eq!(record.message, "m", "{text}");
            assert_eq!(record.request_id.as_deref(), Some("r"), "{text}");
            let found = record.app.expect("an object");
            assert_eq!(&*found, app);
            assert!(found.is_repaired() && found.is_plain());
            let prefixed = format!("2020-10-07T00:12:32.573Z\tid-1\tINFO\t{text}");
            let app = parse(&prefixed).app.map(|app| app.to_string());
            assert_eq!(app.is_some(), !text.starts_with('\u{feff}'), "{text}");
        }
        assert_eq!(parse("{\"message\":\"a\tb\"}").message, "a\tb");
        assert!(parse("{\"x\":NaN}").app.is_some());
    }

    #[test]
    fn other_text_that_begins_with_a_brace_stays_text() {
        for text in [
            r#"{"level":"ERROR","message":"cut o"#,
            r#"{"level":"ERROR","message":"m"} {"level":"INFO","message":"n"}"#,
            r#"{"a":1} was received"#,
            "{'level': 'ERROR', 'x': NaN}",
            r#"{"level":"ERROR","message":"m","x":NaN"#,
        ] {
            let record = parse(text);
            assert_eq!((record.app, record.level), (None, None), "{text}");
            assert_eq!(record.message, text);
        }
    }
}
