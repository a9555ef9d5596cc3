/*! Every field of the schema can be searched, as its type allows. The queries are made from the schema, the
documents from all fixtures. */

use std::collections::{BTreeMap, HashMap};

use logferry_core::document::schema::{FIELDS, Field, FieldKind};
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::corpus::{self, Document};
use crate::support::NODE;

/// A query that must find one document, or must not.
struct Try<'d> {
    document: &'d Document,
    field: &'static str,
    query: Value,
    finds: bool,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn documents_of_every_kind_are_found_by_each_of_their_fields() {
    let _node = NODE.read().await;
    let folder = tempfile::tempdir().unwrap();
    corpus::write(folder.path());
    // Only summaries with folded lines have all fields.
    for (kind, platform_lines) in [("logs", "all"), ("invocations", "folded")] {
        let cluster = Cluster::new(&format!("fields-{kind}"));
        let flags = ["--platform-lines", platform_lines];
        let documents = corpus::documents(folder.path(), &flags);
        cluster.setup(&[]);
        let flags = [&corpus::FLAGS[..], &flags].concat();
        cluster.load(folder.path(), &flags).await;
        // Summaries that the index merged from parts differ from the printed parts.
        let mut parts = HashMap::new();
        for document in &documents {
            *parts.entry(document.id.as_str()).or_insert(0) += 1;
        }
        let part = format!("-{kind}-");
        let whole = |d: &&Document| d.index.contains(&part) && parts[d.id.as_str()] == 1;
        let documents: Vec<&Document> = documents.iter().filter(whole).collect();
        let mut tries = Vec::new();
        for field in fields(kind) {
            let of_field: Vec<Try> = documents.iter().find_map(|d| tries_of(field, d)).unwrap();
            tries.extend(of_field);
        }
        let fullest = fullest(&documents);
        assert!(fullest.len() > 4, "{:?}", fullest.keys());
        for document in fullest.values() {
            tries.extend(fields(kind).filter_map(|f| tries_of(f, document)).flatten());
        }
        try_all(&cluster, kind, &tries).await;
        assert_eq!(types(&cluster).await, expected_types());
    }
}

fn fields(kind: &str) -> impl Iterator<Item = &'static Field> {
    let logs = kind == "logs";
    FIELDS.iter().filter(move |field| {
        let here = if logs {
            field.in_logs()
        } else {
            field.in_invocations()
        };
        here && field.kind != FieldKind::Stored
    })
}

/// The longest document of each kind of line and of each outcome of an invocation.
fn fullest<'d>(documents: &[&'d Document]) -> BTreeMap<&'d str, &'d Document> {
    let mut fullest: BTreeMap<&str, &Document> = BTreeMap::new();
    for document in documents {
        let kind = corpus::at(&document.source, "lambda.type")
            .or(corpus::at(&document.source, "invocation.status"));
        let kind = kind
            .and_then(Value::as_str)
            .expect("every document has one");
        let length = |d: &Document| d.source.to_string().len();
        let longest = fullest.entry(kind).or_insert(document);
        // A part of the longest text would not make a better query.
        if length(document) > length(longest) && length(document) < 50_000 {
            *longest = document;
        }
    }
    fullest
}

/// The queries for a field; none if the document has no value to search for.
fn tries_of<'d>(field: &'static Field, document: &'d Document) -> Option<Vec<Try<'d>>> {
    let value = searchable(field, corpus::at(&document.source, field.path)?)?;
    let tries = queries(field, &value).into_iter();
    let tries = tries.map(|(query, finds)| Try {
        document,
        field: field.path,
        query,
        finds,
    });
    Some(tries.collect())
}

