/*! An index and the wanted state go in; the current state of templates, indices, policies and settings comes out. */

use std::collections::BTreeMap;

use serde_json::Value;

use crate::commands::setup::cluster_settings;
use crate::commands::setup::cluster_settings::ClusterSettings;
use crate::commands::setup::columnar;
use crate::commands::setup::request::batches;
use crate::commands::setup::setup_error::SetupError;
use crate::config::Wanted;
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{alias, settings_name};

/// The plugin that manages policies.
const INDEX_MANAGEMENT: &str = "opensearch-index-management";

/// The policies of logferry by name; `None`: there is no such policy.
pub(crate) type Policies = BTreeMap<String, Option<Value>>;
/// The response of index management about each daily index.
pub(crate) type Attachments = BTreeMap<String, Value>;

/// The current state of OpenSearch.
#[derive(Debug, Default)]
pub(crate) struct CurrentState {
    /// OpenSearch Serverless has no settings and no index management.
    pub serverless: bool,
    /// Component templates by name.
    pub components: BTreeMap<String, Value>,
    /// Index templates by name.
    pub templates: BTreeMap<String, Value>,
    /// Daily indices of logferry.
    pub indices: Vec<DailyIndex>,
    /// Indices with the name that an alias of logferry needs.
    pub with_alias_name: Vec<String>,
    /// `None` if there is no index management, or no retention is wanted.
    pub policies: Option<Policies>,
    pub attachments: Attachments,
    pub settings: ClusterSettings,
    /// Number of data nodes, where it matters and can be asked.
    pub data_nodes: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct DailyIndex {
    pub name: String,
    pub kind: DocumentKind,
    pub mappings: Value,
    pub has_alias: bool,
    pub columnar: bool,
}

pub(crate) fn policy_name(prefix: &str, kind: DocumentKind) -> String {
    format!("{}-retention", alias(prefix, kind))
}

pub(crate) async fn read(index: &OpenSearch, wanted: &Wanted) -> Result<CurrentState, SetupError> {
    let prefix = &wanted.prefix;
    let components = get(index, "/_component_template").await?;
    let templates = get(index, "/_index_template").await?;
    let (indices, with_alias_name) = indices(index, prefix).await?;
    let mut current = CurrentState {
        serverless: index.is_serverless(),
        components: named(&components["component_templates"], "component_template"),
        templates: named(&templates["index_templates"], "index_template"),
        indices,
        with_alias_name,
        settings: cluster_settings::read(index).await,
        ..CurrentState::default()
    };
    let stored = current.components.get(&settings_name(prefix));
    let stored = stored
        .and_then(|body| body.pointer("/template/settings/index/replication/type"))
        .and_then(Value::as_str);
    if wanted.replication.or(stored).is_some() {
        current.data_nodes = data_nodes(index).await;
    }
    if !wanted.retention.is_none() && !current.serverless && has_index_management(index).await? {
        current.policies = Some(policies(index, wanted).await?);
        current.attachments = attachments(index, wanted, &current.indices).await?;
    }
    Ok(current)
}

/// A role may lack the permission to ask: then nothing is noted.
async fn data_nodes(index: &OpenSearch) -> Option<u64> {
    let path = "/_cluster/health?filter_path=number_of_data_nodes";
    match index.call(Method::GET, path, None).await {
        Ok(health) => health["number_of_data_nodes"].as_u64(),
        Err(error) => {
            tracing::debug!(%error, "the number of data nodes cannot be read");
            None
        }
    }
}

async fn get(index: &OpenSearch, path: &str) -> Result<Value, SetupError> {
    match index.call(Method::GET, path, None).await {
        // OpenSearch Serverless does not document its response for an empty list.
        Err(IndexError::NotFound) if index.is_serverless() => Ok(Value::Null),
        answer => answer.map_err(|error| SetupError::Index {
            request: format!("GET {path}"),
            error,
        }),
    }
}

fn named(list: &Value, inside: &str) -> BTreeMap<String, Value> {
    let each = list.as_array().into_iter().flatten();
    each.filter_map(|one| Some((one["name"].as_str()?.to_owned(), one[inside].clone())))
        .collect()
}

/// The daily indices of logferry, and the indices with the name of one of its aliases.
async fn indices(
    index: &OpenSearch,
    prefix: &str,
) -> Result<(Vec<DailyIndex>, Vec<String>), SetupError> {
    let [logs, invocations] = DocumentKind::ALL.map(|kind| alias(prefix, kind));
    let path = format!(
        "/{logs},{logs}-*,{invocations},{invocations}-*?ignore_unavailable=true&expand_wildcards=open&filter_path=*.aliases,*.mappings,*.settings.index.uuid,*.settings.index.pluggable*"
    );
    let answer = get(index, &path).await?;
    let mut daily = Vec::new();
    let mut with_alias_name = Vec::new();
    for (name, info) in answer.as_object().into_iter().flatten() {
        if let Some((kind, _)) = index_name::read(name, prefix) {
            daily.push(DailyIndex {
                name: name.clone(),
                kind,
                mappings: info["mappings"].clone(),
                has_alias: info["aliases"].get(alias(prefix, kind)).is_some(),
                columnar: columnar::is_set(&[&info["settings"]["index"]["pluggable"]]),
            });
        } else if *name == logs || *name == invocations {
            with_alias_name.push(name.clone());
        }
    }
    Ok((daily, with_alias_name))
}

async fn has_index_management(index: &OpenSearch) -> Result<bool, SetupError> {
    let plugins = get(index, "/_cat/plugins?format=json&h=component").await?;
    let mut each = plugins.as_array().into_iter().flatten();
    Ok(each.any(|plugin| plugin["component"] == INDEX_MANAGEMENT))
}

async fn policies(index: &OpenSearch, wanted: &Wanted) -> Result<Policies, SetupError> {
    let mut policies = Policies::new();
    for kind in DocumentKind::ALL {
        if wanted.retention.of(kind).is_none() {
            continue;
        }
        let name = policy_name(&wanted.prefix, kind);
        let path = format!("/_plugins/_ism/policies/{name}");
        let answer = match index.call(Method::GET, &path, None).await {
            Ok(answer) => Some(answer),
            Err(IndexError::NotFound) => None,
            Err(error) => {
                return Err(SetupError::Index {
                    request: format!("GET {path}"),
                    error,
                });
            }
        };
        policies.insert(name, answer);
    }
    Ok(policies)
}

async fn attachments(
    index: &OpenSearch,
    wanted: &Wanted,
    indices: &[DailyIndex],
) -> Result<Attachments, SetupError> {
    let names: Vec<&str> = indices
        .iter()
        .filter(|index| wanted.retention.of(index.kind).is_some())
        .map(|index| index.name.as_str())
        .collect();
    let mut attachments = Attachments::new();
    for names in batches(&names) {
        let answer = get(index, &format!("/_plugins/_ism/explain/{names}")).await?;
        for (name, info) in answer.as_object().into_iter().flatten() {
            attachments.insert(name.clone(), info.clone());
        }
    }
    Ok(attachments)
}
