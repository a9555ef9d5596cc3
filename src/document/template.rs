/*! Index templates, made from the schema. */

use serde_json::{Map, Value, json};

use super::index_name::DocumentKind;
use super::schema::{FIELDS, Field, FieldKind};

/// Of what `setup` puts. Goes up with every change of the schema or of a template: that is how an older set is told.
pub const SCHEMA_VERSION: u64 = 1;

/// Templates of others that match the same indices must have another priority.
pub const PRIORITY: u64 = 200;

/// One of the templates: its name, and the body to put.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub form: Form,
    pub name: String,
    pub body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Component,
    Index,
}

impl Form {
    /// The part of the API that has it.
    pub fn api(self) -> &'static str {
        match self {
            Form::Component => "_component_template",
            Form::Index => "_index_template",
        }
    }
}

/// What an operator may choose about indices that are made from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub shards: u32,
    /// None leaves it to the cluster.
    pub replicas: Option<u32>,
    pub refresh_interval: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shards: 1,
            replicas: None,
            refresh_interval: "5s".to_owned(),
        }
    }
}

/// All templates for indices that begin with `prefix`, in the order in which they can be put; without settings where OpenSearch
/// keeps them to itself.
pub fn templates(prefix: &str, settings: Option<&Settings>) -> Vec<Template> {
    let with_settings = settings.is_some();
    let settings = settings.map(|settings| settings_component(prefix, settings));
    let mut all = Vec::from_iter(settings);
    all.extend(DocumentKind::ALL.map(|kind| mappings_component(prefix, kind)));
    all.extend(DocumentKind::ALL.map(|kind| index_template(prefix, kind, with_settings)));
    all
}

pub fn settings_name(prefix: &str) -> String {
    format!("{prefix}-settings")
}

pub fn mappings_name(prefix: &str, kind: DocumentKind) -> String {
    format!("{prefix}-{}-mappings", kind.as_str())
}

/// The name of an index template, and of the alias over its indices. No index of ours can be called so: theirs end in a day.
pub fn alias(prefix: &str, kind: DocumentKind) -> String {
    format!("{prefix}-{}", kind.as_str())
}

/// The names of daily indices, as closely as a pattern can tell: years 1970 to 2261.
pub fn index_patterns(prefix: &str, kind: DocumentKind) -> [String; 2] {
    let kind = kind.as_str();
    ["1", "2"].map(|century| format!("{prefix}-{kind}-{century}*.*.*"))
}

/// By this a later version knows what is ours, and how old it is.
fn stamp() -> Value {
    json!({"made_by": "logferry", "version": env!("CARGO_PKG_VERSION"), "schema": SCHEMA_VERSION})
}

/// Values are texts, as OpenSearch gives them back.
fn settings_component(prefix: &str, settings: &Settings) -> Template {
    let mut index = json!({
        "codec": "best_compression",
        "refresh_interval": settings.refresh_interval,
        "number_of_shards": settings.shards.to_string(),
        "mapping": {"total_fields": {"limit": "1000"}},
    });
    if let Some(replicas) = settings.replicas {
        index["number_of_replicas"] = replicas.to_string().into();
    }
    Template {
        form: Form::Component,
        name: settings_name(prefix),
        body: json!({"template": {"settings": {"index": index}}, "_meta": stamp()}),
    }
}

fn mappings_component(prefix: &str, kind: DocumentKind) -> Template {
    Template {
        form: Form::Component,
        name: mappings_name(prefix, kind),
        body: json!({"template": {"mappings": mappings(kind)}, "_meta": stamp()}),
    }
}

fn index_template(prefix: &str, kind: DocumentKind, with_settings: bool) -> Template {
    let alias = alias(prefix, kind);
    let mut components = Vec::from_iter(with_settings.then(|| settings_name(prefix)));
    components.push(mappings_name(prefix, kind));
    Template {
        form: Form::Index,
        body: json!({
            "index_patterns": index_patterns(prefix, kind),
            "priority": PRIORITY,
            "composed_of": components,
            "template": {"aliases": {&alias: {}}},
            "_meta": stamp(),
        }),
        name: alias,
    }
}

/// The mappings of one kind of documents.
pub fn mappings(kind: DocumentKind) -> Value {
    let fields = FIELDS.iter().filter(|field| match kind {
        DocumentKind::Log => field.in_logs(),
        DocumentKind::Invocation => field.in_invocations(),
    });
    let mut properties = Map::new();
    for Field { path, kind, .. } in fields {
        place(&mut properties, path, mapping(*kind));
    }
    // What the schema does not name is kept, not mapped: no line can make the mapping grow.
    json!({"dynamic": "false", "properties": properties})
}

/// Fields that documents of ours hardly ever lack.
const USUAL: [&str; 19] = [
    "@timestamp",
    "message",
    "lambda.type",
    "faas.name",
    "faas.version",
    "faas.invocation_id",
    "aws.log.group.name",
    "aws.log.stream.name",
    "aws.s3.bucket",
    "aws.s3.key",
    "log.offset",
    "invocation.end",
    "invocation.status",
    "invocation.attempts",
    "invocation.log_count",
    "invocation.error_count",
    "invocation.log_bytes",
    "invocation.merge",
    "lambda.duration_ms",
];

/// A document with plain values in the usual fields: an index that refuses it refuses nearly all documents of its kind.
pub fn sample(kind: DocumentKind) -> Vec<u8> {
    let fields = FIELDS.iter().filter(|field| match kind {
        DocumentKind::Log => field.in_logs(),
        DocumentKind::Invocation => field.in_invocations(),
    });
    let fields = fields.filter(|field| USUAL.contains(&field.path));
    let mut document = json!({});
    for Field { path, kind, .. } in fields {
        let mut place = &mut document;
        for name in path.split('.') {
            place = &mut place[name];
        }
        *place = match kind {
            FieldKind::Keyword { .. } | FieldKind::Text => json!("logferry"),
            FieldKind::Date => json!("2026-01-01T00:00:00.000Z"),
            FieldKind::Double => json!(1.5),
            FieldKind::Long | FieldKind::Place => json!(1),
            FieldKind::Boolean => json!(true),
            FieldKind::FlatObject | FieldKind::Stored => json!({}),
        };
    }
    document.to_string().into_bytes()
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
        let [logs, invocations] = DocumentKind::ALL.map(mappings);
        insta::assert_json_snapshot!("logs_mappings", logs);
        insta::assert_json_snapshot!("invocations_mappings", invocations);
    }

    #[test]
    fn a_sample_has_the_usual_fields_of_its_kind() {
        for path in USUAL {
            assert!(FIELDS.iter().any(|field| field.path == path), "{path}");
        }
        let samples = DocumentKind::ALL.map(|kind| String::from_utf8(sample(kind)).unwrap());
        insta::assert_snapshot!("samples", samples.join("\n"));
    }

    #[test]
    fn templates_but_for_their_mappings() {
        let settings = Settings {
            replicas: Some(0),
            ..Settings::default()
        };
        let mut all = serde_json::Map::new();
        for mut template in templates("logferry", Some(&settings)) {
            template.body["_meta"]["version"] = "[version]".into();
            if let Some(mappings) = template.body.pointer_mut("/template/mappings") {
                *mappings = "[mappings]".into();
            }
            all.insert(
                format!("{}/{}", template.form.api(), template.name),
                template.body,
            );
        }
        insta::assert_json_snapshot!("templates", all);
    }
}
