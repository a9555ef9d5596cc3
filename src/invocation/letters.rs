/*! Numbers as base64 digits, six bits each: they need no escapes, and no bytes that would have to be packed first. */

use crate::json::BASE64_URL;

/// The last `N` digits of a number.
#[inline]
pub(super) fn of<const N: usize>(number: u64) -> [u8; N] {
    std::array::from_fn(|place| {
        let shift = 6 * (N - 1 - place);
        BASE64_URL[(number >> shift & 63) as usize]
    })
}

/// The number of at most ten digits; none if one of them is no digit.
pub(super) fn read(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, letter| {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        Some(number << 6 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_read_as_it_is_written() {
        for number in 0..4096 {
            assert_eq!(read(&of::<2>(number)), Some(number));
        }
        assert_eq!(read(&of::<10>((1 << 60) - 1)), Some((1 << 60) - 1));
        assert_eq!(of::<6>(1), *b"AAAAAB");
        assert_eq!(read(b"A+"), None);
    }
}
