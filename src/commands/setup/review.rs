/*! An index goes in; what setup has left to do, and the cluster's settings that matter, come out. Nothing is changed.
*/

use crate::commands::setup::cluster_settings::ClusterSettings;
use crate::commands::setup::plan::auto_create;
use crate::commands::setup::plan::step::Action;
use crate::commands::setup::setup_error::SetupError;
use crate::commands::setup::{at_start, cluster_settings, columnar, current_state, plan};
use crate::config::Wanted;
use crate::sink::IndexError;
use crate::sink::opensearch::OpenSearch;

/// The state of OpenSearch as `check` shows it.
pub(crate) struct Review {
    /// Whether `worker` finds its index templates without `--setup`.
    pub templates: Result<(), SetupError>,
    /// What setup would do, a line each, with its notes. It reads more than the worker.
    pub plan: Result<PlanReview, SetupError>,
    pub settings: Result<SettingsReview, IndexError>,
}

pub(crate) struct PlanReview {
    pub changes: Vec<String>,
    pub notes: Vec<String>,
}

pub(crate) struct SettingsReview {
    /// A sentence if OpenSearch may not make daily indices.
    pub forbidden: Option<String>,
    /// A sentence if new indices are columnar.
    pub columnar: Option<String>,
}

pub(crate) async fn review(index: &OpenSearch, prefix: &str) -> Review {
    let settings = match index.is_serverless() {
        true => Ok(ClusterSettings::default()),
        false => cluster_settings::try_read(index).await,
    };
    Review {
        templates: at_start::check_templates(index, prefix).await,
        plan: review_plan(index, prefix).await,
        settings: settings.map(|settings| SettingsReview {
            forbidden: (settings.auto_create.as_deref())
                .and_then(|setting| auto_create::forbids(setting, prefix)),
            columnar: settings
                .columnar
                .then(|| columnar::sentence(columnar::CLUSTER)),
        }),
    }
}

async fn review_plan(index: &OpenSearch, prefix: &str) -> Result<PlanReview, SetupError> {
    let wanted = Wanted {
        prefix: prefix.to_owned(),
        // As the worker does it.
        newer_stays: true,
        ..Wanted::default()
    };
    let mut current = current_state::read(index, &wanted).await?;
    // They have findings of their own.
    current.settings = ClusterSettings::default();
    let plan = plan::plan(&wanted, &current).map_err(|why| SetupError::Refused(why.join("; ")))?;
    let changes = plan.steps.iter().filter(|step| step.action != Action::Keep);
    Ok(PlanReview {
        changes: (changes)
            .map(|step| format!("{} {} {}", step.action.as_str(), step.what, step.name))
            .collect(),
        notes: plan.notes,
    })
}
