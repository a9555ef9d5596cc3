//! Plans: what is → what should be.

use serde_json::{Value, json};

use crate::commands::setup::current_state::{CurrentState, DailyIndex};
use crate::commands::setup::plan::step::Action;
use crate::commands::setup::plan::{Plan, plan};
use crate::config::{Retention, Wanted};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{Form, Settings, mappings, templates};

fn wanted() -> Wanted {
    Wanted {
        prefix: "lf".to_owned(),
        ..Wanted::default()
    }
}

/// As setup with these settings leaves it.
fn made(settings: &Settings) -> CurrentState {
    let mut found = CurrentState::default();
    for template in templates("lf", settings) {
        let templates = match template.form {
            Form::Component => &mut found.components,
            Form::Index => &mut found.templates,
        };
        templates.insert(template.name, template.body);
    }
    found
}

fn daily(name: &str, mappings: Value) -> DailyIndex {
    DailyIndex {
        name: name.to_owned(),
        kind: DocumentKind::Log,
        mappings,
        has_alias: true,
        columnar: false,
    }
}

fn actions(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .filter(|step| step.action != Action::Keep)
        .map(|step| {
            let action = step.action.as_str();
            format!("{action} {} {}: {}", step.what, step.name, step.why)
        })
        .collect()
}

#[test]
fn all_is_made_once() {
    let first = plan(&wanted(), &CurrentState::default()).unwrap();
    assert_eq!(first.steps.len(), 5);
    assert!(first.steps.iter().all(|step| step.action == Action::Make));
    let second = plan(&wanted(), &made(&Settings::default())).unwrap();
    assert_eq!(actions(&second), [""; 0]);
    assert!(second.steps.iter().all(|step| step.request.is_none()));
}

#[test]
fn what_was_changed_by_hand_is_named() {
    let mut found = made(&Settings::default());
    let settings = found.components.get_mut("lf-settings").unwrap();
    settings["template"]["settings"]["index"]["mapping"]["total_fields"]["limit"] = "10".into();
    settings["_meta"]["version"] = "0.0.1".into();
    found.templates.get_mut("lf-logs").unwrap()["composed_of"] = json!([]);
    let plan = plan(&wanted(), &found).unwrap();
    assert_eq!(
        actions(&plan),
        [
            "update component template lf-settings: mapping.total_fields.limit 10 → 1000",
            "update index template lf-logs: composed_of differs",
        ]
    );
}

#[test]
fn another_codec_is_an_update_and_stays_without_the_flag() {
    let mut zstd = wanted();
    zstd.codec = Some("zstd");
    let update = plan(&zstd, &made(&Settings::default())).unwrap();
    assert_eq!(
        actions(&update),
        ["update component template lf-settings: codec best_compression → zstd"]
    );
    let body = &update.steps[0].request.as_ref().unwrap().body;
    let settings = Settings {
        codec: Some("zstd".to_owned()),
        ..Settings::default()
    };
    assert_eq!(*body, made(&settings).components["lf-settings"]);
    for wanted in [zstd, wanted()] {
        assert_eq!(actions(&plan(&wanted, &made(&settings)).unwrap()), [""; 0]);
    }
}

#[test]
fn a_columnar_index_refuses_setup() {
    let mut found = made(&Settings::default());
    let current = mappings(DocumentKind::Log);
    found.indices.push(daily("lf-logs-2026.11.01", current));
    found.indices[0].columnar = true;
    let refusals = plan(&wanted(), &found).unwrap_err();
    assert_eq!(refusals.len(), 1);
    assert!(
        refusals[0].contains("index.pluggable.dataformat of lf-logs-2026.11.01"),
        "{}",
        refusals[0]
    );
}

#[test]
fn another_release_with_the_same_schema_changes_nothing() {
    let mut found = made(&Settings::default());
    for body in found
        .components
        .values_mut()
        .chain(found.templates.values_mut())
    {
        body["_meta"]["version"] = "0.0.1".into();
    }
    assert_eq!(actions(&plan(&wanted(), &found).unwrap()), [""; 0]);
}

#[test]
fn indices_that_lack_the_same_are_mended_together() {
    let mut found = made(&Settings::default());
    let mut older = mappings(DocumentKind::Log);
    older["properties"].as_object_mut().unwrap().remove("emf");
    let current = mappings(DocumentKind::Log);
    for day in 1..=23 {
        let name = format!("lf-logs-2026.10.{day:02}");
        found.indices.push(daily(&name, older.clone()));
    }
    found.indices.push(daily("lf-logs-2026.11.01", current));
    found.indices[23].has_alias = false;
    let plan = plan(&wanted(), &found).unwrap();
    assert_eq!(
        actions(&plan),
        [
            "update mappings lf-logs-2026.10.01 … lf-logs-2026.10.20 (20): without emf.namespaces, emf.timestamp",
            "update mappings lf-logs-2026.10.21 … lf-logs-2026.10.23 (3): without emf.namespaces, emf.timestamp",
            "update aliases lf-logs-2026.11.01: not in the alias of their kind",
        ]
    );
    let paths: Vec<&str> = plan
        .steps
        .iter()
        .filter_map(|step| Some(step.request.as_ref()?.path.as_str()))
        .collect();
    assert_eq!(
        paths[1],
        "/lf-logs-2026.10.21,lf-logs-2026.10.22,lf-logs-2026.10.23/_mapping"
    );
}

#[test]
fn retention_without_the_plugin_is_a_note() {
    let wanted = Wanted {
        retention: Retention {
            logs: Some(30),
            invocations: None,
        },
        ..wanted()
    };
    let plan = plan(&wanted, &made(&Settings::default())).unwrap();
    assert_eq!(actions(&plan), [""; 0]);
    assert_eq!(plan.notes.len(), 1);
    assert!(plan.notes[0].contains("`logferry prune --index-prefix lf --retain-logs 30d`"));
}
