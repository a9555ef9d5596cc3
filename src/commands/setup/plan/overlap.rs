/*! Whether two index patterns can match one name. Pure. */

/// `*` stands for any text, as in OpenSearch's templates.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Row `i`: whether the rest of `a` from there on and each rest of `b` can match one text.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            let down = |j: usize| below.get(j).copied().unwrap_or(false);
            row[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                // A star matches nothing, or the next character of the other pattern.
                (Some(b'*'), Some(_)) => down(j) || row[j + 1],
                (Some(b'*'), None) => down(j),
                (Some(_), Some(b'*')) => row[j + 1] || down(j),
                (None, Some(b'*')) => row[j + 1],
                (Some(x), Some(y)) => x == y && down(j + 1),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_share_a_name() {
        for (a, b, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "logs-2*", true),
            ("logs-*", "logs-2*.*.*", true),
            ("*-2026*", "logs-2*.*.*", true),
            ("logs-copy*", "logs-2*.*.*", false),
            ("x-logs-2*", "logs-2*.*.*", false),
            ("a*b*c", "*bc", true),
            ("a*b", "a*c", false),
            ("a-1*", "a-2*", false),
            ("**a**", "b*a", true),
        ] {
            assert_eq!(overlap(a, b), expected, "{a} {b}");
            assert_eq!(overlap(b, a), expected, "{b} {a}");
        }
    }
}
