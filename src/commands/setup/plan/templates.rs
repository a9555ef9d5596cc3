/*! A wanted template and the present one go in; a step, a note or a refusal comes out. Pure. */

use std::collections::BTreeSet;

use serde_json::Value;

use crate::commands::setup::plan::step::{Action, Request, Step};
use crate::config::Wanted;
use logferry_core::document::template::{Form, SCHEMA_VERSION, Template};

/// Who made a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TemplateOwner {
    Ours { schema: u64, version: String },
    Foreign,
}

impl TemplateOwner {
    pub(crate) fn of(body: &Value) -> Self {
        let meta = &body["_meta"];
        if meta["made_by"] != "logferry" {
            return TemplateOwner::Foreign;
        }
        TemplateOwner::Ours {
            // The first versions of logferry wrote no schema version.
            schema: meta["schema"].as_u64().unwrap_or(0),
            version: meta["version"].as_str().unwrap_or("?").to_owned(),
        }
    }
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::Component => "component template",
        Form::Index => "index template",
    }
}

pub(crate) fn template_step(
    template: Template,
    there: Option<&Value>,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Result<Step, String> {
    let what = form_name(template.form);
    let name = &template.name;
    let (action, why) = match there.map(|body| (body, TemplateOwner::of(body))) {
        None => (Action::Make, "missing".to_owned()),
        Some((_, TemplateOwner::Foreign)) if wanted.force => (
            Action::Update,
            "not made by logferry, overwritten".to_owned(),
        ),
        Some((_, TemplateOwner::Foreign)) => {
            return Err(format!(
                "the {what} {name} was not made by logferry: choose another --index-prefix, or overwrite it with --force"
            ));
        }
        Some((_, TemplateOwner::Ours { schema, version }))
            if schema > SCHEMA_VERSION && wanted.newer_stays =>
        {
            notes.push(format!(
                "the {what} {name} was made by logferry {version}, which is newer (schema {schema}; this has {SCHEMA_VERSION}): it stays as it is"
            ));
            (Action::Keep, String::new())
        }
        Some((_, TemplateOwner::Ours { schema, version }))
            if schema > SCHEMA_VERSION && !wanted.force =>
        {
            return Err(format!(
                "the {what} {name} was made by logferry {version}, which is newer (schema {schema}; this is {} with schema {SCHEMA_VERSION}): use that version, or go back with --force",
                env!("CARGO_PKG_VERSION")
            ));
        }
        Some((_, TemplateOwner::Ours { schema, .. })) if schema != SCHEMA_VERSION => (
            Action::Update,
            format!("schema {schema} → {SCHEMA_VERSION}"),
        ),
        Some((body, _)) => match differences(body, &template.body) {
            places if places.is_empty() => (Action::Keep, String::new()),
            places => (Action::Update, places.join(", ")),
        },
    };
    let path = format!("/{}/{name}", template.form.api());
    let request = (action != Action::Keep).then_some(Request {
        method: "PUT",
        path,
        body: template.body,
    });
    Ok(Step {
        what,
        name: template.name,
        action,
        why,
        request,
        essential: true,
    })
}

/// At most three paths where two bodies differ. The version of logferry that made them does not count.
fn differences(there: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differ(there, ours, "", &mut found);
    found.retain(|difference| !difference.starts_with("_meta.version"));
    if found.len() > 3 {
        found.truncate(3);
        found.push("…".to_owned());
    }
    found
}

fn differ(there: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    if let (Value::Object(a), Value::Object(b)) = (there, ours) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let dot = if path.is_empty() { "" } else { "." };
            let inner = format!("{path}{dot}{name}");
            let [a, b] = [a, b].map(|of| of.get(name).unwrap_or(&Value::Null));
            differ(a, b, &inner, found);
        }
    } else if there != ours {
        let short = |of: &Value| match of {
            Value::Null => Some("none".to_owned()),
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(of.to_string()),
            Value::Array(_) | Value::Object(_) => None,
        };
        let path = path.trim_start_matches("template.");
        let path = path.trim_start_matches("settings.index.");
        found.push(match (short(there), short(ours)) {
            (Some(there), Some(ours)) => format!("{path} {there} → {ours}"),
            _ => format!("{path} differs"),
        });
    }
}
