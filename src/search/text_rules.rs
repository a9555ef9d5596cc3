/*! TEXT goes in; what makes it senseless before OpenSearch is asked comes out. Pure. */

/// Most brackets that may be open at once in TEXT. A question that a person writes has a few.
const MAX_NESTING: usize = 100;

/// Why TEXT cannot be searched for; `None` if it may be asked.
pub fn text_mistake(text: &str, literal: bool) -> Option<String> {
    let is_word = |c: char| c.is_alphanumeric() || !c.is_ascii();
    if !text.contains(is_word) && (literal || !text.contains(['*', '?', '/'])) {
        return Some("has no letter or digit, and nothing else is searched for".to_owned());
    }
    let nested = !literal && nesting(text) > MAX_NESTING;
    nested.then(|| {
        format!("has more than {MAX_NESTING} open brackets at once; --literal searches for it as it stands")
    })
}

/// The number of round brackets that are open at once.
fn nesting(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}
