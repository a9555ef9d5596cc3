/*! Index templates, made from the schema. */

use serde_json::{Map, Value, json};

use super::schema::{FIELDS, Field, FieldKind};

/// An index template: its name, and the body to put.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub name: String,
    pub body: Value,
}

/// The templates of both kinds of documents for indices that begin with `prefix`.
pub fn templates(prefix: &str) -> [Template; 2] {
    let logs = FIELDS.iter().filter(|f| f.in_logs());
    let invocations = FIELDS.iter().filter(|f| f.in_invocations());
    [
        template(prefix, "logs", logs),
        template(prefix, "invocations", invocations),
    ]
}

fn template<'a>(prefix: &str, kind: &str, fields: impl Iterator<Item = &'a Field>) -> Template {
    let mut properties = Map::new();
    for field in fields {
        place(&mut properties, field.path, mapping(field.kind));
    }
    Template {
        name: format!("{prefix}-{kind}"),
        body: json!({
            "index_patterns": [format!("{prefix}-{kind}-*")],
            "priority": 200,
            "_meta": {"made_by": "logferry", "version": env!("CARGO_PKG_VERSION")},
            "template": {
                "settings": {"index": {"codec": "best_compression", "refresh_interval": "5s"}},
                // What the schema does not name is kept, not mapped: no line can make the mapping grow.
                "mappings": {"dynamic": false, "properties": properties},
            },
        }),
    }
}

fn place(properties: &mut Map<String, Value>, path: &str, mapping: Value) {
    match path.split_once('.') {
        None => {
            properties.insert(path.to_owned(), mapping);
        }
        Some((outer, rest)) => {
            let object = properties
                .entry(outer)
                .or_insert_with(|| json!({"properties": {}}));
            if let Some(Value::Object(inner)) = object.get_mut("properties") {
                place(inner, rest, mapping);
            }
        }
    }
}

fn mapping(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Keyword { ignore_above } => {
            json!({"type": "keyword", "ignore_above": ignore_above})
        }
        FieldKind::Text => json!({"type": "match_only_text"}),
        FieldKind::Date => json!({"type": "date"}),
        FieldKind::Double => json!({"type": "double"}),
        FieldKind::Long => json!({"type": "long"}),
        FieldKind::Place => json!({"type": "long", "index": false}),
        FieldKind::Boolean => json!({"type": "boolean"}),
        FieldKind::FlatObject => json!({"type": "flat_object"}),
        FieldKind::Stored => json!({"type": "object", "enabled": false}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_place() {
        let [logs, invocations] = templates("logferry");
        insta::assert_json_snapshot!("logs_template", logs.body, {"._meta.version" => "[version]"});
        insta::assert_json_snapshot!("invocations_template", invocations.body, {"._meta.version" => "[version]"});
    }
}
