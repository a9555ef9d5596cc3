/*! What may stand for a request id. */

pub(crate) use crate::decode::is_uuid;

/// Bytes of a UUID.
pub(super) const UUID: usize = 36;

/// A UUID at the start of `text`, not followed by more of a word.
pub fn leading_uuid(text: &str) -> Option<&str> {
    let uuid = text.get(..UUID).filter(|uuid| is_uuid(uuid))?;
    let follows = text.as_bytes().get(UUID);
    follows
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_'))
        .then_some(uuid)
}

/// An id as a line writes it; none for the words that runtimes print for want of one.
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
    fn uuids_of_any_version() {
        assert!(is_uuid("405bb962-f57b-521d-81a1-e7272fbf6077"));
        assert!(!is_uuid("405bb962-f57b-521d-81a1-e7272fbf607g"));
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf6077\tx").is_some());
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf6077a").is_none());
        assert!(leading_uuid("405bb962-f57b-521d-81a1-e7272fbf607é").is_none());
    }

    #[test]
    fn words_that_stand_for_no_id() {
        assert_eq!(named("undefined"), None);
        assert_eq!(named(" "), None);
        assert_eq!(named("test-request-id"), Some("test-request-id"));
    }
}
