/*! A text goes in; the text without ids and numbers comes out. Texts with the same cause are equal then. Pure. */

/// Longest result, in characters.
const LONGEST: usize = 300;
/// A token of at least this length with two digits is an id.
const ID: usize = 8;

/// Which parts of a text differ between texts with the same cause.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    /// Quoted values too: a server quotes what it was given.
    Values,
    /// Quoted words stay: a program quotes its own words, such as the name of a key.
    Ids,
}

/// Quoted values and ids become `…`, numbers become `N`.
pub fn without_values(text: &str) -> String {
    normalised(text, Parts::Values)
}

/// Ids become `…`, numbers become `N`, also within words (`A-38849`).
pub fn without_ids(text: &str) -> String {
    normalised(text, Parts::Ids)
}

fn normalised(text: &str, parts: Parts) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    let mut rest = text.trim();
    // A character has at most four bytes: what is read by then fills the result.
    while let Some(c) = rest.chars().next().filter(|_| out.len() <= LONGEST * 4) {
        let length = match c {
            '\'' | '"' | '`' if parts == Parts::Values && !previous.is_alphanumeric() => {
                match quoted(&rest[1..], c) {
                    Some(inner) => {
                        out.extend([c, '…', c]);
                        inner + 2
                    }
                    None => {
                        out.push(c);
                        1
                    }
                }
            }
            c if c.is_ascii_alphanumeric() => {
                let is_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                let end = rest.bytes().position(|b| !is_token(b));
                let token = &rest[..end.unwrap_or(rest.len())];
                push_token(&mut out, token, parts);
                token.len()
            }
            c => {
                out.push(if c.is_control() { ' ' } else { c });
                c.len_utf8()
            }
        };
        previous = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    if let Some((cut, _)) = out.char_indices().nth(LONGEST) {
        out.truncate(cut);
        out.push('…');
    }
    out
}

/// Length of the text up to the closing quote, in bytes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    text.match_indices(quote)
        .find(|(at, _)| {
            let after = text[at + 1..].chars().next();
            !text[..*at].ends_with('\\') && !after.is_some_and(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
}

fn push_token(out: &mut String, token: &str, parts: Parts) {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    if digits == token.len() {
        out.push('N');
    } else if digits >= 2 && token.len() >= ID {
        out.push('…');
    } else if parts == Parts::Ids {
        push_without_digits(out, token);
    } else if token.as_bytes()[0].is_ascii_digit() {
        // A number with its unit.
        out.push('N');
        out.push_str(token.trim_start_matches(|c: char| c.is_ascii_digit()));
    } else {
        out.push_str(token);
    }
}

/// Each run of digits becomes `N`.
fn push_without_digits(out: &mut String, token: &str) {
    let mut in_number = false;
    for c in token.chars() {
        let is_digit = c.is_ascii_digit();
        if is_digit && !in_number {
            out.push('N');
        } else if !is_digit {
            out.push(c);
        }
        in_number = is_digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_are_taken_out_and_words_stay() {
        for (text, without) in [
            ("KeyError: 'vat_rate'", "KeyError: 'vat_rate'"),
            (
                "Cannot read properties of undefined (reading 'iban')",
                "Cannot read properties of undefined (reading 'iban')",
            ),
            (
                "stock of SKU-4704 would become negative",
                "stock of … would become negative",
            ),
            (
                "order A-38849 of SKU47 refused",
                "order A-N of SKUN refused",
            ),
            (
                "stock service refused reservation 77",
                "stock service refused reservation N",
            ),
            (
                "98cbc671-7071-4eb5-af6a-ef85fd240617 Task timed out after 3.00 seconds",
                "… Task timed out after N.N seconds",
            ),
            (
                "connect ECONNREFUSED 10.0.0.1:5432",
                "connect ECONNREFUSED N.N.N.N:N",
            ),
            ("", ""),
        ] {
            assert_eq!(without_ids(text), without);
        }
        let giant = "é9".repeat(1 << 20);
        assert_eq!(without_ids(&giant).chars().count(), LONGEST + 1);
    }
}
