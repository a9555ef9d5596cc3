/*! Bytes of JSON text go in; the offset of the first special byte comes out. A special byte is a quote, a backslash or
a control byte: it cannot stand unescaped in a JSON string. Eight or sixteen bytes are looked at together. */

/// The offset of the first special byte from `at` on; the end of the text if there is none. The function is
/// not inlined, so that its constants stay in registers.
#[inline(never)]
pub fn special_at(text: &[u8], mut at: usize) -> usize {
    let Some(rest) = text.get(at..) else {
        return at;
    };
    for block in rest.as_chunks().0 {
        if has_special(block) {
            return at + special_in_block(u128::from_le_bytes(*block));
        }
        at += 16;
    }
    special_in_tail(text, at)
}

/// The index of the first special byte of a block that has one.
#[inline]
fn special_in_block(block: u128) -> usize {
    match special_bits(block as u64) {
        0 => 8 + special_bits((block >> 64) as u64).trailing_zeros() as usize / 8,
        special => special.trailing_zeros() as usize / 8,
    }
}

/// [`special_at`] for the last bytes of a text, fewer than a block.
#[inline(never)]
fn special_in_tail(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let block = match text.last_chunk() {
        // The last 16 bytes of the text, shifted so that they begin at `at` and end in zeros.
        Some(block) => u128::from_le_bytes(*block).checked_shr(128 - 8 * rest.len() as u32),
        None => Some(
            rest.iter()
                .rev()
                .fold(0, |block, byte| block << 8 | u128::from(*byte)),
        ),
    };
    at + special_in_block(block.unwrap_or_default())
}

/// Whether a block has a special byte. The compiler vectorises this fold.
#[inline]
fn has_special(block: &[u8; 16]) -> bool {
    block.iter().fold(false, |special, byte| {
        let quote = byte ^ b'"';
        let backslash = byte ^ b'\\';
        let control = byte.saturating_sub(0x1f);
        special | (quote.min(backslash).min(control) == 0)
    })
}

/// The eight bytes from `at` on, little-endian, padded with zeros behind the end of the text.
#[inline]
pub fn word_at(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(text, at),
    }
}

/// [`word_at`] for fewer than eight bytes.
#[cold]
#[inline(never)]
fn last_word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Marks the special bytes of a word by their highest bits; 0 if there is none. Only the lowest mark is exact: marks
/// above it may be false.
#[inline]
pub fn special_bits(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quotes = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // Each subtraction borrows into the highest bit, which is clear in ASCII. A false mark lies only above a true one.
    (word.wrapping_sub(ONES * 0x20) | quotes | backslashes) & !word & HIGH
}
