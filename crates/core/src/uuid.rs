/*! Text goes in; whether it is a UUID comes out: export tasks, requests and execution environments have such ids. */

/// Length of a UUID's text in bytes.
pub(crate) const UUID_LEN: usize = 36;

/// Whether `text` is a UUID of any version: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    let Ok(mut digits) = <[u8; UUID_LEN]>::try_from(text.as_bytes()) else {
        return false;
    };
    for dash in [8, 13, 18, 23] {
        if std::mem::replace(&mut digits[dash], b'0') != b'-' {
            return false;
        }
    }
    // The fold has no branch, so that the compiler vectorises it.
    let hex = |byte: u8| byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
    digits.iter().fold(true, |all, byte| all & hex(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_of_any_version_are_recognised() {
        assert!(is_uuid("405bb962-f57b-521d-81a1-e7272fbf6077"));
        assert!(!is_uuid("405bb962-f57b-521d-81a1-e7272fbf607g"));
    }
}
