/*! OpenSearch: its nodes, version, templates, settings, room, and whether documents get in. */

use std::sync::Arc;

use serde_json::Value;

use crate::check::disk::{NodeDisk, Watermarks};
use crate::check::{Area, Finding, cluster, disk};
use crate::commands::check::setup_state;
use crate::commands::check::write_access;
use crate::commands::check::write_access::{Users, indices_of};
use crate::commands::setup::{unsupported, untested};
use crate::config::CheckConfig;
use crate::sink::opensearch::{Encoding, Method, OpenSearch, OpenSearchConfig, SERVERLESS};
use crate::sink::{Index, IndexError};

const AREA: Area = Area::Opensearch;
/// The checks that need a node that answers.
const CHECKS: [&str; 8] = [
    "compression",
    "templates",
    "setup",
    "auto-create",
    "write",
    "blocks",
    "disk",
    "health",
];
const SETTINGS: &str = "/_cluster/settings?include_defaults=true&filter_path=*.cluster.blocks,*.cluster.routing.allocation.disk,*.cluster.max_shards_per_node";

/// What was found about OpenSearch.
pub(super) struct ClusterSide {
    pub findings: Vec<Finding>,
    /// `None` if it does not answer or is none that logferry can use.
    pub usable: Option<Arc<OpenSearch>>,
}

pub(super) async fn check(config: &CheckConfig) -> ClusterSide {
    let (mut findings, version) = nodes(config).await;
    let index = match &version {
        Some(version) => match unsupported(version) {
            None => connect(config, config.worker.index.clone()).await.ok(),
            Some(why) => {
                let remedy = "give an OpenSearch of 2.19 or newer by --opensearch-url";
                findings.push(Finding::fault(AREA, "version", why).remedy(remedy));
                None
            }
        },
        None => None,
    };
    let (Some(index), Some(version)) = (index.map(Arc::new), version) else {
        let others =
            CHECKS.map(|check| Finding::not_checked(AREA, check, "OpenSearch cannot be used"));
        findings.extend(others);
        return ClusterSide {
            findings,
            usable: None,
        };
    };
    findings.push(match untested(&version) {
        true => Finding::warning(
            AREA,
            "version",
            format!("{version} is newer than all tested versions"),
        )
        .remedy("look for a newer logferry"),
        false => Finding::ok(AREA, "version", version.clone()),
    });
    findings.push(compression(config, &index).await);
    let users = Users::of(&index).await;
    findings.extend(users.finding());
    findings.extend(setup_state::check(config, &index).await);
    let prefix = &config.worker.pipeline.read.document.index_prefix;
    findings.extend(write_access::check(&index, prefix, &users).await);
    if version == SERVERLESS {
        let none = ["blocks", "disk", "health"];
        findings.extend(
            none.map(|check| {
                Finding::not_checked(AREA, check, "OpenSearch Serverless does not tell")
            }),
        );
    } else {
        findings.extend(room(&index, prefix).await);
    }
    ClusterSide {
        findings,
        usable: Some(index),
    }
}

async fn compression(config: &CheckConfig, index: &OpenSearch) -> Finding {
    let mut answers = Vec::new();
    for encoding in Encoding::BEST_FIRST {
        let answer = index.accepts(encoding).await;
        answers.push((encoding, answer.map_err(|error| error.to_string())));
    }
    cluster::compression(config.worker.pipeline.bulk.compression, &answers)
}

async fn connect(config: &CheckConfig, index: OpenSearchConfig) -> Result<OpenSearch, IndexError> {
    OpenSearch::new(index, config.timeout).await
}

/// Asks each node for its version. The worker needs one that answers.
async fn nodes(config: &CheckConfig) -> (Vec<Finding>, Option<String>) {
    let urls = &config.worker.index.urls;
    let mut answers = Vec::new();
    for url in urls {
        let one = OpenSearchConfig {
            urls: vec![url.clone()],
            ..config.worker.index.clone()
        };
        let answer = match connect(config, one).await {
            Ok(node) => node.version().await,
            Err(error) => Err(error),
        };
        answers.push((url, answer));
    }
    let version = answers
        .iter()
        .find_map(|(_, answer)| answer.as_ref().ok().cloned());
    let findings = answers
        .iter()
        .map(|(url, answer)| match (answer, &version) {
            (Ok(_), _) => Finding::ok(AREA, "reachable", format!("{url} answers")),
            // The sentence says what to do.
            (Err(error), None) => Finding::fault(AREA, "reachable", error.to_string()),
            (Err(error), Some(_)) => Finding::warning(
                AREA,
                "reachable",
                format!("{error}; the other nodes are used"),
            ),
        });
    (findings.collect(), version)
}

/// Blocks, disks and shards. The worker itself does not ask for them.
async fn room(index: &OpenSearch, prefix: &str) -> Vec<Finding> {
    let ask = async |path: &str| {
        index
            .call(Method::GET, path, None)
            .await
            .map_err(|e| e.to_string())
    };
    let settings = ask(SETTINGS).await;
    let mut findings = vec![blocks(index, prefix, &settings).await];
    let allocation = ask("/_cat/allocation?format=json&bytes=b").await;
    findings.push(match (&allocation, &settings) {
        (Ok(rows), Ok(settings)) => disk::judge(
            &NodeDisk::of_allocation(rows),
            &Watermarks::of_settings(settings),
        ),
        (Err(reason), _) | (_, Err(reason)) => {
            cluster::unseen("disk", "whether the disks are full", reason)
        }
    });
    let health = ask("/_cluster/health").await;
    let most_shards = settings.as_ref().ok().and_then(shards_per_node);
    findings.push(match &health {
        Ok(health) => cluster::health(health, most_shards),
        Err(reason) => cluster::unseen("health", "the health of the cluster", reason),
    });
    findings
}

/// The innermost scope with a value counts.
fn shards_per_node(settings: &Value) -> Option<u64> {
    let mut scopes = ["transient", "persistent", "defaults"].iter();
    let value = scopes.find_map(|scope| settings[scope].pointer("/cluster/max_shards_per_node"))?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

async fn blocks(index: &OpenSearch, prefix: &str, settings: &Result<Value, String>) -> Finding {
    if let Some(fault) = settings.as_ref().ok().and_then(cluster::cluster_block) {
        return fault;
    }
    let path = format!(
        "/{prefix}-logs-*,{prefix}-invocations-*/_settings?flat_settings=true&expand_wildcards=open&ignore_unavailable=true&filter_path=*.settings.index.blocks*"
    );
    let of_indices = index
        .call(Method::GET, &path, None)
        .await
        .map_err(|e| e.to_string());
    match (&of_indices, settings) {
        (Ok(of_indices), Ok(_)) => {
            let (tried, near) = (indices_of(prefix, &[0]), indices_of(prefix, &[-1, 1]));
            cluster::index_blocks(of_indices, &tried, &near)
        }
        (Err(reason), _) | (_, Err(reason)) => cluster::unseen(
            "blocks",
            "whether the cluster or old indices are blocked",
            reason,
        ),
    }
}
