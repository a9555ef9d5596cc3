/*! The wanted state and the current state go in; the steps between them, or the reasons against them, come out.
Pure.

Each file below makes the steps, or the reasons against them, of one kind of thing; `step` is what they make. */

pub(crate) mod auto_create;
mod indices;
mod overlap;
mod replication;
mod retention;
pub(crate) mod step;
pub(crate) mod templates;

use serde::Serialize;
use serde_json::Value;

use crate::commands::setup::columnar;
use crate::commands::setup::current_state::CurrentState;
use crate::commands::setup::plan::overlap::overlap;
use crate::commands::setup::plan::step::Step;
use crate::commands::setup::plan::templates::{TemplateOwner, template_step};
use crate::config::Wanted;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{
    Form, PRIORITY, Settings, alias, index_patterns, mappings_name, settings_name, templates,
};

#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    /// Things that setup leaves as they are and that the operator should know.
    pub notes: Vec<String>,
}

/// The plan, or all reasons against it, a sentence each.
pub(crate) fn plan(wanted: &Wanted, current: &CurrentState) -> Result<Plan, Vec<String>> {
    let mut refusals = Vec::new();
    let mut notes = Vec::new();
    let mut steps = Vec::new();
    if current.serverless {
        refusals.extend(no_settings(wanted));
    }
    let settings = settings(wanted, current);
    notes.extend(replication::note(&settings, current.data_nodes));
    for template in templates(&wanted.prefix, &settings) {
        let there = match template.form {
            Form::Component => current.components.get(&template.name),
            Form::Index => current.templates.get(&template.name),
        };
        match template_step(template, there, wanted, &mut notes) {
            Ok(step) => steps.push(step),
            Err(refusal) => refusals.push(refusal),
        }
    }
    for name in &current.with_alias_name {
        refusals.push(format!(
            "an index is called {name}, as the alias over the daily indices must be: delete or reindex it, or choose another --index-prefix"
        ));
    }
    foreign_templates(wanted, current, &mut refusals, &mut notes);
    refusals.extend(columnar_engine(current));
    let auto_create = current.settings.auto_create.as_deref();
    notes.extend(auto_create.and_then(|setting| auto_create::forbids(setting, &wanted.prefix)));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    indices::steps(wanted, current, &mut steps, &mut notes);
    retention::steps(wanted, current, &mut steps, &mut notes).map_err(|refusal| vec![refusal])?;
    Ok(Plan { steps, notes })
}

/// A refusal of flags for settings that OpenSearch Serverless decides by itself.
fn no_settings(wanted: &Wanted) -> Option<String> {
    let given = [
        ("--shards", wanted.shards.is_some()),
        ("--replicas", wanted.replicas.is_some()),
        ("--replication", wanted.replication.is_some()),
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

/// A refusal of an engine whose indices do not take our documents.
fn columnar_engine(current: &CurrentState) -> Option<String> {
    let index = current.indices.iter().find(|index| index.columnar);
    match index {
        _ if current.settings.columnar => Some(columnar::sentence(columnar::CLUSTER)),
        Some(index) => Some(columnar::sentence(&format!(
            "index.pluggable.dataformat of {}",
            index.name
        ))),
        None => None,
    }
}

/// A setting without a flag keeps its present value.
fn settings(wanted: &Wanted, current: &CurrentState) -> Settings {
    let there = current
        .components
        .get(&settings_name(&wanted.prefix))
        .filter(|body| matches!(TemplateOwner::of(body), TemplateOwner::Ours { .. }))
        .and_then(|body| body.pointer("/template/settings/index"));
    let text = |name: &str| there?.get(name)?.as_str().map(str::to_owned);
    let number = |name: &str| text(name)?.parse().ok();
    let default = match current.serverless {
        true => Settings::NONE,
        false => Settings::default(),
    };
    Settings {
        codec: (wanted.codec.map(str::to_owned))
            .or_else(|| text("codec"))
            .or(default.codec),
        shards: wanted
            .shards
            .or_else(|| number("number_of_shards"))
            .or(default.shards),
        replicas: wanted
            .replicas
            .or_else(|| number("number_of_replicas"))
            .or(default.replicas),
        replication: (wanted.replication.map(str::to_owned))
            .or_else(|| Some(there?.pointer("/replication/type")?.as_str()?.to_owned())),
        refresh_interval: (wanted.refresh_interval.clone())
            .or_else(|| text("refresh_interval"))
            .or(default.refresh_interval),
        most_fields: default.most_fields,
    }
}

/// Refusals and notes about foreign templates that match the same indices.
fn foreign_templates(
    wanted: &Wanted,
    current: &CurrentState,
    refusals: &mut Vec<String>,
    notes: &mut Vec<String>,
) {
    let names = DocumentKind::ALL.map(|kind| alias(&wanted.prefix, kind));
    for (kind, ours) in DocumentKind::ALL.into_iter().zip(&names) {
        let patterns = index_patterns(&wanted.prefix, kind);
        let theirs = current.templates.iter().filter(|(name, body)| {
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
