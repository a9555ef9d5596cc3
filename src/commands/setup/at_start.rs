/*! The check of the index before `worker` and `ingest` send documents: its version comes out, or a reason to stop. */

use anyhow::Context;

use crate::commands::setup::plan::auto_create;
use crate::commands::setup::plan::templates::TemplateOwner;
use crate::commands::setup::setup_error::SetupError;
use crate::commands::setup::{apply, cluster_settings, columnar, current_state, plan, version};
use crate::config::Wanted;
use crate::pipeline::PipelineConfig;
use crate::sink::opensearch::{Encoding, Method, OpenSearch, OpenSearchConfig};
use crate::sink::{BulkCompression, Index, IndexError};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{SCHEMA_VERSION, alias};

/// What a command says of an index before the reason.
pub(crate) const UNUSABLE: &str = "the index cannot be used";

/// An index that can be used.
pub(crate) struct Prepared {
    pub version: String,
    /// How bulks are compressed.
    pub encoding: Option<Encoding>,
}

/// Whether the index can be used, its templates are there, and it takes bulks as they are to be compressed. With
/// `setup`, missing templates are made.
pub(crate) async fn prepare(
    index: &OpenSearch,
    prefix: &str,
    setup: bool,
    compression: BulkCompression,
) -> Result<Prepared, SetupError> {
    let version = index.version().await.map_err(SetupError::Unusable)?;
    if let Some(why) = version::unsupported(&version) {
        return Err(SetupError::Refused(why));
    }
    if version::untested(&version) {
        tracing::warn!(version, "this version is newer than all tested versions");
    }
    if setup {
        set_up(index, prefix).await?;
    } else {
        check_templates(index, prefix).await?;
        let settings = cluster_settings::read(index).await;
        if settings.columnar {
            return Err(SetupError::Refused(columnar::sentence(columnar::CLUSTER)));
        }
        let auto_create = settings.auto_create.as_deref();
        if let Some(why) = auto_create.and_then(|setting| auto_create::forbids(setting, prefix)) {
            tracing::warn!("{why}");
        }
    }
    let encoding = index.bulk_encoding(compression).await;
    let encoding = encoding.map_err(SetupError::Unusable)?;
    Ok(Prepared { version, encoding })
}

/// Opens an index for a command that does not wait for it: it can be used, and bulks are compressed as configured.
pub(crate) async fn open_prepared(
    target: OpenSearchConfig,
    pipeline: &PipelineConfig,
    setup: bool,
) -> anyhow::Result<OpenSearch> {
    let opened = async {
        let index = OpenSearch::new(target, pipeline.bulk_timeout).await?;
        let prefix = &pipeline.read.document.index_prefix;
        let prepared = prepare(&index, prefix, setup, pipeline.bulk.compression).await?;
        anyhow::Ok(index.compressing(prepared.encoding))
    };
    opened.await.context(UNUSABLE)
}

async fn set_up(index: &OpenSearch, prefix: &str) -> Result<(), SetupError> {
    let wanted = Wanted {
        prefix: prefix.to_owned(),
        // A worker can be rolled back.
        newer_stays: true,
        ..Wanted::default()
    };
    let current = current_state::read(index, &wanted).await?;
    let plan = plan::plan(&wanted, &current).map_err(|why| SetupError::Refused(why.join("\n")))?;
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

/// Whether the index templates are there, and new enough.
pub(crate) async fn check_templates(index: &OpenSearch, prefix: &str) -> Result<(), SetupError> {
    for kind in DocumentKind::ALL {
        let name = alias(prefix, kind);
        let path = format!("/_index_template/{name}");
        let answer = match index.call(Method::GET, &path, None).await {
            Ok(answer) => answer,
            Err(IndexError::NotFound) => {
                return Err(SetupError::Refused(format!(
                    "the index template {name} is missing: run `logferry setup` once, or give --setup"
                )));
            }
            Err(error) => {
                return Err(SetupError::Index {
                    request: format!("GET {path}"),
                    error,
                });
            }
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
            // The additional fields of a newer template do no harm: a worker can be rolled back.
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
