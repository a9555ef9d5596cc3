/*! Numbers go in and come out as base64url digits, six bits each: digits need no JSON escapes, and numbers need no
packing into bytes first. */

use crate::json::BASE64_URL;

/// The lowest `N` digits of a number, most significant first.
#[inline]
pub(crate) fn of<const N: usize>(number: u64) -> [u8; N] {
    std::array::from_fn(|index| {
        let shift = 6 * (N - 1 - index);
        BASE64_URL[(number >> shift & 63) as usize]
    })
}

/// The number that at most ten digits spell; `None` if a byte is no digit.
pub(crate) fn read(digits: &[u8]) -> Option<u64> {
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
