/*! A saved object of OpenSearch Dashboards, its line of NDJSON, and the fingerprint in its description: it tells
whether people have changed the object since logferry wrote it. */

use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

/// The types of saved objects that logferry makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    IndexPattern,
    Visualization,
    Search,
    Dashboard,
}

impl ObjectKind {
    /// The name of the type in the API of Dashboards.
    pub fn as_str(self) -> &'static str {
        match self {
            ObjectKind::IndexPattern => "index-pattern",
            ObjectKind::Visualization => "visualization",
            ObjectKind::Search => "search",
            ObjectKind::Dashboard => "dashboard",
        }
    }

    /// The version of the last migration of this type, in Dashboards 1.0 and all later ones: an import changes nothing.
    fn migration(self) -> &'static str {
        match self {
            ObjectKind::IndexPattern => "7.6.0",
            ObjectKind::Visualization => "7.10.0",
            ObjectKind::Search | ObjectKind::Dashboard => "7.9.3",
        }
    }
}

/// A link to another saved object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub name: String,
    pub kind: ObjectKind,
    pub id: String,
}

/// One saved object. Its description ends in a fingerprint, except that of an index pattern, which has none.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedObject {
    pub kind: ObjectKind,
    pub id: String,
    pub title: String,
    pub attributes: Map<String, Value>,
    pub references: Vec<Reference>,
}

impl SavedObject {
    /// An object whose description gets its fingerprint. `attributes` lacks title and description.
    pub(crate) fn new(
        kind: ObjectKind,
        id: String,
        title: String,
        description: &str,
        mut attributes: Map<String, Value>,
        references: Vec<Reference>,
    ) -> Self {
        attributes.insert("title".to_owned(), title.clone().into());
        attributes.insert("description".to_owned(), description.into());
        let mark = fingerprint(&attributes, &references_json(&references));
        let description = format!("{description}{}", marker(&mark));
        attributes.insert("description".to_owned(), description.into());
        Self {
            kind,
            id,
            title,
            attributes,
            references,
        }
    }

    /// The fingerprint in the description.
    pub fn fingerprint(&self) -> Option<&str> {
        let description = self.attributes.get("description")?.as_str()?;
        Some(split_marker(description)?.1)
    }

    /// The line of NDJSON that the import API takes.
    pub fn to_line(&self) -> String {
        json!({
            "type": self.kind.as_str(),
            "id": self.id,
            "attributes": self.attributes,
            "references": references_json(&self.references),
            "migrationVersion": {self.kind.as_str(): self.kind.migration()},
        })
        .to_string()
    }
}

fn references_json(references: &[Reference]) -> Value {
    let all = references.iter().map(|reference| {
        json!({"name": reference.name, "type": reference.kind.as_str(), "id": reference.id})
    });
    all.collect()
}

/// What the description says about who wrote the object last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// logferry wrote it, and nobody has changed it; its fingerprint.
    Unchanged(String),
    /// logferry wrote it, and somebody has changed it.
    Changed,
    /// The description has no fingerprint.
    Unmarked,
}

/// Reads attributes and references as Dashboards stores them.
pub fn ownership(attributes: &Map<String, Value>, references: &Value) -> Ownership {
    let description = attributes.get("description").and_then(Value::as_str);
    match description.and_then(split_marker) {
        None => Ownership::Unmarked,
        Some((_, mark)) if mark == fingerprint(attributes, references) => {
            Ownership::Unchanged(mark.to_owned())
        }
        Some(_) => Ownership::Changed,
    }
}

const MARKER: &str = " [logferry ";

fn marker(fingerprint: &str) -> String {
    format!("{MARKER}{fingerprint}]")
}

/// The description without its marker, and the fingerprint in the marker.
fn split_marker(description: &str) -> Option<(&str, &str)> {
    let (text, mark) = description.rsplit_once(MARKER)?;
    let mark = mark.strip_suffix(']')?;
    let is_hash = mark.len() == 16 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then_some((text, mark))
}

/// The hash of an object's content. Texts that hold JSON count by their content, so that other blanks or another order
/// of members make no difference; the marker itself does not count.
pub fn fingerprint(attributes: &Map<String, Value>, references: &Value) -> String {
    let mut content = Value::Object(attributes.clone());
    if let Some(Value::String(description)) = content.get_mut("description")
        && let Some((text, _)) = split_marker(description)
    {
        *description = text.to_owned();
    }
    parse_inner(&mut content);
    let mut references: Vec<&Value> = references.as_array().into_iter().flatten().collect();
    references.sort_by_key(|reference| reference["name"].as_str());
    format!(
        "{:016x}",
        xxh3_64(json!([content, references]).to_string().as_bytes())
    )
}

/// Replaces texts that are JSON objects or lists by their content.
fn parse_inner(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            if let Ok(mut inner) = serde_json::from_str(text) {
                parse_inner(&mut inner);
                *value = inner;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(parse_inner),
        Value::Object(members) => members.values_mut().for_each(parse_inner),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> SavedObject {
        let attributes = json!({"visState": "{\"type\":\"pie\",\"aggs\":[]}", "version": 1});
        let Value::Object(attributes) = attributes else {
            unreachable!()
        };
        let references = vec![Reference {
            name: "panel_0".to_owned(),
            kind: ObjectKind::Search,
            id: "lf-x".to_owned(),
        }];
        let title = "Costs".to_owned();
        SavedObject::new(
            ObjectKind::Visualization,
            "lf-costs".to_owned(),
            title,
            "By function.",
            attributes,
            references,
        )
    }

    fn ownership_of(object: &SavedObject) -> Ownership {
        ownership(&object.attributes, &references_json(&object.references))
    }

    #[test]
    fn an_object_as_written_is_unchanged() {
        let mut object = object();
        let mark = object.fingerprint().unwrap().to_owned();
        assert_eq!(ownership_of(&object), Ownership::Unchanged(mark.clone()));
        // Dashboards may write the same content with other blanks and in another order.
        let same = "{ \"aggs\": [],\n \"type\": \"pie\" }";
        object.attributes.insert("visState".to_owned(), same.into());
        assert_eq!(ownership_of(&object), Ownership::Unchanged(mark));
    }

    #[test]
    fn each_change_by_people_is_seen() {
        let changes: [fn(&mut SavedObject); 5] = [
            |o| drop(o.attributes.insert("title".to_owned(), "Mine".into())),
            |o| drop(o.attributes.insert("visState".to_owned(), "{}".into())),
            |o| drop(o.attributes.insert("uiStateJSON".to_owned(), "{}".into())),
            |o| o.references.clear(),
            |o| {
                let Some(Value::String(text)) = o.attributes.get_mut("description") else {
                    unreachable!()
                };
                *text = text.replace("function", "team");
            },
        ];
        for change in changes {
            let mut object = object();
            change(&mut object);
            assert_eq!(ownership_of(&object), Ownership::Changed);
        }
        let mut object = object();
        let description = "By function.".into();
        object
            .attributes
            .insert("description".to_owned(), description);
        assert_eq!(ownership_of(&object), Ownership::Unmarked);
    }

    #[test]
    fn only_a_fingerprint_is_a_marker() {
        for text in ["x", "x [logferry me]", "x [logferry 0123456789abcdeg]", ""] {
            assert_eq!(split_marker(text), None, "{text}");
        }
        let text = "x [logferry 0123456789abcdef]";
        assert_eq!(split_marker(text), Some(("x", "0123456789abcdef")));
    }
}
