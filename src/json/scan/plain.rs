//! Whether OpenSearch takes a JSON object as it is written.

use super::{Hash, Watch, blanks, value_end};

/// Texts up to this many bytes cannot hold a term that is too long for Lucene (32,766 bytes with its path).
const SHORT: usize = 32_000;
/// Levels of objects and arrays.
pub const MAX_DEPTH: usize = 50;
/// Characters of a number: beyond a thousand OpenSearch's parser refuses it.
pub const MAX_NUMBER: usize = 500;
/// Up to this many keys of an object that look alike are compared one by one; more are sorted.
const FEW: usize = 12;
/// Keys that are open at a time, usually.
const USUAL: usize = 30;

/// Watches for what is not plain: duplicate keys, half surrogate pairs, deep nesting, over-long numbers, a long text.
/// A text that is fine after all may count as not plain: a key with an escape might equal one without.
#[derive(Debug, Default)]
pub struct Plain {
    holds: bool,
    depth: usize,
    /// Hashes of the keys of all objects that are open; before those of each stands where its outer one's begin.
    keys: Vec<u64>,
    /// Where the keys of the innermost object begin.
    first: usize,
}

impl Plain {
    /// To watch one walk over an object of so many bytes.
    pub fn of(len: usize) -> Self {
        let mut plain = Self {
            keys: Vec::with_capacity(USUAL),
            ..Self::default()
        };
        plain.begin(len);
        plain
    }

    fn begin(&mut self, len: usize) {
        self.holds = len <= SHORT;
        self.depth = 0;
        self.first = 0;
        self.keys.clear();
    }

    /// Whether nothing was seen that is not plain.
    #[inline]
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// True only for a JSON object that is plain. Keeps its memory for the next.
    pub fn is_plain(&mut self, text: &[u8]) -> bool {
        self.begin(text.len());
        let start = blanks(text, 0);
        if !self.holds || text.get(start) != Some(&b'{') {
            return false;
        }
        let end = value_end(text, start, self).map(|end| blanks(text, end));
        end == Some(text.len()) && self.holds
    }
}

impl Watch for Plain {
    #[inline]
    fn opened(&mut self, object: bool) {
        self.depth += 1;
        self.holds &= self.depth <= MAX_DEPTH;
        if object && self.holds {
            self.keys.push(self.first as u64);
            self.first = self.keys.len();
        }
    }

    #[inline]
    fn key(&mut self, hash: Hash) {
        match hash {
            Some(hash) if self.holds => self.keys.push(hash.get()),
            _ => self.holds = false,
        }
    }

    #[inline]
    fn closed(&mut self, object: bool) {
        self.depth -= 1;
        if object && self.holds {
            self.holds = !self.keys.get_mut(self.first..).is_some_and(has_equal);
            self.keys.truncate(self.first);
            self.first = self.keys.pop().unwrap_or_default() as usize;
        }
    }

    #[inline]
    fn number(&mut self, len: usize) {
        self.holds &= len <= MAX_NUMBER;
    }

    #[inline]
    fn half_pair(&mut self) {
        self.holds = false;
    }
}

/// Sorts if it has to.
#[inline]
fn has_equal(keys: &mut [u64]) -> bool {
    match keys {
        [] | [_] => false,
        [a, b] => a == b,
        [a, b, c] => a == b || a == c || b == c,
        more => !all_differ(more) && has_equal_of_many(more),
    }
}

fn has_equal_of_many(keys: &mut [u64]) -> bool {
    if keys.len() <= FEW {
        let later = |at: usize| &keys[at + 1..];
        return keys
            .iter()
            .enumerate()
            .any(|(at, key)| later(at).contains(key));
    }
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// True only if no two keys are equal; most often so if there are few. By eight bits of each.
#[inline(never)]
fn all_differ(keys: &[u64]) -> bool {
    let mut seen = [0u64; 4];
    let mut again = 0;
    for key in keys {
        let word = &mut seen[(key >> 62) as usize];
        let bit = 1 << (key >> 56 & 63);
        again |= *word & bit;
        *word |= bit;
    }
    again == 0
}