async fn try_all(cluster: &Cluster, kind: &str, tries: &[Try<'_>]) {
    for tries in tries.chunks(100) {
        let queries: Vec<(String, Value)> = tries
            .iter()
            .map(|one| {
                let index = one.document.index.replacen("logferry", &cluster.prefix, 1);
                let id = json!({"ids": {"values": [one.document.id]}});
                (index, json!({"bool": {"filter": [one.query, id]}}))
            })
            .collect();
        let found = cluster.find_each(&queries).await;
        for (one, found) in tries.iter().zip(found) {
            let (field, query) = (one.field, &one.query);
            assert_eq!(found, one.finds, "{kind} {field}: {query}");
        }
    }
}

/// A value to search for; none where another document serves better.
fn searchable(field: &Field, value: &Value) -> Option<Value> {
    let value = match value {
        Value::Array(values) => values.first()?,
        value => value,
    };
    let fits = match field.kind {
        FieldKind::Keyword { ignore_above } => value
            .as_str()
            .is_some_and(|t| t.chars().count() <= usize::from(ignore_above)),
        FieldKind::Text => !words(value.as_str()?).is_empty(),
        FieldKind::FlatObject => leaf(value).is_some(),
        _ => true,
    };
    fits.then(|| value.clone())
}

/// Some whole words of a text.
fn words(text: &str) -> String {
    let words = text
        .split(' ')
        .filter(|w| w.len() > 2 && w.bytes().all(|b| b.is_ascii_alphabetic()));
    words.take(5).collect::<Vec<_>>().join(" ")
}

/// A text in an object, with its path.
fn leaf(object: &Value) -> Option<(String, &str)> {
    object.as_object()?.iter().find_map(|(name, value)| {
        let plain = name.bytes().all(|b| b.is_ascii_alphabetic());
        match value {
            Value::String(text) if plain && !text.is_empty() => Some((name.clone(), text.as_str())),
            Value::Object(_) if plain => {
                let (rest, text) = leaf(value)?;
                Some((format!("{name}.{rest}"), text))
            }
            _ => None,
        }
    })
}

/// Queries that only a field of this type answers, and whether they find a document with this value.
fn queries(field: &Field, value: &Value) -> Vec<(Value, bool)> {
    let path = field.path;
    let range = |limits: Value| json!({"range": {path: limits}});
    match field.kind {
        FieldKind::Keyword { .. } => vec![
            (json!({"term": {path: value}}), true),
            (json!({"prefix": {path: value}}), true),
            (
                json!({"term": {path: format!("{}x", value.as_str().unwrap())}}),
                false,
            ),
        ],
        FieldKind::Text => {
            let words = words(value.as_str().unwrap());
            let all = |words: String| json!({"match": {path: {"query": words, "operator": "and"}}});
            vec![
                (all(words.to_uppercase()), true),
                (all(format!("{words} nowhereinit")), false),
            ]
        }
        FieldKind::Date | FieldKind::Double | FieldKind::Long | FieldKind::Place => vec![
            (range(json!({"gte": value, "lte": value})), true),
            (range(json!({"gt": value})), false),
            (range(json!({"lt": value})), false),
        ],
        FieldKind::Boolean => vec![
            (json!({"term": {path: value}}), true),
            (json!({"term": {path: !value.as_bool().unwrap()}}), false),
        ],
        FieldKind::FlatObject => {
            let (inner, text) = leaf(value).unwrap();
            let inner = format!("{path}.{inner}");
            vec![
                (json!({"term": {&inner: text}}), true),
                (json!({"term": {&inner: format!("{text}x")}}), false),
                (json!({"term": {path: text}}), true),
            ]
        }
        FieldKind::Stored => unreachable!("it is not indexed"),
    }
}

/// Types of all mapped fields, over all indices of the prefix.
async fn types(cluster: &Cluster) -> BTreeMap<String, String> {
    let path = format!("{}-*/_field_caps?fields=*", cluster.prefix);
    let found = cluster.call(Method::Get, &path, None).await;
    let fields = found["fields"]
        .as_object()
        .unwrap_or_else(|| panic!("{found}"));
    fields
        .iter()
        .filter(|(name, of)| {
            // 2.19 has `app.` beside `app`.
            let own = name.starts_with('_') || name.ends_with('.');
            !own && !of.as_object().unwrap().contains_key("object")
        })
        .map(|(name, of)| {
            let types: Vec<&str> = of.as_object().unwrap().keys().map(String::as_str).collect();
            (name.clone(), types.join(" "))
        })
        .collect()
}

fn expected_types() -> BTreeMap<String, String> {
    let types = FIELDS.iter().filter_map(|field| {
        let name = match field.kind {
            FieldKind::Keyword { .. } => "keyword",
            FieldKind::Text => "match_only_text",
            FieldKind::Date => "date",
            FieldKind::Double => "double",
            FieldKind::Long | FieldKind::Place => "long",
            FieldKind::Boolean => "boolean",
            FieldKind::FlatObject => "flat_object",
            FieldKind::Stored => return None,
        };
        Some((field.path.to_owned(), name.to_owned()))
    });
    types.collect()
}
