/*! Tests of the schema against the documents of all fixtures, the mappings and `docs/fields.md`. */

use std::collections::BTreeSet;
use std::fmt::Write as _;

use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::schema::{FIELDS, Field, FieldKind};
use logferry_core::document::template::{alias, mappings};
use serde_json::Value;

#[path = "docs/generated_page.rs"]
mod generated_page;

#[path = "servers/corpus.rs"]
#[expect(dead_code, reason = "shared with the tests on real servers")]
mod corpus;

/// The fields of a kind of documents.
fn fields_of(kind: DocumentKind) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |field| match kind {
        DocumentKind::Log => field.in_logs(),
        DocumentKind::Invocation => field.in_invocations(),
    })
}

/// Collects the paths of a source, down to the fields of the schema. Members below `app` or `invocation.merge` belong
/// to these fields.
fn paths(value: &Value, path: &str, fields: &BTreeSet<&str>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !fields.contains(path) => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                paths(member, &format!("{path}{dot}{name}"), fields, found);
            }
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

#[test]
fn fixtures_use_every_field_of_the_schema_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    corpus::write(folder.path());
    let mut documents = corpus::documents(folder.path(), &[]);
    let folded = corpus::documents(folder.path(), &["--platform-lines", "folded"]);
    assert!(folded.len() < documents.len());
    documents.extend(folded);
    assert!(documents.len() > 10_000, "{}", documents.len());
    for kind in DocumentKind::ALL {
        let fields: BTreeSet<&str> = fields_of(kind).map(|field| field.path).collect();
        let mut found = BTreeSet::new();
        let part = format!("-{}-", kind.as_str());
        for document in documents.iter().filter(|d| d.index.contains(&part)) {
            paths(&document.source, "", &fields, &mut found);
        }
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        let unknown: Vec<_> = found.difference(&fields).collect();
        assert!(unknown.is_empty(), "{part} not in the schema: {unknown:?}");
        let unused: Vec<_> = fields.difference(&found).collect();
        assert!(unused.is_empty(), "{part} in no document: {unused:?}");
    }
}

/// The leaves of the mappings are exactly the fields of the schema.
#[test]
fn mappings_map_the_schema() {
    fn leaves(properties: &Value, path: &str, found: &mut BTreeSet<String>) {
        for (name, field) in properties.as_object().unwrap() {
            let path = format!("{path}{name}");
            match field.get("properties") {
                Some(inside) => leaves(inside, &format!("{path}."), found),
                None => drop(found.insert(path)),
            }
        }
    }
    for kind in DocumentKind::ALL {
        let mut found = BTreeSet::new();
        leaves(&mappings(kind)["properties"], "", &mut found);
        let fields: BTreeSet<String> = fields_of(kind).map(|field| field.path.to_owned()).collect();
        assert_eq!(found, fields);
        assert_eq!(mappings(kind)["dynamic"], "false");
    }
}

#[test]
fn docs_fields_md_is_up_to_date() {
    generated_page::assert_up_to_date(
        "docs/fields.md",
        &page(),
        "crates/core/src/document/schema.rs",
        "schema",
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Fields\n\n\
         Generated from the schema (`document/schema.rs`) by `LOGFERRY_UPDATE_DOCS=1 cargo test --test schema`. A field without\n\
         a value is left out.\n\
         \n\
         Types are OpenSearch's:\n\
         - `keyword` serves filters and aggregations, whole and exact. A value of more characters than the number behind it is\n\
         \x20\x20stored and not indexed.\n\
         - `match_only_text` serves searches for words.\n\
         - `flat_object` is searched by path, such as `app.order.id`, and all its values are keywords.\n\
         - `stored` is kept in the document and not indexed.\n\
         - A field that is `not indexed` but has a type can be sorted by, and searched slowly.\n",
    );
    for (kind, heading, what, more) in [
        (
            DocumentKind::Log,
            "Log documents",
            "one for each event, by the day of the event",
            " An event without a time (`no_timestamp`) shows the object's LastModified as `@timestamp`.\n\
             Its index is that of the last time before it in the object, else of the date in the key or in the stream's name,\n\
             else of 1970-01-01: LastModified does not choose it, so that the same object stored again ends in the same documents.",
        ),
        (
            DocumentKind::Invocation,
            "Invocations",
            "one for each request, by the day of its log stream",
            "",
        ),
    ] {
        let alias = alias("PREFIX", kind);
        let _ = write!(
            page,
            "\n## {heading}\n`{alias}-YYYY.MM.DD`, {what}; the alias `{alias}` is over all days.{more}\n\n| field | type | what |\n|---|---|---|\n"
        );
        for field in fields_of(kind) {
            let name = type_name(field, kind);
            let _ = writeln!(
                page,
                "| `{}` | {name} | {} |",
                field.path, field.description
            );
        }
    }
    page
}

fn type_name(field: &Field, kind: DocumentKind) -> String {
    let mappings = mappings(kind);
    let mut at = &mappings;
    for name in field.path.split('.') {
        at = &at["properties"][name];
    }
    match field.kind {
        FieldKind::Stored => "stored".to_owned(),
        FieldKind::Place => "long, not indexed".to_owned(),
        FieldKind::Keyword { ignore_above } => format!("keyword ({ignore_above})"),
        _ => at["type"].as_str().unwrap().to_owned(),
    }
}
