/*! A text goes in; the text without a terminal's escape sequences comes out.

Loggers colour their lines (`ESC[31merror ESC[39m: boom`). A colour is no part of a word: with it, neither the level is
found nor the message by its words. */

use std::borrow::Cow;

/// The byte that begins a sequence.
pub const ESC: u8 = 0x1b;
/// Maximum length of the text of a sequence such as a link, in bytes. A longer one is no sequence.
const LONGEST: usize = 2048;

/// `text` without escape sequences; borrowed if it has none.
pub fn without(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(ESC, text.as_bytes()) else {
        return without_bare(text);
    };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(ESC, rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        // A byte that begins no sequence is kept.
        let end = sequence(rest.as_bytes()).unwrap_or_else(|| {
            plain.push_str(&rest[..1]);
            1
        });
        rest = &rest[end..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// [`without`] for a text that may be owned.
pub fn without_in(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => without(text),
        Cow::Owned(text) => match without(&text) {
            Cow::Owned(plain) => Cow::Owned(plain),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// The length of the escape sequence at the start of `bytes`; `None` if there is none (ECMA-48).
fn sequence(bytes: &[u8]) -> Option<usize> {
    match *bytes.get(1)? {
        // Colours and cursors: parameters, intermediate bytes, a final byte.
        b'[' => {
            let rest = &bytes[2..];
            let parameters = rest.iter().take_while(|b| matches!(b, 0x30..=0x3f)).count();
            let rest = &rest[parameters..];
            let between = rest.iter().take_while(|b| matches!(b, 0x20..=0x2f)).count();
            matches!(rest.get(between)?, 0x40..=0x7e).then_some(2 + parameters + between + 1)
        }
        // Links and titles: a text up to BEL or `ESC \`.
        b']' => {
            let text = &bytes[..bytes.len().min(LONGEST)];
            let end = memchr::memchr3(0x07, ESC, b'\n', &text[2..])? + 2;
            match (text[end], text.get(end + 1)) {
                (0x07, _) => Some(end + 1),
                (ESC, Some(b'\\')) => Some(end + 2),
                _ => None,
            }
        }
        // Character sets (`ESC(B`).
        b'(' | b')' => matches!(bytes.get(2)?, 0x30..=0x7e).then_some(3),
        // Save, restore, reset …
        0x30..=0x7e => Some(2),
        _ => None,
    }
}

/// `text` without colours whose ESC was lost on the way (`[31merror[39m: boom`). Only a text that begins with a colour
/// and resets it later is certain to have them.
fn without_bare(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let begins = match bytes {
        [b'[', b'0'..=b'9', ..] => bare(bytes).is_some(),
        [b'[', b'[', b'0'..=b'9', ..] => bare(&bytes[1..]).is_some(),
        _ => false,
    };
    let resets = || ["[0m", "[39m", "[m"].iter().any(|end| text.contains(end));
    if !begins || !resets() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'[', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = bare(rest.as_bytes()).unwrap_or_else(|| {
            plain.push('[');
            1
        });
        rest = &rest[end..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The length of a colour without its ESC at the start of `bytes`: `[31m`, `[1;31m`, `[m`.
fn bare(bytes: &[u8]) -> Option<usize> {
    let len = bytes[1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b';')
        .count();
    (len <= 20 && bytes.get(1 + len) == Some(&b'm')).then_some(len + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_taken_off() {
        for (text, plain) in [
            ("\x1b[31merror\x1b[39m: boom", "error: boom"),
            ("\x1b[1;31mERROR\x1b[0m boom", "ERROR boom"),
            ("[\x1b[38;5;196mé\x1b[m]", "[é]"),
            ("\x1b[38:2::1:2:3mx\x1b[0K", "x"),
            ("\x1b]8;;https://example.com\x07link\x1b]8;;\x1b\\", "link"),
            ("\x1b(Bx\x1b7y\x1bc", "xy"),
            ("a\x1b[2\x1b[0mb\x1b", "a\x1b[2b\x1b"),
            ("\x1b]0;no end\nx", "\x1b]0;no end\nx"),
            ("[31merror[39m: a[1] [m", "error: a[1] "),
            ("[[31mERROR[0m] boom", "[ERROR] boom"),
        ] {
            assert_eq!(without(text), plain, "{text:?}");
        }
    }

    #[test]
    fn other_text_is_borrowed() {
        for text in [
            "",
            "[ERROR] boom",
            "[31m] is a street",
            "[5m walk",
            "array[0m",
            "[",
            "[[",
        ] {
            assert!(matches!(without(text), Cow::Borrowed(_)), "{text:?}");
        }
    }
}
