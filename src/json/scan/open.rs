//! What is open, at a bit for each level.

/// Objects and arrays that are open: one bit a level, set for objects.
#[derive(Default)]
pub(super) struct Open {
    /// The innermost levels, the very innermost lowest.
    bits: u64,
    depth: usize,
    /// Of 64 levels each, the outermost first.
    outer: Vec<u64>,
}

impl Open {
    #[inline]
    pub(super) fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    /// Whether nothing is open any more.
    #[inline]
    pub(super) fn pop(&mut self) -> bool {
        self.bits >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
        self.depth == 0
    }

    /// Whether the innermost is an object.
    #[inline]
    pub(super) fn is_object(&self) -> bool {
        self.bits & 1 == 1
    }
}
