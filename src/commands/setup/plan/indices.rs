/*! The current daily indices go in; steps come out that add a missing alias and the fields of later schemas. Pure. */

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::commands::setup::current_state::CurrentState;
use crate::commands::setup::plan::step::{Action, Request, Step};
use crate::commands::setup::request::batches;
use crate::config::Wanted;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{alias, mappings};

pub(crate) fn steps(
    wanted: &Wanted,
    current: &CurrentState,
    steps: &mut Vec<Step>,
    notes: &mut Vec<String>,
) {
    for kind in DocumentKind::ALL {
        mend(kind, current, steps, notes);
    }
    let lacking: Vec<(&str, String)> = current
        .indices
        .iter()
        .filter(|index| !index.has_alias)
        .map(|index| (index.name.as_str(), alias(&wanted.prefix, index.kind)))
        .collect();
    for lacking in lacking.chunks(100) {
        let names: Vec<&str> = lacking.iter().map(|(name, _)| *name).collect();
        steps.push(Step {
            what: "aliases",
            name: shown(&names),
            action: Action::Update,
            why: "not in the alias of their kind".to_owned(),
            request: Some(add_alias(lacking)),
            essential: false,
        });
    }
}

fn add_alias(indices: &[(&str, String)]) -> Request {
    let actions: Vec<Value> = indices
        .iter()
        .map(|(index, alias)| json!({"add": {"index": index, "alias": alias}}))
        .collect();
    Request {
        method: "POST",
        path: "/_aliases".to_owned(),
        body: json!({ "actions": actions }),
    }
}

/// Indices that lack the same fields are mended by one step.
fn mend(
    kind: DocumentKind,
    current: &CurrentState,
    steps: &mut Vec<Step>,
    notes: &mut Vec<String>,
) {
    let ours = mappings(kind);
    let mut lacking: BTreeMap<String, (Value, Vec<String>, Vec<&str>)> = BTreeMap::new();
    let mut conflicting: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for index in current.indices.iter().filter(|index| index.kind == kind) {
        let gap = gap(&index.mappings, &ours);
        if let Some(body) = gap.body {
            lacking
                .entry(body.to_string())
                .or_insert_with(|| (body, gap.names, Vec::new()))
                .2
                .push(&index.name);
        }
        if !gap.conflicts.is_empty() {
            conflicting
                .entry(gap.conflicts.join(", "))
                .or_default()
                .push(&index.name);
        }
    }
    for (body, fields, indices) in lacking.into_values() {
        for (names, batch) in batches(&indices).zip(indices.chunks(20)) {
            steps.push(Step {
                what: "mappings",
                name: shown(batch),
                action: Action::Update,
                why: match fields.len() {
                    0 => "they must not grow".to_owned(),
                    1..=3 => format!("without {}", fields.join(", ")),
                    n => format!("without {n} fields, such as {}", fields[0]),
                },
                request: Some(Request {
                    method: "PUT",
                    path: format!("/{names}/_mapping"),
                    body: body.clone(),
                }),
                essential: false,
            });
        }
    }
    for (fields, indices) in conflicting {
        notes.push(format!(
            "{}: mapped before as another type, which only reindexing changes: {fields}",
            shown(&indices)
        ));
    }
}

fn shown(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{first} … {last} ({})", names.len()),
    }
}

/// What an index's mappings lack.
struct Gap {
    /// To be put.
    body: Option<Value>,
    /// Paths of fields that are missing.
    names: Vec<String>,
    conflicts: Vec<String>,
}

fn gap(there: &Value, ours: &Value) -> Gap {
    let mut gap = Gap {
        body: None,
        names: Vec::new(),
        conflicts: Vec::new(),
    };
    let none = Map::new();
    let properties = |of: &'_ Value| of["properties"].as_object().cloned().unwrap_or_default();
    let missing = missing(&properties(there), &properties(ours), "", &mut gap);
    let dynamic = there["dynamic"] != ours["dynamic"];
    if dynamic || missing != none {
        let mut body = json!({});
        if dynamic {
            body["dynamic"] = ours["dynamic"].clone();
        }
        if missing != none {
            body["properties"] = Value::Object(missing);
        }
        gap.body = Some(body);
    }
    gap
}

