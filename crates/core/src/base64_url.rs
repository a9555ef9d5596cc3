/*! Numbers go in and come out as URL-safe base64 (RFC 4648, section 5), six bits a digit, without padding.

Digits need no JSON escapes, and numbers need no packing into bytes first. */

/// The alphabet of URL-safe base64, by value.
const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The URL-safe base64 of 16 bytes (big-endian), 22 characters without padding. OpenSearch stores an id of this form
/// in 16 bytes.
pub fn encode_u128(bytes: u128) -> [u8; 22] {
    let mut text = [0; 22];
    // Shifts of 64 bits take half the time of those of 128. The last two digits hold eight bits and four zeros.
    text[..10].copy_from_slice(&encode::<10>((bytes >> 68) as u64));
    text[10..20].copy_from_slice(&encode::<10>((bytes >> 8) as u64));
    text[20..].copy_from_slice(&encode::<2>(u64::from(bytes as u8) << 4));
    text
}

/// The lowest `N` digits of a number, most significant first.
#[inline]
pub(crate) fn encode<const N: usize>(number: u64) -> [u8; N] {
    std::array::from_fn(|index| {
        let shift = 6 * (N - 1 - index);
        DIGITS[(number >> shift & 63) as usize]
    })
}

/// The number that at most ten digits spell; `None` if a byte is no digit.
pub(crate) fn decode(digits: &[u8]) -> Option<u64> {
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
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD, Engine};
    use proptest::prelude::*;

    #[test]
    fn every_digit_is_read_as_it_is_written() {
        for number in 0..4096 {
            assert_eq!(decode(&encode::<2>(number)), Some(number));
        }
        assert_eq!(decode(&encode::<10>((1 << 60) - 1)), Some((1 << 60) - 1));
        assert_eq!(encode::<6>(1), *b"AAAAAB");
        assert_eq!(decode(b"A+"), None);
    }

    proptest! {
        #[test]
        fn bytes_are_written_as_the_base64_crate_writes_them(bytes in any::<u128>()) {
            let expected = URL_SAFE_NO_PAD.encode(bytes.to_be_bytes());
            prop_assert_eq!(&encode_u128(bytes)[..], expected.as_bytes());
        }
    }
}
