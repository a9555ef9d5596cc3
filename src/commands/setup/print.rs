/*! A plan goes in; a table, JSON or the requests come out as text. */

use console::style;
use serde_json::{Value, json};

use crate::commands::setup::apply::FailedStep;
use crate::commands::setup::plan::Plan;
use crate::commands::setup::plan::step::{Action, Request, Step};
use crate::commands::shared::table::Table;

/// Columns of output that goes to no terminal.
const WITHOUT_TERMINAL: u16 = 140;

/// The index, and the compressions of bulks that it takes.
pub(crate) fn head(version: &str, compressions: &[&str]) -> String {
    match compressions {
        [] => format!("{version}\n"),
        taken => format!(
            "{version}; --bulk-compression: it takes {}\n",
            taken.join(", ")
        ),
    }
}

pub(crate) fn table(plan: &Plan, out: &mut String, width: usize) {
    let mut table = Table::new(&["", "what", "name", "why"]);
    for step in &plan.steps {
        let action = match step.action {
            Action::Keep => style("keep").dim(),
            Action::Make => style("make").green(),
            Action::Update => style("update").yellow(),
        };
        let name = match step.action {
            Action::Keep => style(&step.name).dim().to_string(),
            _ => step.name.clone(),
        };
        table.row([
            action.to_string(),
            step.what.to_owned(),
            name,
            step.why.clone(),
        ]);
    }
    table.write(out, width);
    for note in &plan.notes {
        out.push_str(&format!("{} {note}\n", style("note:").bold()));
    }
}

pub(crate) fn done(step: &Step) -> String {
    let done = match step.action {
        Action::Keep => "kept",
        Action::Make => "made",
        Action::Update => "updated",
    };
    format!("{done} {} {}", step.what, step.name)
}

/// Writes the requests in the form that the console of OpenSearch Dashboards takes.
pub(crate) fn requests(plan: &Plan, out: &mut String) {
    for Request { method, path, body } in plan.steps.iter().filter_map(|s| s.request.as_ref()) {
        out.push_str(&format!("\n{method} {path}\n{body:#}\n"));
    }
}

pub(crate) fn json(
    version: &str,
    plan: &Plan,
    dry_run: bool,
    done: &[&Step],
    failed: &[FailedStep<'_>],
) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let mut shown = json!(step);
            if step.request.is_some() {
                shown["done"] = done.iter().any(|done| std::ptr::eq(*done, step)).into();
            }
            if let Some(failed) = failed.iter().find(|f| std::ptr::eq(f.step, step)) {
                shown["error"] = failed.error.to_string().into();
            }
            shown
        })
        .collect();
    json!({
        "index": version,
        "dry_run": dry_run,
        "steps": steps,
        "notes": plan.notes,
        "changed": done.len(),
    })
}

/// Columns of the terminal.
pub(crate) fn width() -> usize {
    let (_, columns) = console::Term::stdout()
        .size_checked()
        .unwrap_or((0, WITHOUT_TERMINAL));
    usize::from(columns)
}
