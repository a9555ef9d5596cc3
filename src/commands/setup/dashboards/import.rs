/*! A configuration goes in; Dashboards is asked for the stored objects, and gets those that are missing or outdated. */

use serde_json::{Value, json};

use crate::commands::setup::dashboards::answer;
use crate::commands::setup::dashboards::answer::Outcome;
use crate::commands::setup::dashboards::objects;
use crate::commands::setup::dashboards::objects::ObjectPlan;
use crate::commands::setup::plan::Plan;
use crate::commands::setup::plan::step::{Action, Step};
use crate::commands::setup::request::TIMEOUT;
use crate::commands::setup::setup_error::SetupError;
use crate::config::Wanted;
use crate::sink::opensearch::{Dashboards, DashboardsConfig};
use logferry_core::dashboards::saved_objects;

/// OpenSearch Dashboards with the plan for it.
pub(crate) struct DashboardsPlan {
    dashboards: Dashboards,
    pub version: String,
    objects: ObjectPlan,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    outcome: Outcome,
}

pub(crate) async fn plan(
    config: DashboardsConfig,
    wanted: &Wanted,
) -> Result<DashboardsPlan, SetupError> {
    let dashboards = Dashboards::new(config, TIMEOUT).await;
    let dashboards = dashboards.map_err(SetupError::Unusable)?;
    let version = dashboards.version().await.map_err(SetupError::Unusable)?;
    let all = saved_objects(&wanted.prefix);
    let ids: Vec<_> = all
        .iter()
        .map(|object| (object.kind, &*object.id))
        .collect();
    let stored = dashboards.stored(&ids).await;
    let stored = stored.map_err(SetupError::Unusable)?;
    let objects = objects::plan(all, &stored, wanted.force).map_err(SetupError::Refused)?;
    Ok(DashboardsPlan {
        dashboards,
        version,
        objects,
    })
}

impl DashboardsPlan {
    pub(crate) fn steps(&self) -> &Plan {
        &self.objects.plan
    }

    /// The request of the plan in words; `None` if there is nothing to import.
    pub(crate) fn request(&self) -> Option<String> {
        let lines = self.objects.lines.len();
        (lines > 0).then(|| {
            format!(
                "POST /api/saved_objects/_import?overwrite=true to Dashboards, with {lines} objects"
            )
        })
    }

    /// One request imports everything, so that references resolve.
    pub(crate) async fn import(&self) -> Result<Imported, SetupError> {
        if self.objects.lines.is_empty() {
            return Ok(Imported::default());
        }
        let answer = self.dashboards.import(&self.objects.lines.join("\n")).await;
        let answer = answer.map_err(SetupError::Unusable)?;
        Ok(Imported {
            outcome: answer::read(&answer),
        })
    }

    /// For machines: the plan, and what became of it if it was not a dry run.
    pub(crate) fn json(&self, imported: Option<&Imported>) -> Value {
        let steps = self.steps().steps.iter().map(|step| {
            let mut shown = json!(step);
            if step.action != Action::Keep {
                shown["done"] = imported.is_some_and(|i| i.has(step)).into();
            }
            if let Some(error) = imported.and_then(|i| i.outcome.error(&step.name)) {
                shown["error"] = error.into();
            }
            shown
        });
        json!({
            "version": self.version,
            "steps": Value::from_iter(steps),
            "notes": self.steps().notes,
            "changed": imported.map_or(0, |imported| imported.done(self.steps()).count()),
        })
    }
}

impl Imported {
    fn has(&self, step: &Step) -> bool {
        self.outcome.imported.contains(&step.name)
    }

    /// The steps that were done.
    pub(crate) fn done<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p Step> {
        plan.steps
            .iter()
            .filter(|step| step.action != Action::Keep && self.has(step))
    }

    /// A sentence for each object that Dashboards refused.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = &str> {
        self.outcome
            .refused
            .iter()
            .map(|(_, sentence)| sentence.as_str())
    }
}