/// The wanted properties that are missing.
fn missing(
    there: &Map<String, Value>,
    ours: &Map<String, Value>,
    path: &str,
    gap: &mut Gap,
) -> Map<String, Value> {
    let mut add = Map::new();
    for (name, our) in ours {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let inner = |of: &Value| of["properties"].as_object().cloned();
        let kind = |of: &Value| of["type"].as_str().unwrap_or("object").to_owned();
        match (there.get(name), inner(our)) {
            (None, inside) => {
                add.insert(name.clone(), our.clone());
                match inside {
                    None => gap.names.push(path),
                    Some(inside) => leaves(&inside, &path, &mut gap.names),
                }
            }
            (Some(their), _) if kind(their) != kind(our) => gap.conflicts.push(path),
            (Some(their), Some(inside)) => {
                let more = missing(&inner(their).unwrap_or_default(), &inside, &path, gap);
                if !more.is_empty() {
                    add.insert(name.clone(), json!({"properties": more}));
                }
            }
            // `ignore_above` is the only parameter that may be changed later; the others are sent as they are.
            (Some(their), None) if their["ignore_above"] != our["ignore_above"] => {
                let mut changed = their.clone();
                changed["ignore_above"] = our["ignore_above"].clone();
                add.insert(name.clone(), changed);
                gap.names.push(format!("{path} (ignore_above)"));
            }
            (Some(_), None) => {}
        }
    }
    add
}

fn leaves(properties: &Map<String, Value>, path: &str, names: &mut Vec<String>) {
    for (name, field) in properties {
        let path = format!("{path}.{name}");
        match field["properties"].as_object() {
            Some(inside) => leaves(inside, &path, names),
            None => names.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Value {
        json!({"dynamic": "false", "properties": {
            "a": {"type": "keyword", "ignore_above": 512},
            "o": {"properties": {"x": {"type": "long"}, "y": {"type": "long"}}},
            "s": {"type": "object", "enabled": false},
        }})
    }

    #[test]
    fn nothing_lacks_where_all_is_there() {
        let mut there = ours();
        there["properties"]["more"] = json!({"type": "text"});
        let gap = gap(&there, &ours());
        assert_eq!((gap.body, gap.conflicts), (None, vec![]));
    }

    #[test]
    fn only_what_lacks_is_added() {
        let there = json!({"properties": {
            "a": {"type": "text"},
            "o": {"properties": {"x": {"type": "long"}}},
        }});
        let found = gap(&there, &ours());
        assert_eq!(found.conflicts, ["a"]);
        assert_eq!(found.names, ["o.y", "s"]);
        let expected = json!({"dynamic": "false", "properties": {
            "o": {"properties": {"y": {"type": "long"}}},
            "s": {"type": "object", "enabled": false},
        }});
        assert_eq!(found.body, Some(expected));
        let found = gap(&json!({}), &ours());
        assert_eq!(found.names, ["a", "o.x", "o.y", "s"]);
        assert_eq!(found.body, Some(ours()));
    }

    #[test]
    fn a_longer_limit_is_brought_up_to_date() {
        let mut there = ours();
        there["properties"]["a"]["ignore_above"] = json!(256);
        let body = gap(&there, &ours()).body.unwrap();
        assert_eq!(
            body,
            json!({"properties": {"a": {"type": "keyword", "ignore_above": 512}}})
        );
    }

    #[test]
    fn what_cannot_be_changed_is_sent_as_it_is_or_not_at_all() {
        let mut ours = ours();
        ours["properties"]["a"]["index"] = json!(false);
        let mut there = self::ours();
        assert_eq!(gap(&there, &ours).body, None);
        there["properties"]["a"]["ignore_above"] = json!(256);
        let body = gap(&there, &ours).body.unwrap();
        assert_eq!(
            body,
            json!({"properties": {"a": {"type": "keyword", "ignore_above": 512}}})
        );
    }
}
