/*! What worker and ingest ask of the index before they send documents. */

use crate::commands::setup::plan::TemplateOwner;
use crate::commands::setup::{SetupError, apply, auto_create, found, plan, version};
use crate::config::Wanted;
use crate::sink::opensearch::{Method, OpenSearch};
use crate::sink::{Index, IndexError};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{SCHEMA_VERSION, alias};

/// The index's version, if it can be used and its templates are there: made now with `setup`, only looked for without.
pub(crate) async fn prepare(
    index: &OpenSearch,
    prefix: &str,
    setup: bool,
) -> Result<String, SetupError> {
    let version = index.version().await.map_err(SetupError::Unusable)?;
    if let Some(why) = version::unsupported(&version) {
        return Err(SetupError::Refused(why));
    }
    if version::untested(&version) {
        tracing::warn!(version, "this version is newer than all that were tested");
    }
    if setup {
        set_up(index, prefix).await?;
    } else {
        check(index, prefix).await?;
        let setting = auto_create::setting(index).await;
        if let Some(why) = setting.and_then(|setting| auto_create::forbids(&setting, prefix)) {
            tracing::warn!("{why}");
        }
    }
    Ok(version)
}

async fn set_up(index: &OpenSearch, prefix: &str) -> Result<(), SetupError> {
    let wanted = Wanted {
        prefix: prefix.to_owned(),
        // A worker can be rolled back.
        newer_stays: true,
        ..Wanted::default()
    };
    let found = found::found(index, &wanted).await?;
    let plan = plan::plan(&wanted, &found).map_err(|why| SetupError::Refused(why.join("\n")))?;
    for note in &plan.notes {
        tracing::warn!("{note}");
    }
    let failed = apply::apply(index, &plan, |step| {
        let action = step.action.as_str();
        tracing::info!(
            what = step.what,
            name = step.name,
            why = step.why,
            "setup: {action}"
        );
    });
    for failed in failed.await? {
        tracing::warn!(error = %failed.error, name = failed.step.name, "setup left this as it was");
    }
    Ok(())
}

async fn check(index: &OpenSearch, prefix: &str) -> Result<(), SetupError> {
    for kind in DocumentKind::ALL {
        let name = alias(prefix, kind);
        let path = format!("/_index_template/{name}");
        let answer = match index.call(Method::Get, &path, None).await {
            Ok(answer) => answer,
            Err(IndexError::NotFound) => {
                return Err(SetupError::Refused(format!(
                    "the index template {name} is missing: run `logferry setup` once, or give --setup"
                )));
            }
            Err(error) => return Err(SetupError::index(format!("GET {path}"), error)),
        };
        match TemplateOwner::of(&answer["index_templates"][0]["index_template"]) {
            TemplateOwner::Foreign => {
                return Err(SetupError::Refused(format!(
                    "the index template {name} was not made by logferry: choose another --index-prefix, or overwrite it with `logferry setup --force`"
                )));
            }
            TemplateOwner::Ours { schema, .. } if schema < SCHEMA_VERSION => {
                return Err(SetupError::Refused(format!(
                    "the index template {name} is of an older logferry (schema {schema}, this is {SCHEMA_VERSION}): run `logferry setup` once, or give --setup"
                )));
            }
            // What a newer one maps besides is no hindrance: a worker can be rolled back.
            TemplateOwner::Ours { schema, version } if schema > SCHEMA_VERSION => tracing::warn!(
                name,
                version,
                "the index template is of a newer logferry than this"
            ),
            TemplateOwner::Ours { .. } => {}
        }
    }
    Ok(())
}
