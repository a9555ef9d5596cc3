/*! Text goes in; the request id that it holds comes out. */

use crate::uuid::{UUID_LEN, is_uuid};

/// The UUID at the start of `text`; `None` if there is none, or if more of a word follows it.
pub fn leading_uuid(text: &str) -> Option<&str> {
    let uuid = text.get(..UUID_LEN).filter(|uuid| is_uuid(uuid))?;
    let follows = text.as_bytes().get(UUID_LEN);
    follows
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_'))
        .then_some(uuid)
}

/// `text` without white space around it; `None` if it is empty or a word that runtimes print instead of an id (such as
/// `undefined`).
pub fn named(text: &str) -> Option<&str> {
    let text = text.trim();
    (!matches!(
        text,
        "" | "undefined" | "null" | "None" | "nil" | "-" | "N/A"
    ))
    .then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_ends_where_its_word_ends() {
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf6077\tx").is_some());
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf6077a").is_none());
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf607é").is_none());
    }

    #[test]
    fn placeholders_are_no_request_ids() {
        assert_eq!(named("undefined"), None);
        assert_eq!(named(" "), None);
        assert_eq!(named("test-request-id"), Some("test-request-id"));
    }
}
