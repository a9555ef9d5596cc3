/*! An X-Ray trace header (`Root=1-…;Parent=…;Sampled=1`) goes in; its trace id and sampling decision come out. */

use std::borrow::Cow;

use crate::parse::record::Xray;

/// Reads a trace header, or a trace id alone; `None` if the text has no trace id.
pub fn from_header<'a>(header: &Cow<'a, str>) -> Option<Xray<'a>> {
    if is_trace_id(header) {
        return Some(Xray {
            trace_id: Some(header.clone()),
            ..Xray::default()
        });
    }
    let mut xray = Xray::default();
    for part in header.split(';') {
        match part.trim().split_once('=') {
            Some(("Root", root)) if !root.is_empty() => {
                xray.trace_id = Some(part_of(header, root));
            }
            Some(("Sampled", "1")) => xray.sampled = Some(true),
            Some(("Sampled", "0")) => xray.sampled = Some(false),
            _ => {}
        }
    }
    xray.trace_id.is_some().then_some(xray)
}

/// Whether `text` is a trace id: `1-`, 8 hexadecimal digits, `-`, 24 hexadecimal digits.
fn is_trace_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.next() == Some("1")
        && parts
            .next()
            .is_some_and(|time| time.len() == 8 && hex(time))
        && parts.next().is_some_and(|id| id.len() == 24 && hex(id))
        && parts.next().is_none()
}

/// `part`, a slice of `whole`, borrowed if `whole` is borrowed.
fn part_of<'a>(whole: &Cow<'a, str>, part: &str) -> Cow<'a, str> {
    match whole {
        Cow::Borrowed(text) => {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            Cow::Borrowed(&text[start..start + part.len()])
        }
        Cow::Owned(_) => Cow::Owned(part.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_trace_ids_are_read() {
        let header = Cow::Borrowed(
            "Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1;Lineage=1:ad95aa34:0",
        );
        let xray = from_header(&header).expect("a header");
        assert_eq!(
            xray.trace_id.as_deref(),
            Some("1-6352a70e-1e2c502e358361800241fd45")
        );
        assert_eq!(xray.sampled, Some(true));
        assert!(from_header(&Cow::Borrowed("1-6352a70e-1e2c502e358361800241fd45")).is_some());
        assert!(from_header(&Cow::Borrowed("4bf92f3577b34da6a3ce929d0e0e4736")).is_none());
        assert!(from_header(&Cow::Borrowed("")).is_none());
    }
}
