/*! The reason of a dead letter goes in; the reason without ids and numbers, and the field that it names, come out.
Letters with the same cause have the same text then. Pure. */

use crate::normalised_text;

/// The reason without the parts that differ between documents: quoted values and ids become `…`, numbers become `N`.
pub fn normalised(reason: &str) -> String {
    normalised_text::without_values(reason)
}

/// Texts before the name of a field, and the character behind it.
const FIELDS: [(&str, char); 6] = [
    ("failed to parse field [", ']'),
    ("object mapping for [", ']'),
    ("non object mapping [", ']'),
    ("immense term in field=\"", '"'),
    ("mapper [", ']'),
    ("of field [", ']'),
];
const INTRODUCTION: &str = "dynamic introduction of [";
const WITHIN: &str = "] within [";

/// The field that a reason of OpenSearch names.
pub fn field(reason: &str) -> Option<String> {
    if let Some((_, rest)) = reason.split_once(INTRODUCTION)
        && let Some((name, rest)) = rest.split_once(WITHIN)
        && let Some((parent, _)) = rest.split_once(']')
    {
        return match parent {
            "_doc" => path(name),
            parent => path(&format!("{parent}.{name}")),
        };
    }
    FIELDS.iter().find_map(|(before, end)| {
        let (_, rest) = reason.split_once(before)?;
        path(rest.split_once(*end)?.0)
    })
}

/// A text that can be the path of a field.
fn path(text: &str) -> Option<String> {
    let fits = |c: char| !c.is_whitespace() && !c.is_control();
    (!text.is_empty() && text.len() <= 200 && text.chars().all(fits)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_numbers_and_values_are_taken_out() {
        for (reason, expected) in [
            (
                "mapper_parsing_exception: failed to parse field [log.level] of type [long] in document with id \
                 'AbCd01-_efGH23'. Preview of field's value: 'it's INFO': illegal_argument_exception: For input \
                 string: \"IN\\\"FO\"",
                "mapper_parsing_exception: failed to parse field [log.level] of type [long] in document with id '…'. \
                 Preview of field's value: '…': illegal_argument_exception: For input string: \"…\"",
            ),
            (
                "strict_dynamic_mapping_exception: mapping set to strict, dynamic introduction of [level] within [log] is not allowed",
                "strict_dynamic_mapping_exception: mapping set to strict, dynamic introduction of [level] within [log] is not allowed",
            ),
            (
                "failed to parse date field [2026-13-01T10:00:00Z] with format [strict_date_time]",
                "failed to parse date field […:N:NZ] with format [strict_date_time]",
            ),
            (
                "corrupt gzip stream at byte 48213",
                "corrupt gzip stream at byte N",
            ),
            ("more than 1000 times its 12kB", "more than N times its NkB"),
            (
                "request 8f14e45f-ceea-4d5c-b6f1-000000000000 to x86 and UTF-8",
                "request … to x86 and UTF-8",
            ),
            ("it isn't 'closed", "it isn't 'closed"),
            ("a\r\nb\u{1b}[31m", "a  b [Nm"),
            ("", ""),
        ] {
            assert_eq!(normalised(reason), expected);
        }
        assert_eq!(normalised(&"é".repeat(1000)).chars().count(), 301);
    }

    #[test]
    fn the_field_is_found() {
        for (reason, expected) in [
            (
                "failed to parse field [log.level] of type [long]",
                Some("log.level"),
            ),
            (
                "mapping set to strict, dynamic introduction of [level] within [log] is not allowed",
                Some("log.level"),
            ),
            (
                "mapping set to strict, dynamic introduction of [new] within [_doc] is not allowed",
                Some("new"),
            ),
            (
                "object mapping for [app] tried to parse field [null] as object",
                Some("app"),
            ),
            (
                "Document contains at least one immense term in field=\"message\" (whose",
                Some("message"),
            ),
            ("failed to parse date field [2026] with format [x]", None),
            ("failed to parse field [a b]", None),
            ("dynamic introduction of [level", None),
            ("corrupt gzip", None),
        ] {
            assert_eq!(field(reason).as_deref(), expected, "{reason}");
        }
    }
}
