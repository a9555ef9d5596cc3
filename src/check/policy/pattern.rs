/*! Patterns of IAM: `*` is any text, `?` is any character. */

/// Whether the pattern matches the whole text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star, and the place in the text that it reaches to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, reached)) => {
                    star = Some((at, reached + 1));
                    p = at + 1;
                    t = reached + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a pattern of ARNs matches: each of the six parts on its own, so that a star does not cross a colon. The last
/// part may have colons.
pub fn arn(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (
        pattern.splitn(6, ':').collect(),
        text.splitn(6, ':').collect(),
    );
    patterns.len() == parts.len()
        && (patterns.iter().zip(&parts)).all(|(pattern, part)| glob(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("sqs:Send*", "sqs:SendMessage", true),
            ("**", "x", true),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
        let long = "a".repeat(5000);
        assert!(!glob(
            &"a*".repeat(50).replace("**", "*"),
            &format!("b{long}")
        ));
    }

    #[test]
    fn a_star_stays_in_its_part_of_an_arn() {
        for (pattern, matches) in [
            ("arn:aws:s3:::logs", true),
            ("arn:aws:s3:*:*:logs", true),
            ("arn:aws:s3:::lo*", true),
            ("arn:*:s3:::logs", true),
            ("*", true),
            ("arn:aws:s3:::", false),
            ("arn:aws:*", false),
            ("arn:aws:s3:::logs/*", false),
            ("arn:aws:s3:eu-central-1::logs", false),
        ] {
            assert_eq!(arn(pattern, "arn:aws:s3:::logs"), matches, "{pattern}");
        }
    }
}
