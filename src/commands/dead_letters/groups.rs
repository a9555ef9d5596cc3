/*! Groups of letters go in; a table comes out. Pure. */

use crate::commands::shared::table::{Table, grouped, harmless};
use crate::sink::dead_letters::LetterGroups;

/// The groups as a table of this width.
pub(crate) fn table(groups: &LetterGroups, width: usize) -> String {
    let mut out = String::new();
    if groups.letters == 0 {
        return "No dead letters.\n".to_owned();
    }
    let mut table = Table::new(&[
        ">letters",
        "kind",
        "index",
        "field",
        "first",
        "last",
        "id of one",
        "reason",
    ]);
    let some = |text: &Option<String>| text.as_deref().map_or("–".to_owned(), harmless);
    for group in groups.sorted() {
        table.row([
            grouped(group.letters),
            harmless(&group.key.kind),
            some(&group.key.index),
            some(&group.key.field),
            to_the_minute(&group.first),
            to_the_minute(&group.last),
            harmless(&group.example),
            harmless(&group.key.reason),
        ]);
    }
    table.write(&mut out, width);
    out.push_str(&format!("  {}\n", count(groups.letters)));
    out
}

/// `1,000 letters`.
pub(crate) fn count(letters: u64) -> String {
    match letters {
        1 => "1 letter".to_owned(),
        n => format!("{} letters", grouped(n)),
    }
}

/// `2026-11-23T10:00:12.5Z` as `2026-11-23 10:00`.
fn to_the_minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(date), Some(minute)) => harmless(&format!("{date} {minute}")),
        _ => harmless(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::dead_letters::tests::letter;

    #[test]
    fn letters_of_one_cause_are_one_group() {
        let mut groups = LetterGroups::default();
        let parse = |id| {
            format!("failed to parse field [log.level] of type [long] in document with id '{id}'")
        };
        let index = Some("logferry-logs-2026.11.23");
        for (id, time) in [
            ("a1", "2026-11-23T10:00:12.5Z"),
            ("b2", "2026-11-23T09:00:12Z"),
            ("c3", "2026-11-23T11:00:12Z"),
        ] {
            groups.add(&letter(time, "document", index, &parse(id)), id);
        }
        let other = Some("logferry-logs-2026.11.24");
        groups.add(
            &letter("2026-11-24T09:00:12Z", "document", other, &parse("d")),
            "d4",
        );
        groups.add(
            &letter("odd\u{1b}", "object", None, "corrupt gzip at byte 12"),
            "h/object",
        );
        insta::assert_snapshot!(table(&groups, 200));
        insta::assert_snapshot!(groups.to_json());
        assert_eq!(table(&LetterGroups::default(), 80), "No dead letters.\n");
    }
}
