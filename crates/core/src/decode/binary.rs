/*! The first bytes of an object go in; an error comes out if they are binary data and not text. */

use crate::decode::decode_error::DecodeError;

/// Fewer odd bytes than this are not evidence of binary data.
const LEAST: usize = 8;

/// Fails if more than 30 % of the window's bytes are control characters or not UTF-8, or if more than 5 % are of each
/// kind. In compressed data, 60 % of the bytes are of these kinds. Coloured text has neither kind, Latin-1 text has no
/// control characters, and text with fields between control characters is UTF-8.
pub(crate) fn refuse(window: &[u8], offset: u64) -> Result<(), DecodeError> {
    let controls = window.iter().filter(|b| is_control(**b)).count();
    let chunks = window.utf8_chunks();
    let invalid: usize = chunks.map(|chunk| chunk.invalid().len()).sum();
    let odd = controls + invalid;
    let len = window.len();
    let is_binary = odd * 10 > len * 3 || (controls.min(invalid) * 20 > len);
    if odd < LEAST || !is_binary {
        return Ok(());
    }
    Err(DecodeError {
        offset,
        reason: format!("looks binary: {odd} of {len} bytes are control characters or no UTF-8")
            .into(),
    })
}

/// Whether a byte is a control character other than those in text: backspace, tab, line breaks, form feed, escape.
fn is_control(b: u8) -> bool {
    matches!(b, 0..=7 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes() {
        let latin1: Vec<u8> = b"Gr\xfc\xdfe aus M\xfcnchen, sch\xf6ne Stra\xdfen\n".repeat(9);
        let fix = b"8=FIX.4.2\x019=65\x0135=A\x0149=SERVER\x0156=CLIENT\x01".repeat(9);
        for text in [
            &b""[..],
            b"\0",
            b"\xff\xfe\xfd",
            "\x1b[31mred\x1b[0m\t\r\n".repeat(9).as_bytes(),
            "журнал 日本語 🚢".repeat(9).as_bytes(),
            &latin1,
            &fix,
        ] {
            assert_eq!(refuse(text, 0), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn other_bytes_do_not() {
        let utf16: Vec<u8> = "2026-11-23 some text"
            .bytes()
            .flat_map(|b| [b, 0])
            .collect();
        let mut state = 7u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let random: Vec<u8> = std::iter::repeat_with(&mut random).take(60).collect();
        // Literal text between the tags of a block format.
        let block = b"\x012026-11-23T10:00\xfe\x1c some words\x82\xf0\x05\x09 and more".repeat(9);
        for data in [&utf16[..], &random, &block, &[0; 16], &[0xff; 16]] {
            let refused = refuse(data, 5).unwrap_err();
            assert!(refused.reason.starts_with("looks binary: "), "{refused}");
            assert_eq!(refused.offset, 5);
        }
    }
}
