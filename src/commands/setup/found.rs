/*! What is there: the reading half of setup. */

use std::collections::BTreeMap;

use serde_json::Value;

use crate::commands::setup::plan::{CurrentState, DailyIndex, batches};
use crate::commands::setup::retention::{Attachments, Policies, policy_name};
use crate::commands::setup::{SetupError, auto_create};
use crate::config::Wanted;
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::alias;

/// The plugin that knows policies.
const INDEX_MANAGEMENT: &str = "opensearch-index-management";

pub(crate) async fn found(index: &OpenSearch, wanted: &Wanted) -> Result<CurrentState, SetupError> {
    let prefix = &wanted.prefix;
    let components = get(index, "/_component_template").await?;
    let templates = get(index, "/_index_template").await?;
    let (indices, in_the_way) = indices(index, prefix).await?;
    let mut found = CurrentState {
        serverless: index.is_serverless(),
        components: named(&components["component_templates"], "component_template"),
        templates: named(&templates["index_templates"], "index_template"),
        indices,
        in_the_way,
        auto_create: auto_create::setting(index).await,
        ..CurrentState::default()
    };
    if !wanted.retention.is_none() && !found.serverless && has_index_management(index).await? {
        found.policies = Some(policies(index, wanted).await?);
        found.attachments = attachments(index, wanted, &found.indices).await?;
    }
    Ok(found)
}

async fn get(index: &OpenSearch, path: &str) -> Result<Value, SetupError> {
    match index.call(Method::Get, path, None).await {
        // How it says that there are none is not documented.
        Err(IndexError::NotFound) if index.is_serverless() => Ok(Value::Null),
        answer => answer.map_err(|error| SetupError::index(format!("GET {path}"), error)),
    }
}

fn named(list: &Value, inside: &str) -> BTreeMap<String, Value> {
    let each = list.as_array().into_iter().flatten();
    each.filter_map(|one| Some((one["name"].as_str()?.to_owned(), one[inside].clone())))
        .collect()
}

/// Our daily indices, and indices that are called like our aliases.
async fn indices(
    index: &OpenSearch,
    prefix: &str,
) -> Result<(Vec<DailyIndex>, Vec<String>), SetupError> {
    let [logs, invocations] = DocumentKind::ALL.map(|kind| alias(prefix, kind));
    let path = format!(
        "/{logs},{logs}-*,{invocations},{invocations}-*?ignore_unavailable=true&expand_wildcards=open&filter_path=*.aliases,*.mappings,*.settings.index.uuid"
    );
    let answer = get(index, &path).await?;
    let mut daily = Vec::new();
    let mut in_the_way = Vec::new();
    for (name, about) in answer.as_object().into_iter().flatten() {
        if let Some((kind, _)) = index_name::read(name, prefix) {
            daily.push(DailyIndex {
                name: name.clone(),
                kind,
                mappings: about["mappings"].clone(),
                has_alias: about["aliases"].get(alias(prefix, kind)).is_some(),
            });
        } else if *name == logs || *name == invocations {
            in_the_way.push(name.clone());
        }
    }
    Ok((daily, in_the_way))
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
        let answer = match index.call(Method::Get, &path, None).await {
            Ok(answer) => Some(answer),
            Err(IndexError::NotFound) => None,
            Err(error) => return Err(SetupError::index(format!("GET {path}"), error)),
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
        for (name, about) in answer.as_object().into_iter().flatten() {
            attachments.insert(name.clone(), about.clone());
        }
    }
    Ok(attachments)
}
