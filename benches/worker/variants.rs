/*! Ways to index the same documents: our templates, dynamic mapping, and our templates with one change. */

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use logferry_core::document::schema::FIELDS;
use logferry_core::document::template::{Settings, Template, templates};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::bodies::lines;

pub struct Variant {
    pub name: String,
    change: Change,
}

enum Change {
    None,
    /// No template: OpenSearch's own defaults.
    Dynamic,
    /// Other mappings of fields; null removes a field from the index.
    Fields(Vec<(&'static str, Value)>),
    Setting(&'static str, Value),
    /// Another `_id`, made of the original's 16 bytes, the event's milliseconds and the hash of its stream.
    Id(fn([u8; 16], u64, u64) -> Vec<u8>),
    /// The documents of `--platform-lines folded`.
    Folded,
    /// Changed documents.
    Source(fn(&mut Value)),
    All(Vec<Change>),
}

pub const OURS: &str = "our template";
pub const DYNAMIC: &str = "dynamic mapping";

/// All variants; the two that are always measured come first.
pub fn all() -> Vec<Variant> {
    let mut variants = vec![
        variant(DYNAMIC, Change::Dynamic),
        variant(OURS, Change::None),
    ];
    variants.extend(folded());
    variants.extend(fields());
    variants.extend(settings());
    variants.extend(ids());
    variants.extend(sources());
    let without = FIELDS.iter().filter(|f| f.in_logs()).map(|field| Variant {
        name: format!("without {}", field.path),
        change: Change::Fields(vec![(field.path, Value::Null)]),
    });
    variants.extend(without);
    variants
}

fn variant(name: &str, change: Change) -> Variant {
    Variant {
        name: name.to_owned(),
        change,
    }
}

fn folded() -> Vec<Variant> {
    let with = |change: Change| Change::All(vec![Change::Folded, change]);
    let by_size = Change::Setting("merge.policy", json!("log_byte_size"));
    let refresh = Change::Setting("refresh_interval", json!("30s"));
    vec![
        variant("folded", Change::Folded),
        variant("folded, merged by size", with(by_size)),
        variant("folded, refresh every 30 s", with(refresh)),
        variant(
            "folded, codec default",
            with(Change::Setting("codec", json!("default"))),
        ),
    ]
}

const REPORT_NUMBERS: [&str; 9] = [
    "lambda.duration_ms",
    "lambda.billed_duration_ms",
    "lambda.memory_size_mb",
    "lambda.max_memory_used_mb",
    "lambda.init_duration_ms",
    "lambda.restore_duration_ms",
    "lambda.billed_restore_duration_ms",
    "lambda.produced_bytes",
    "lambda.timeout_seconds",
];
const LOW_CARDINALITY: [&str; 12] = [
    "log.level",
    "lambda.type",
    "faas.name",
    "faas.version",
    "aws.log.group.name",
    "aws.log.stream.name",
    "aws.s3.bucket",
    "aws.s3.key",
    "cloud.account.id",
    "cloud.region",
    "lambda.status",
    "logferry.flags",
];

fn fields() -> Vec<Variant> {
    let searched = json!({"type": "keyword", "ignore_above": 8191, "doc_values": false});
    let shown = json!({"type": "keyword", "ignore_above": 8191, "index": false});
    let each = |paths: &[&'static str], mapping: Value| {
        Change::Fields(paths.iter().map(|path| (*path, mapping.clone())).collect())
    };
    let no_index = |kind: &str| json!({"type": kind, "index": false});
    vec![
        variant(
            "offset: with an index",
            each(&["log.offset"], json!({"type": "long"})),
        ),
        variant(
            "offset: index only",
            each(
                &["log.offset"],
                json!({"type": "long", "doc_values": false}),
            ),
        ),
        variant(
            "numbers: doc values only",
            each(&REPORT_NUMBERS, no_index("double")),
        ),
        variant(
            "numbers: float",
            each(&REPORT_NUMBERS, json!({"type": "float"})),
        ),
        variant(
            "invocation id: index only",
            each(&["faas.invocation_id"], searched.clone()),
        ),
        variant(
            "invocation id: doc values only",
            each(&["faas.invocation_id"], shown.clone()),
        ),
        variant(
            "x-ray: index only",
            each(
                &["aws.xray.trace_id", "aws.xray.segment_id"],
                searched.clone(),
            ),
        ),
        variant(
            "s3: doc values only",
            each(&["aws.s3.bucket", "aws.s3.key"], shown.clone()),
        ),
        variant(
            "stream: index only",
            each(&["aws.log.stream.name"], searched.clone()),
        ),
        variant(
            "few-valued keywords: doc values only",
            each(&LOW_CARDINALITY, shown),
        ),
        variant(
            "app: stored only",
            each(&["app"], json!({"type": "object", "enabled": false})),
        ),
        variant("message: text", each(&["message"], json!({"type": "text"}))),
        variant(
            "message: text, no norms",
            each(
                &["message"],
                json!({"type": "text", "norms": false, "index_options": "docs"}),
            ),
        ),
        variant(
            "message: wildcard",
            each(&["message"], json!({"type": "wildcard"})),
        ),
        variant(
            "stack trace: stored only",
            each(
                &["error.stack_trace"],
                json!({"type": "object", "enabled": false}),
            ),
        ),
    ]
}

fn settings() -> Vec<Variant> {
    let set = |name, value| Change::Setting(name, value);
    vec![
        variant("refresh: 30s", set("refresh_interval", json!("30s"))),
        variant("refresh: 10s", set("refresh_interval", json!("10s"))),
        variant("refresh: default", set("refresh_interval", Value::Null)),
        variant("codec: default", set("codec", json!("default"))),
        variant("sort: time", set("sort.field", json!("@timestamp"))),
        variant(
            "sort: stream",
            Change::All(vec![
                set("sort.field", json!(["aws.log.stream.name", "@timestamp"])),
                set("sort.order", json!(["asc", "asc"])),
            ]),
        ),
        variant(
            "translog: flush at 2 GB",
            set("translog.flush_threshold_size", json!("2gb")),
        ),
        variant(
            "merge: log_byte_size",
            set("merge.policy", json!("log_byte_size")),
        ),
        variant(
            "merge: one thread",
            set("merge.scheduler.max_thread_count", json!(1)),
        ),
        variant(
            "merge: segments a tier 20",
            set("merge.policy.segments_per_tier", json!(20)),
        ),
    ]
}

fn ids() -> Vec<Variant> {
    vec![
        variant(
            "id: time, then hash",
            Change::Id(|id, ms, _| [&ms.to_be_bytes()[2..], &id[..10]].concat()),
        ),
        variant(
            "id: stream, time, hash",
            Change::Id(|id, ms, stream| {
                [&stream.to_be_bytes()[4..], &ms.to_be_bytes()[3..], &id[..7]].concat()
            }),
        ),
        variant(
            "id: quarter of an hour, stream, time, hash",
            Change::Id(|id, ms, stream| {
                // Events of a stream stay together, and new events sort after all existing ones.
                let quarter = ms / 900_000;
                let parts = [
                    &quarter.to_be_bytes()[5..],
                    &stream.to_be_bytes()[4..],
                    &ms.to_be_bytes()[5..],
                    &id[..6],
                ];
                parts.concat()
            }),
        ),
        variant(
            "id: 12 bytes of hash",
            Change::Id(|id, _, _| id[..12].to_vec()),
        ),
        variant(
            "id: 9 bytes of hash",
            Change::Id(|id, _, _| id[..9].to_vec()),
        ),
    ]
}

fn sources() -> Vec<Variant> {
    fn without_fields(document: &mut Value) {
        let Some(app) = document.get_mut("app").and_then(Value::as_object_mut) else {
            return;
        };
        for name in [
            "timestamp",
            "time",
            "level",
            "requestId",
            "message",
            "type",
            "record",
            "errorType",
            "errorMessage",
            "stackTrace",
        ] {
            app.remove(name);
        }
        if app.is_empty() {
            document
                .as_object_mut()
                .map(|document| document.remove("app"));
        }
    }
    fn without_merge(document: &mut Value) {
        if let Some(invocation) = document
            .get_mut("invocation")
            .and_then(Value::as_object_mut)
        {
            invocation.remove("merge");
        }
    }
    vec![
        // The baseline of the other variants of documents.
        variant("document: names sorted", Change::Source(|_| {})),
        variant(
            "document: app without what became fields",
            Change::Source(without_fields),
        ),
        variant(
            "document: summaries without their state",
            Change::Source(without_merge),
        ),
    ]
}

impl Variant {
    pub fn templates(&self, prefix: &str) -> Vec<Template> {
        let mut made = templates(prefix, &Settings::default());
        change(&self.change, &mut made);
        made
    }

    fn is_folded(&self) -> bool {
        match &self.change {
            Change::Folded => true,
            Change::All(changes) => changes.iter().any(|by| matches!(by, Change::Folded)),
            _ => false,
        }
    }

    /// The bodies with this variant's change applied. They are given with all lines of the platform, and folded.
    pub fn bodies(&self, [all, folded]: &[Vec<Bytes>; 2]) -> Vec<Bytes> {
        let bodies = if self.is_folded() { folded } else { all };
        match self.change {
            Change::Id(of) => bodies.iter().map(|body| with_ids(body, of)).collect(),
            Change::Source(of) => bodies.iter().map(|body| with_sources(body, of)).collect(),
            _ => bodies.to_vec(),
        }
    }
}

fn change(by: &Change, templates: &mut Vec<Template>) {
    match by {
        Change::None | Change::Id(_) | Change::Source(_) | Change::Folded => {}
        Change::Dynamic => templates.clear(),
        Change::All(changes) => changes.iter().for_each(|by| change(by, templates)),
        Change::Setting(name, value) => {
            for template in templates {
                let settings = template.body.pointer_mut("/template/settings/index");
                let Some(settings) = settings.and_then(Value::as_object_mut) else {
                    continue;
                };
                // Names of settings may contain dots.
                match value {
                    Value::Null => drop(settings.remove(*name)),
                    value => drop(settings.insert((*name).to_owned(), value.clone())),
                }
            }
        }
        Change::Fields(fields) => {
            for template in templates {
                let Some(mappings) = template.body.pointer_mut("/template/mappings") else {
                    continue;
                };
                for (path, mapping) in fields {
                    remap(mappings, path, mapping);
                }
            }
        }
    }
}

/// Changes the mapping of an existing field.
fn remap(object: &mut Value, path: &str, mapping: &Value) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(properties) = object["properties"].as_object_mut() else {
        return;
    };
    match properties.get_mut(name) {
        Some(inner) if !rest.is_empty() => remap(inner, rest, mapping),
        Some(field) if !mapping.is_null() => *field = mapping.clone(),
        Some(_) => _ = properties.remove(name),
        None => {}
    }
}

fn with_ids(body: &[u8], of: fn([u8; 16], u64, u64) -> Vec<u8>) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    for (action, source) in lines(body) {
        let document: Value = serde_json::from_slice(source).expect("a document of ours");
        let time = document["@timestamp"]
            .as_str()
            .and_then(|t| t.parse::<jiff::Timestamp>().ok());
        let ms = time.map_or(0, |time| time.as_millisecond()) as u64;
        let stream = document["aws"]["log"]["stream"]["name"]
            .as_str()
            .unwrap_or_default();
        let mut action: Value = serde_json::from_slice(action).expect("an action line of ours");
        let id = action["create"]["_id"].as_str().unwrap_or_default();
        // A summary's id has another format and stays unchanged.
        if let Some(id) = BASE64
            .decode(id)
            .ok()
            .and_then(|id| <[u8; 16]>::try_from(id).ok())
        {
            action["create"]["_id"] = BASE64.encode(of(id, ms, xxh3_64(stream.as_bytes()))).into();
        }
        // The index comes first, as in all our action lines.
        let (index, id) = (&action["create"]["_index"], &action["create"]["_id"]);
        out.extend_from_slice(
            format!("{{\"create\":{{\"_index\":{index},\"_id\":{id}}}}}\n").as_bytes(),
        );
        out.extend_from_slice(source);
    }
    out.into()
}

fn with_sources(body: &[u8], of: fn(&mut Value)) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    for (action, source) in lines(body) {
        let mut document: Value = serde_json::from_slice(source).expect("a document of ours");
        of(&mut document);
        out.extend_from_slice(action);
        out.extend_from_slice(format!("{document}\n").as_bytes());
    }
    out.into()
}
