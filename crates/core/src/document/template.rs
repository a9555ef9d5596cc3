/*! The schema and an operator's settings go in; the component and index templates for OpenSearch come out. */

use serde_json::{Map, Value, json};

use crate::document::index_name::DocumentKind;
use crate::document::schema::{FIELDS, Field, FieldKind};

/// Version of the templates that `setup` writes. Every change of the schema or of a template increments it, so that a
/// worker recognises an older set.
pub const SCHEMA_VERSION: u64 = 3;

/// Priority of the index templates. Another index template that matches the same indices must have a different one.
pub const PRIORITY: u64 = 200;

/// One template: its name, and the JSON body of the `PUT` request.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub form: Form,
    pub name: String,
    pub body: Value,
}

/// The two sorts of templates of OpenSearch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Component,
    Index,
}

impl Form {
    /// The API path for templates of this form.
    pub fn api(self) -> &'static str {
        match self {
            Form::Component => "_component_template",
            Form::Index => "_index_template",
        }
    }
}

/// Settings of new indices. Existing indices keep theirs. `None` leaves a setting to OpenSearch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// OpenSearch's name of the codec that compresses stored fields, such as `zstd`.
    pub codec: Option<String>,
    pub shards: Option<u32>,
    pub replicas: Option<u32>,
    /// How replicas get documents: `DOCUMENT` or `SEGMENT`.
    pub replication: Option<String>,
    /// An OpenSearch duration, such as `5s`.
    pub refresh_interval: Option<String>,
    /// Most fields that the mappings of an index may have.
    pub most_fields: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            codec: Some("best_compression".to_owned()),
            shards: Some(1),
            replicas: None,
            replication: None,
            refresh_interval: Some("5s".to_owned()),
            most_fields: Some(1000),
        }
    }
}

impl Settings {
    /// For OpenSearch Serverless, which takes hardly any setting of an index.
    pub const NONE: Self = Self {
        codec: None,
        shards: None,
        replicas: None,
        replication: None,
        refresh_interval: None,
        most_fields: None,
    };
}

/// All templates for indices whose names begin with `prefix`, in an order in which OpenSearch accepts them (components
/// first).
pub fn templates(prefix: &str, settings: &Settings) -> Vec<Template> {
    let with_settings = *settings != Settings::NONE;
    let mut all = Vec::from_iter(with_settings.then(|| settings_component(prefix, settings)));
    all.extend(DocumentKind::ALL.map(|kind| mappings_component(prefix, kind)));
    all.extend(DocumentKind::ALL.map(|kind| index_template(prefix, kind, with_settings)));
    all
}

/// The name of the component template with the settings.
pub fn settings_name(prefix: &str) -> String {
    format!("{prefix}-settings")
}

/// The name of the component template with the mappings of `kind`.
pub fn mappings_name(prefix: &str, kind: DocumentKind) -> String {
    format!("{prefix}-{}-mappings", kind.as_str())
}

/// The name of an index template, and of the alias over its indices. It never equals the name of a daily index, which
/// ends in a date.
pub fn alias(prefix: &str, kind: DocumentKind) -> String {
    format!("{prefix}-{}", kind.as_str())
}

/// Patterns that match the names of daily indices, for the years 1970 to 2261.
pub fn index_patterns(prefix: &str, kind: DocumentKind) -> [String; 2] {
    let kind = kind.as_str();
    ["1", "2"].map(|century| format!("{prefix}-{kind}-{century}*.*.*"))
}

/// The `_meta` of a template: it tells a later version that logferry made the template, and which version of the
/// schema.
fn template_meta() -> Value {
    json!({"made_by": "logferry", "version": env!("CARGO_PKG_VERSION"), "schema": SCHEMA_VERSION})
}

/// Values are strings, because OpenSearch returns index settings as strings.
fn settings_component(prefix: &str, settings: &Settings) -> Template {
    let mut index = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            index.insert(name.to_owned(), value.into());
        }
    };
    set("codec", settings.codec.clone());
    set("refresh_interval", settings.refresh_interval.clone());
    set("number_of_shards", settings.shards.map(|n| n.to_string()));
    set(
        "number_of_replicas",
        settings.replicas.map(|n| n.to_string()),
    );
    if let Some(replication) = &settings.replication {
        index.insert("replication".to_owned(), json!({"type": replication}));
    }
    if let Some(limit) = settings.most_fields {
        let limit = limit.to_string();
        index.insert(
            "mapping".to_owned(),
            json!({"total_fields": {"limit": limit}}),
        );
    }
    Template {
        form: Form::Component,
        name: settings_name(prefix),
        body: json!({"template": {"settings": {"index": index}}, "_meta": template_meta()}),
    }
}

fn mappings_component(prefix: &str, kind: DocumentKind) -> Template {
    Template {
        form: Form::Component,
        name: mappings_name(prefix, kind),
        body: json!({"template": {"mappings": mappings(kind)}, "_meta": template_meta()}),
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
            "_meta": template_meta(),
        }),
        name: alias,
    }
}

/// The body of the mappings for documents of `kind`.
pub fn mappings(kind: DocumentKind) -> Value {
    let fields = FIELDS.iter().filter(|field| match kind {
        DocumentKind::Log => field.in_logs(),
        DocumentKind::Invocation => field.in_invocations(),
    });
    let mut properties = Map::new();
    for Field { path, kind, .. } in fields {
        insert_mapping(&mut properties, path, mapping(*kind));
    }
    // Fields outside the schema are stored and not mapped, so that no log line can make the mapping grow.
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
        let mut node = &mut document;
        for name in path.split('.') {
            node = &mut node[name];
        }
        *node = match kind {
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

/// Inserts the mapping of the field at `path` (dotted), with the `properties` of its parents.
fn insert_mapping(properties: &mut Map<String, Value>, path: &str, mapping: Value) {
    match path.split_once('.') {
        None => {
            properties.insert(path.to_owned(), mapping);
        }
        Some((outer, rest)) => {
            let object = properties
                .entry(outer)
                .or_insert_with(|| json!({"properties": {}}));
            if let Some(Value::Object(inner)) = object.get_mut("properties") {
                insert_mapping(inner, rest, mapping);
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
    fn mappings_of_every_field() {
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
    fn templates_without_their_mappings() {
        let settings = Settings {
            replicas: Some(0),
            ..Settings::default()
        };
        let mut all = serde_json::Map::new();
        for mut template in templates("logferry", &settings) {
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
