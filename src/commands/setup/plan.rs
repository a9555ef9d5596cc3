/*! What is → what should be → the steps between them. Pure. */

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::commands::setup::auto_create;
use crate::commands::setup::indices;
use crate::commands::setup::overlap::overlap;
use crate::commands::setup::retention;
use crate::commands::setup::retention::{Attachments, Policies};
use crate::config::Wanted;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{
    Form, PRIORITY, SCHEMA_VERSION, Settings, Template, alias, index_patterns, mappings_name,
    settings_name, templates,
};

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct CurrentState {
    /// It has no settings and no index management.
    pub serverless: bool,
    /// By name.
    pub components: BTreeMap<String, Value>,
    pub templates: BTreeMap<String, Value>,
    /// Daily indices of ours.
    pub indices: Vec<DailyIndex>,
    /// Indices that are called as an alias of ours would be.
    pub in_the_way: Vec<String>,
    /// None where there is no index management, or no retention is asked for.
    pub policies: Option<Policies>,
    pub attachments: Attachments,
    /// `action.auto_create_index`, where it can be read.
    pub auto_create: Option<String>,
}

#[derive(Debug)]
pub(crate) struct DailyIndex {
    pub name: String,
    pub kind: DocumentKind,
    pub mappings: Value,
    pub has_alias: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    /// What setup leaves as it is although somebody should know of it.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// Component template, index template, mappings, alias, policy.
    pub what: &'static str,
    pub name: String,
    pub action: Action,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Without it new indices are not as they should be; the others mend old ones.
    #[serde(skip)]
    pub essential: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Keep,
    Make,
    Update,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Make => "make",
            Action::Update => "update",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}

/// The plan, or all that speaks against one, a sentence each.
pub(crate) fn plan(wanted: &Wanted, found: &CurrentState) -> Result<Plan, Vec<String>> {
    let mut refusals = Vec::new();
    let mut notes = Vec::new();
    let mut steps = Vec::new();
    let settings = match found.serverless {
        true => {
            refusals.extend(no_settings(wanted));
            None
        }
        false => Some(settings(wanted, found)),
    };
    for template in templates(&wanted.prefix, settings.as_ref()) {
        let there = match template.form {
            Form::Component => found.components.get(&template.name),
            Form::Index => found.templates.get(&template.name),
        };
        match template_step(template, there, wanted, &mut notes) {
            Ok(step) => steps.push(step),
            Err(refusal) => refusals.push(refusal),
        }
    }
    for name in &found.in_the_way {
        refusals.push(format!(
            "an index is called {name}, as the alias over the daily indices must be: delete or reindex it, or choose another --index-prefix"
        ));
    }
    others(wanted, found, &mut refusals, &mut notes);
    let auto_create = found.auto_create.as_deref();
    notes.extend(auto_create.and_then(|setting| auto_create::forbids(setting, &wanted.prefix)));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    indices::steps(wanted, found, &mut steps, &mut notes);
    retention::steps(wanted, found, &mut steps, &mut notes).map_err(|refusal| vec![refusal])?;
    Ok(Plan { steps, notes })
}

/// Asked for what Serverless decides on by itself.
fn no_settings(wanted: &Wanted) -> Option<String> {
    let given = [
        ("--shards", wanted.shards.is_some()),
        ("--replicas", wanted.replicas.is_some()),
        ("--refresh-interval", wanted.refresh_interval.is_some()),
    ];
    let given: Vec<&str> = given
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
        .collect();
    (!given.is_empty()).then(|| {
        format!(
            "{}: OpenSearch Serverless decides on this by itself: leave the flag out",
            given.join(", ")
        )
    })
}

/// What no flag names stays as an earlier setup, or somebody since, has made it.
fn settings(wanted: &Wanted, found: &CurrentState) -> Settings {
    let there = found
        .components
        .get(&settings_name(&wanted.prefix))
        .filter(|body| matches!(TemplateOwner::of(body), TemplateOwner::Ours { .. }))
        .and_then(|body| body.pointer("/template/settings/index"));
    let text = |name: &str| there?.get(name)?.as_str().map(str::to_owned);
    let number = |name: &str| text(name)?.parse().ok();
    let default = Settings::default();
    Settings {
        shards: wanted
            .shards
            .or_else(|| number("number_of_shards"))
            .unwrap_or(default.shards),
        replicas: wanted.replicas.or_else(|| number("number_of_replicas")),
        refresh_interval: wanted
            .refresh_interval
            .clone()
            .or_else(|| text("refresh_interval"))
            .unwrap_or(default.refresh_interval),
    }
}

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
            // The first versions stamped none.
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

fn template_step(
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

/// Where two bodies differ, at most three places. The version that made them does not count.
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

/// Templates of others that match the same indices.
fn others(
    wanted: &Wanted,
    found: &CurrentState,
    refusals: &mut Vec<String>,
    notes: &mut Vec<String>,
) {
    let names = DocumentKind::ALL.map(|kind| alias(&wanted.prefix, kind));
    for (kind, ours) in DocumentKind::ALL.into_iter().zip(&names) {
        let patterns = index_patterns(&wanted.prefix, kind);
        let theirs = found.templates.iter().filter(|(name, body)| {
            let shares = |theirs: &str| patterns.iter().any(|ours| overlap(ours, theirs));
            !names.contains(name) && texts(&body["index_patterns"]).any(shares)
        });
        for (name, body) in theirs {
            let priority = body["priority"].as_u64().unwrap_or(0);
            let mappings = mappings_name(&wanted.prefix, kind);
            let composed = texts(&body["composed_of"]).any(|component| component == mappings);
            if priority == PRIORITY {
                refusals.push(format!(
                    "the index template {name} matches indices of {ours} with the same priority, {PRIORITY}: give it another priority, or choose another --index-prefix"
                ));
            } else if priority > PRIORITY && !composed {
                notes.push(format!(
                    "the index template {name} (priority {priority}) takes precedence over {ours} and lacks its mappings: add {mappings} to its composed_of, or lower its priority"
                ));
            }
        }
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Names for one request: OpenSearch takes request lines of up to 4,096 bytes.
pub(crate) fn batches<S: AsRef<str>>(names: &[S]) -> impl Iterator<Item = String> {
    names.chunks(20).map(|names| {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.join(",")
    })
}
