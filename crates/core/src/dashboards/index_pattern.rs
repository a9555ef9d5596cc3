/*! The schema goes in; the index patterns of OpenSearch Dashboards come out, with their fields: a dashboard can be
opened before the first document exists. */

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::dashboards::saved_object::{ObjectKind, Reference, SavedObject};
use crate::document::index_name::DocumentKind;
use crate::document::schema::{FIELDS, Field, FieldKind};
use crate::document::template::alias;

/// Which documents a panel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Logs,
    Invocations,
    DeadLetters,
}

impl Source {
    pub(crate) const ALL: [Source; 3] = [Source::Logs, Source::Invocations, Source::DeadLetters];

    /// The id of the index pattern.
    pub(crate) fn id(self, prefix: &str) -> String {
        match self {
            Source::Logs => alias(prefix, DocumentKind::Log),
            Source::Invocations => alias(prefix, DocumentKind::Invocation),
            Source::DeadLetters => format!("{prefix}-dead-letters"),
        }
    }

    /// The names of the indices.
    pub(crate) fn indices(self, prefix: &str) -> String {
        match self {
            Source::Logs | Source::Invocations => format!("{}-*", self.id(prefix)),
            Source::DeadLetters => format!("{}*", self.id(prefix)),
        }
    }

    /// The reference of a visualization or a search to the index pattern.
    pub(crate) fn reference(self, prefix: &str) -> Reference {
        Reference {
            name: INDEX_REFERENCE.to_owned(),
            kind: ObjectKind::IndexPattern,
            id: self.id(prefix),
        }
    }
}

/// The name by which `searchSourceJSON` refers to the index pattern.
pub(crate) const INDEX_REFERENCE: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";

/// Fields of dead letters. logferry makes no template for their index: OpenSearch maps a text as `text` with a
/// `keyword` below it.
const DEAD_LETTER_TEXTS: [&str; 10] = [
    "kind",
    "bucket",
    "key",
    "etag",
    "version_id",
    "reason",
    "worker",
    "index",
    "id",
    "document",
];
const DEAD_LETTER_NUMBERS: [&str; 4] = ["format", "offset", "size", "status"];

pub(crate) fn index_pattern(prefix: &str, source: Source, invocation_board: &str) -> SavedObject {
    let title = source.indices(prefix);
    let fields = Value::from(fields(source));
    let formats = formats(source, invocation_board);
    let mut attributes = Map::new();
    attributes.insert("title".to_owned(), title.clone().into());
    attributes.insert("timeFieldName".to_owned(), "@timestamp".into());
    attributes.insert("fields".to_owned(), fields.to_string().into());
    attributes.insert("fieldFormatMap".to_owned(), formats.to_string().into());
    if source == Source::Invocations {
        // Bookkeeping of logferry that tells people nothing.
        let hidden = json!([{"value": "invocation.merge*"}]);
        attributes.insert("sourceFilters".to_owned(), hidden.to_string().into());
    }
    SavedObject {
        kind: ObjectKind::IndexPattern,
        id: source.id(prefix),
        title,
        attributes,
        references: Vec::new(),
    }
}

/// Names of the fields of `wanted` that a stored index pattern lacks, and its field list with them added. `None` if the
/// stored list is missing or unreadable: Dashboards then asks OpenSearch for the fields.
pub fn missing_fields(
    wanted: &SavedObject,
    stored: &Map<String, Value>,
) -> Option<(Vec<String>, String)> {
    let list = |attributes: &Map<String, Value>| -> Option<Vec<Value>> {
        serde_json::from_str(attributes.get("fields")?.as_str()?).ok()
    };
    let mut all = list(stored)?;
    let known: BTreeSet<String> = all.iter().filter_map(name).collect();
    let mut added = Vec::new();
    for field in list(&wanted.attributes)? {
        if let Some(name) = name(&field).filter(|name| !known.contains(name)) {
            added.push(name);
            all.push(field);
        }
    }
    Some((added, Value::from(all).to_string()))
}

fn name(field: &Value) -> Option<String> {
    Some(field["name"].as_str()?.to_owned())
}

fn fields(source: Source) -> Vec<Value> {
    let meta = [
        ("_id", "string"),
        ("_index", "string"),
        ("_score", "number"),
        ("_source", "_source"),
    ];
    let mut fields: Vec<Value> = Vec::new();
    for (name, of_type) in meta {
        let is_text = of_type == "string";
        let mut field = entry(name, of_type, name, is_text, is_text);
        field["readFromDocValues"] = false.into();
        fields.push(field);
    }
    match source {
        Source::Logs => fields.extend(FIELDS.iter().filter(|f| f.in_logs()).filter_map(of_schema)),
        Source::Invocations => {
            fields.extend(
                FIELDS
                    .iter()
                    .filter(|f| f.in_invocations())
                    .filter_map(of_schema),
            );
        }
        Source::DeadLetters => fields.extend(of_dead_letters()),
    }
    fields
}

