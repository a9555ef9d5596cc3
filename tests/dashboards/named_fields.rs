/*! Fields that monitors and the queries of the docs name are in the schema. */

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::field;

/// Paths of fields in a search: of aggregations, terms and ranges.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    for (name, inside) in value.as_object().into_iter().flatten() {
        match (name.as_str(), inside) {
            ("field", Value::String(path)) => drop(found.insert(path.clone())),
            ("terms" | "range", Value::Object(fields)) if !fields.contains_key("field") => {
                found.extend(fields.keys().cloned());
            }
            _ => named(inside, found),
        }
    }
    for inside in value.as_array().into_iter().flatten() {
        named(inside, found);
    }
}

#[test]
fn fields_of_the_monitors() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/alerts/opensearch");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let monitor: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let search = &monitor["inputs"][0]["search"];
        let index = search["indices"][0].as_str().unwrap();
        let mut found = BTreeSet::new();
        named(&search["query"], &mut found);
        assert!(found.contains("@timestamp"), "{}", path.display());
        for path in found {
            assert!(field(index, &path).is_some(), "{index}: {path}");
        }
    }
}

/// PPL cannot be run here: its fields, and the index of each question, are checked.
#[test]
fn fields_of_the_documented_queries() {
    let page = include_str!("../../docs/queries.md");
    let in_query = Regex::new(
        r"(?:faas|lambda|invocation|error|log|aws|logferry)\.[\w.]+|@timestamp|\bmessage\b",
    )
    .unwrap();
    let blocks =
        Regex::new(r"(?s)Index: `([^`]+)`\n```lucene\n(.*?)\n```\n```ppl\n(.*?)\n```").unwrap();
    let text = Regex::new(r"'[^']*'|platform\.\w+").unwrap();
    let without_values = |query: &str| text.replace_all(query, "").into_owned();
    let mut questions = 0;
    for block in blocks.captures_iter(page) {
        let [index, lucene, ppl] = [1, 2, 3].map(|group| &block[group]);
        assert!(ppl.starts_with(&format!("source=`{index}` | ")), "{ppl}");
        for query in [without_values(lucene), without_values(ppl)] {
            let fields: Vec<&str> = in_query.find_iter(&query).map(|m| m.as_str()).collect();
            assert!(!fields.is_empty(), "{query}");
            for path in fields {
                assert!(
                    field(index, path).is_some(),
                    "{query}: {index} has no field {path}"
                );
            }
        }
        questions += 1;
    }
    assert_eq!(questions, 10);
}
