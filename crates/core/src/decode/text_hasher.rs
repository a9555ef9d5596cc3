/*! A text goes in, piece by piece; its length and hash come out, without its final line breaks. A cut event is
identified by the hash of its whole text, of which only the beginning is kept. */

use xxhash_rust::xxh3::Xxh3Default;

/// Length and hash of a text that is added piece by piece, both without the text's final line breaks.
#[derive(Clone, Default)]
pub(crate) struct TextHasher {
    /// Hash of all bytes so far.
    all: Xxh3Default,
    taken: u64,
    /// Hash of the bytes up to the last one that is not a line break.
    text: Xxh3Default,
    len: u64,
}

impl TextHasher {
    pub fn of(part: &[u8]) -> Self {
        let mut whole = Self::default();
        whole.add(part);
        whole
    }

    pub fn add(&mut self, part: &[u8]) {
        let text = part.len() - trailing_line_breaks(part);
        if text > 0 {
            self.all.update(&part[..text]);
            self.text = self.all.clone();
            self.len = self.taken + text as u64;
        }
        self.all.update(&part[text..]);
        self.taken += part.len() as u64;
    }

    /// Length of the text in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The `xxh3_128` hash of the text.
    pub fn hash(&self) -> u128 {
        self.text.digest128()
    }
}

impl std::fmt::Debug for TextHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextHasher")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Number of bytes of line breaks at the end of `text`.
#[inline]
pub(crate) fn trailing_line_breaks(text: &[u8]) -> usize {
    text.iter()
        .rev()
        .take_while(|b| matches!(b, b'\n' | b'\r'))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_128;

    proptest! {
        #[test]
        fn pieces_come_to_what_the_text_comes_to_in_one(
            pieces in prop::collection::vec(("[a\r\n]{0,4}", 1usize..200), 0..8),
        ) {
            let pieces: Vec<String> = pieces.into_iter().map(|(piece, n)| piece.repeat(n)).collect();
            let mut whole = TextHasher::default();
            pieces.iter().for_each(|piece| whole.add(piece.as_bytes()));
            let all = pieces.concat();
            let text = all.trim_end_matches(['\r', '\n']);
            prop_assert_eq!(whole.len(), text.len() as u64);
            prop_assert_eq!(whole.hash(), xxh3_128(text.as_bytes()));
        }
    }
}
