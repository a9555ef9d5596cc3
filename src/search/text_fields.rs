/*! TEXT goes in; the names of the fields in it come out, as the parser of query_string reads them. Pure. */

pub struct NamedField<'a> {
    pub name: String,
    /// The rest of TEXT after the colon.
    pub value: &'a str,
}

/// The fields that TEXT names, in their order.
pub fn fields(text: &str) -> Vec<NamedField<'_>> {
    let mut fields = Vec::new();
    let mut term = String::new();
    let mut ended = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' | '/' => {
                skip(&mut rest, &[c]);
                term.clear();
            }
            '[' | '{' => {
                skip(&mut rest, &[']', '}']);
                term.clear();
            }
            ':' if !term.is_empty() => fields.push(NamedField {
                name: std::mem::take(&mut term),
                value: rest.as_str(),
            }),
            ':' | '(' | ')' | '^' | '~' | '!' => term.clear(),
            '+' | '-' if ended || term.is_empty() => term.clear(),
            c if c.is_whitespace() => ended = true,
            c => {
                if std::mem::take(&mut ended) {
                    term.clear();
                }
                term.extend(if c == '\\' { rest.next() } else { Some(c) });
            }
        }
    }
    fields
}

fn skip(rest: &mut std::str::Chars<'_>, ends: &[char]) {
    while let Some(c) = rest.next() {
        if c == '\\' {
            rest.next();
        } else if ends.contains(&c) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        fields(text).into_iter().map(|field| field.name).collect()
    }

    #[test]
    fn fields_are_read_as_the_parser_reads_them() {
        for (text, fields) in [
            ("payment declined", &[][..]),
            ("level:ERROR", &["level"]),
            ("level : ERROR", &["level"]),
            ("+a -level:x", &["level"]),
            ("a AND (b OR (c.d:e))", &["c.d"]),
            ("\"a: b\" c:\"d: e\" f:g", &["c", "f"]),
            ("a:[1 TO b:c] d:{x: TO y} e:f", &["a", "d", "e"]),
            ("/a:b/ c:/d:e/ f:g", &["c", "f"]),
            ("foo\\:bar le\\:vel:x", &["le:vel"]),
            ("a-b:c @timestamp:>x", &["a-b", "@timestamp"]),
            ("log.\\*:x", &["log.*"]),
        ] {
            assert_eq!(names(text), fields, "{text}");
        }
    }
}
