/*! Wanted and stored saved objects go in; what is to be imported comes out. What people have changed stays. Pure. */

use serde_json::{Map, Value, json};

use crate::commands::setup::plan::Plan;
use crate::commands::setup::plan::step::{Action, Step};
use logferry_core::dashboards::{ObjectKind, Ownership, SavedObject, missing_fields, ownership};

/// The steps, and the line of NDJSON of each step that imports its object.
#[derive(Debug)]
pub(crate) struct ObjectPlan {
    pub plan: Plan,
    pub lines: Vec<String>,
}

/// What to do about one object.
struct Decision {
    action: Action,
    why: String,
    note: bool,
    /// The attributes to import, if they are not those of the wanted object.
    attributes: Option<Map<String, Value>>,
}

impl Decision {
    fn new(action: Action, why: impl Into<String>) -> Self {
        Self {
            action,
            why: why.into(),
            note: false,
            attributes: None,
        }
    }
}

/// `stored` are the answers of Dashboards, in the order of `wanted`. The error is a sentence.
pub(crate) fn plan(
    wanted: Vec<SavedObject>,
    stored: &[Value],
    force: bool,
) -> Result<ObjectPlan, String> {
    let mut steps = Vec::new();
    let mut lines = Vec::new();
    let mut changed = Vec::new();
    for (mut object, stored) in wanted.into_iter().zip(stored) {
        let decision = decide(&object, stored, force)?;
        if decision.note {
            changed.push(object.id.clone());
        }
        if let Some(attributes) = decision.attributes {
            object.attributes = attributes;
        }
        if decision.action != Action::Keep {
            lines.push(object.to_line());
        }
        steps.push(Step {
            what: object.kind.as_str(),
            name: object.id,
            action: decision.action,
            why: decision.why,
            request: None,
            essential: false,
        });
    }
    let notes = note(&changed).into_iter().collect();
    Ok(ObjectPlan {
        plan: Plan { steps, notes },
        lines,
    })
}

/// One sentence about all objects that people have changed.
fn note(changed: &[String]) -> Option<String> {
    (!changed.is_empty()).then(|| {
        format!(
            "changed by people, left as they are (--force overwrites them): {}",
            changed.join(", ")
        )
    })
}

fn decide(wanted: &SavedObject, stored: &Value, force: bool) -> Result<Decision, String> {
    if let Some(error) = stored.get("error").filter(|error| !error.is_null()) {
        return match error["statusCode"].as_u64() {
            Some(404) => Ok(Decision::new(Action::Make, "missing")),
            _ => Err(format!(
                "--dashboards: the {} {} cannot be read: {}",
                wanted.kind.as_str(),
                wanted.id,
                error["message"]
                    .as_str()
                    .unwrap_or("Dashboards gives no reason")
            )),
        };
    }
    let no_attributes = Map::new();
    let attributes = stored["attributes"].as_object().unwrap_or(&no_attributes);
    if wanted.kind == ObjectKind::IndexPattern {
        return Ok(decide_index_pattern(wanted, attributes, force));
    }
    let no_references = json!([]);
    let references = stored.get("references").unwrap_or(&no_references);
    Ok(match ownership(attributes, references) {
        Ownership::Unchanged(mark) if Some(&*mark) == wanted.fingerprint() => {
            Decision::new(Action::Keep, "")
        }
        Ownership::Unchanged(_) => Decision::new(Action::Update, "logferry has a newer form"),
        Ownership::Changed | Ownership::Unmarked if force => {
            Decision::new(Action::Update, "changed by people, overwritten")
        }
        Ownership::Changed | Ownership::Unmarked => Decision {
            note: true,
            ..Decision::new(Action::Keep, "changed by people")
        },
    })
}

/// Dashboards itself rewrites the fields of an index pattern, and people give them formats: these stay, and missing
/// fields are added.
fn decide_index_pattern(
    wanted: &SavedObject,
    stored: &Map<String, Value>,
    force: bool,
) -> Decision {
    let same = |name: &str| stored.get(name) == wanted.attributes.get(name);
    if !same("title") || !same("timeFieldName") {
        return match force {
            true => Decision::new(Action::Update, "changed by people, overwritten"),
            false => Decision {
                note: true,
                ..Decision::new(Action::Keep, "changed by people")
            },
        };
    }
    match missing_fields(wanted, stored) {
        Some((missing, fields)) if !missing.is_empty() => {
            let mut attributes = stored.clone();
            attributes.insert("fields".to_owned(), fields.into());
            Decision {
                attributes: Some(attributes),
                ..Decision::new(Action::Update, format!("{} new fields", missing.len()))
            }
        }
        _ => Decision::new(Action::Keep, ""),
    }
}
