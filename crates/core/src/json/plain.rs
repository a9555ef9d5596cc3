/*! The walk over a JSON object goes in; whether OpenSearch accepts the object as it is written comes out. */

use crate::json::scan::{Hash, Watch, blanks, value_end};

/// Longest text, in bytes, that surely holds no term too long for Lucene (32,766 bytes, path included).
const SHORT: usize = 32_000;
/// Maximum nesting of objects and arrays.
pub const MAX_DEPTH: usize = 50;
/// Maximum length of a number in characters. OpenSearch's parser rejects numbers of more than a thousand.
pub const MAX_NUMBER: usize = 500;
/// Up to this many possibly equal keys of an object are compared pairwise; more keys are sorted.
const FEW: usize = 12;
/// Initial capacity for the keys of all open objects.
const USUAL: usize = 30;

/// Watches a walk for the reasons why an object is not plain: duplicate keys, unpaired surrogates, deep nesting, long
/// numbers, a long text.
///
/// The check is conservative: a harmless object may count as not plain. A key with an escape, for example, might
/// equal a key without one.
#[derive(Debug, Default)]
pub struct Plain {
    holds: bool,
    depth: usize,
    /// Hashes of the keys of all open objects. Before the keys of each object stands the `first` of its outer object.
    keys: Vec<u64>,
    /// Index in `keys` of the innermost object's first key.
    first: usize,
}

impl Plain {
    /// A watch for one walk over an object of `len` bytes.
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

    /// Whether the walk has found the object plain so far.
    #[inline]
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether `text` is a plain JSON object, with optional blanks around it. Reuses its memory from call to call.
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

/// Whether two keys are equal. Sorts `keys` if there are many.
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

/// True only if all keys differ, judged by eight bits of each; it may be false for different keys, rarely for few.
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