/// `None` for a field that is not mapped.
fn of_schema(field: &Field) -> Option<Value> {
    let (of_type, mapped, searchable, aggregatable) = match field.kind {
        FieldKind::Keyword { .. } => ("string", "keyword", true, true),
        FieldKind::Text => ("string", "match_only_text", true, false),
        FieldKind::Date => ("date", "date", true, true),
        FieldKind::Double => ("number", "double", true, true),
        FieldKind::Long => ("number", "long", true, true),
        FieldKind::Place => ("number", "long", false, true),
        FieldKind::Boolean => ("boolean", "boolean", true, true),
        FieldKind::FlatObject => ("unknown", "flat_object", true, false),
        FieldKind::Stored => return None,
    };
    Some(entry(field.path, of_type, mapped, searchable, aggregatable))
}

fn of_dead_letters() -> Vec<Value> {
    let mut fields = vec![entry("@timestamp", "date", "date", true, true)];
    for name in DEAD_LETTER_TEXTS {
        fields.push(entry(name, "string", "text", true, false));
        let mut keyword = entry(&format!("{name}.keyword"), "string", "keyword", true, true);
        keyword["subType"] = json!({"multi": {"parent": name}});
        fields.push(keyword);
    }
    fields.extend(DEAD_LETTER_NUMBERS.map(|name| entry(name, "number", "long", true, true)));
    fields
}

fn entry(name: &str, of_type: &str, mapped: &str, searchable: bool, aggregatable: bool) -> Value {
    json!({
        "count": 0, "name": name, "type": of_type, "esTypes": [mapped], "scripted": false,
        "searchable": searchable, "aggregatable": aggregatable, "readFromDocValues": aggregatable,
    })
}

/// Links and units.
fn formats(source: Source, invocation_board: &str) -> Value {
    let mut formats = Map::new();
    let bytes = ["invocation.log_bytes", "lambda.produced_bytes", "size"];
    let names = fields(source)
        .iter()
        .filter_map(name)
        .collect::<BTreeSet<_>>();
    for field in bytes.into_iter().filter(|field| names.contains(*field)) {
        formats.insert(field.to_owned(), json!({"id": "bytes"}));
    }
    if names.contains("faas.invocation_id") {
        // Relative to `/app/` of Dashboards.
        let link = format!(
            "dashboards#/view/{invocation_board}?_g=(time:(from:now-90d,to:now))&_a=(query:(language:kuery,query:'faas.invocation_id:%20%22{{{{value}}}}%22'))"
        );
        formats.insert(
            "faas.invocation_id".to_owned(),
            json!({"id": "url", "params": {
                "type": "a", "urlTemplate": link, "labelTemplate": "{{value}}", "openLinkInCurrentTab": true,
            }}),
        );
    }
    Value::Object(formats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_a_stored_pattern_lacks_are_added() {
        let wanted = index_pattern("lf", Source::Logs, "lf-board");
        assert_eq!(
            missing_fields(&wanted, &wanted.attributes).unwrap().0,
            [""; 0]
        );
        let theirs = json!([{"name": "message", "count": 7}, {"name": "app.order"}]).to_string();
        let stored = Map::from_iter([("fields".to_owned(), theirs.into())]);
        let (added, list) = missing_fields(&wanted, &stored).unwrap();
        assert!(added.contains(&"faas.name".to_owned()) && !added.contains(&"message".to_owned()));
        let list: Vec<Value> = serde_json::from_str(&list).unwrap();
        assert_eq!(list.len(), added.len() + 2);
        assert_eq!(list[0]["count"], 7);
        assert_eq!(missing_fields(&wanted, &Map::new()), None);
    }

    #[test]
    fn a_request_id_links_to_its_dashboard() {
        let pattern = index_pattern("lf", Source::Logs, "lf-board");
        let formats = pattern.attributes["fieldFormatMap"].as_str().unwrap();
        let formats: Value = serde_json::from_str(formats).unwrap();
        let link = formats["faas.invocation_id"]["params"]["urlTemplate"]
            .as_str()
            .unwrap();
        assert!(link.starts_with("dashboards#/view/lf-board?"), "{link}");
        assert!(
            link.ends_with("faas.invocation_id:%20%22{{value}}%22'))"),
            "{link}"
        );
    }
}
