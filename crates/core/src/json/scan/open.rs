//! The stack of open objects and arrays of a walk: one bit for each level.

/// The open objects and arrays. A bit is set for an object and clear for an array.
#[derive(Default)]
pub(crate) struct Open {
    /// The innermost levels (up to 64); the lowest bit is the innermost.
    bits: u64,
    depth: usize,
    /// The levels outside `bits`, 64 in each word, the outermost first.
    outer: Vec<u64>,
}

impl Open {
    /// Opens an object or an array.
    #[inline]
    pub(crate) fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    /// Closes the innermost level; true if no level is open any more.
    #[inline]
    pub(crate) fn pop(&mut self) -> bool {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
        self.depth == 0
    }

    /// Whether the innermost level is an object.
    #[inline]
    pub(crate) fn is_object(&self) -> bool {
        self.bits & 1 == 1
    }
}
