//! The schema's table against documents.

use crate::document::schema::{FIELDS, FieldKind};
use crate::document::tests::*;
use std::collections::BTreeMap;

/// Every leaf path of a JSON value with what stands there.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) if path != "app" && path != "aws.log.extracted" => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(member, &format!("{path}{dot}{name}"), found);
            }
        }
        leaf => drop(found.insert(path.to_owned(), leaf.clone())),
    }
}

#[test]
fn documents_have_the_fields_of_the_schema_and_no_others() {
    let mut copied = origin();
    copied.subscription.extracted = Some(r#"{"@source.log":"/aws/lambda/checkout"}"#.into());
    let known = Arc::new(copied);
    let mut found = BTreeMap::new();
    let cut = Event {
        truncated: 5,
        ..event("raw", &known)
    };
    let keep = DocumentOptions {
        keep_original: true,
        ..options()
    };
    let none_of_its_own = Record {
        request_id: None,
        ..full()
    };
    for (record, context) in [(full(), LineContext::default()), (none_of_its_own, AROUND)] {
        let document = with(&object(), &keep, &cut, true, &record, &context);
        leaves(&document["source"], "", &mut found);
    }
    let paths: Vec<&str> = found.keys().map(String::as_str).collect();
    let in_logs = FIELDS.iter().filter(|field| field.in_logs());
    let mut expected: Vec<&str> = in_logs.clone().map(|field| field.path).collect();
    expected.sort_unstable();
    assert_eq!(paths, expected);
    for field in in_logs {
        let value = match &found[field.path] {
            Value::Array(values) => &values[0],
            value => value,
        };
        let fits = match field.kind {
            FieldKind::Keyword { .. } | FieldKind::Text | FieldKind::Stored => value.is_string(),
            FieldKind::Date if field.path == "emf.timestamp" => value.is_u64(),
            FieldKind::Date => value
                .as_str()
                .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            FieldKind::Double => value.is_number(),
            FieldKind::Long | FieldKind::Place => value.is_u64(),
            FieldKind::Boolean => value.is_boolean(),
            FieldKind::FlatObject => value.is_object(),
        };
        assert!(fits, "{}: {value}", field.path);
    }
}

#[test]
fn the_schema_names_every_field_once_and_no_field_is_an_object_too() {
    for (at, field) in FIELDS.iter().enumerate() {
        for other in &FIELDS[at + 1..] {
            let parent = |a: &str, b: &str| {
                a.strip_prefix(b)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            assert!(
                !parent(field.path, other.path) && !parent(other.path, field.path),
                "{}",
                field.path
            );
        }
        assert!(!field.description.is_empty() && !field.description.ends_with('.'));
        if let FieldKind::Keyword { ignore_above } = field.kind {
            assert!(u32::from(ignore_above) * 4 <= 32_766, "{}", field.path);
        }
    }
}
