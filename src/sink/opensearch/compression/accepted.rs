/*! A cluster is asked which compressions of bulks it takes. No question writes anything. */

use std::collections::BTreeMap;
use std::io::Write;

use flate2::write::GzEncoder;
use reqwest::Method;
use serde::Deserialize;

use crate::error_class::ErrorClass;
use crate::sink::opensearch::client::{OpenSearch, Request, malformed};
use crate::sink::opensearch::compression::encoding::Encoding;
use crate::sink::opensearch::node::NDJSON;
use crate::sink::{BulkCompression, IndexError};

/// A bulk without documents. OpenSearch reads it, then refuses it by an error of this type.
const EMPTY_BULK: &[u8] = b"\n";
const READ_AND_EMPTY: &str = "action_request_validation_exception";

/// The first version that was seen to read zstd. Older ones are never sent any.
const ZSTD_SINCE: (u32, u32) = (3, 4);
/// Servers of before OpenSearch call themselves this and more.
const NO_OPENSEARCH: (u32, u32) = (5, 0);
const NODES: &str = "/_nodes/http?filter_path=nodes.*.name,nodes.*.version";

/// Whether a cluster takes bulks in an encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    Yes,
    /// The reason.
    No(String),
}

#[derive(Deserialize)]
struct Nodes {
    #[serde(default)]
    nodes: BTreeMap<String, NodeInfo>,
}

#[derive(Deserialize)]
struct NodeInfo {
    name: String,
    version: String,
}

impl OpenSearch {
    /// Compresses bulks from now on.
    pub fn compressing(mut self, encoding: Option<Encoding>) -> Self {
        if let Some(encoding) = encoding {
            tracing::info!(encoding = encoding.as_str(), "bulks are compressed");
        }
        self.compression = self.compression.with(encoding);
        self
    }

    /// The encoding of bulks for what was asked for, or the reason why the cluster cannot have it.
    pub async fn bulk_encoding(
        &self,
        wanted: BulkCompression,
    ) -> Result<Option<Encoding>, IndexError> {
        let (encoding, instead) = match wanted {
            BulkCompression::None => return Ok(None),
            BulkCompression::Auto => return self.best_encoding().await,
            BulkCompression::Gzip => (Encoding::Gzip, "give none"),
            BulkCompression::Zstd => (Encoding::Zstd, "give gzip, or auto"),
        };
        match self.accepts(encoding).await? {
            Accepted::Yes => Ok(Some(encoding)),
            Accepted::No(reason) => Err(IndexError::Other {
                class: ErrorClass::Fatal,
                reason: format!(
                    "--bulk-compression {}: {reason}: {instead}",
                    encoding.as_str()
                ),
            }),
        }
    }

    async fn best_encoding(&self) -> Result<Option<Encoding>, IndexError> {
        for encoding in Encoding::BEST_FIRST {
            match self.accepts(encoding).await? {
                Accepted::Yes => return Ok(Some(encoding)),
                Accepted::No(reason) => {
                    tracing::info!(
                        encoding = encoding.as_str(),
                        reason,
                        "bulks cannot be compressed so"
                    );
                }
            }
        }
        Ok(None)
    }

    /// Asks the cluster whether it reads bulks in this encoding.
    pub async fn accepts(&self, encoding: Encoding) -> Result<Accepted, IndexError> {
        if encoding == Encoding::Zstd
            && let Some(reason) = self.forbids_zstd().await?
        {
            return Ok(Accepted::No(reason));
        }
        let answer = self
            .send::<()>(Request {
                method: Method::POST,
                path: "/_bulk",
                query: None,
                body: Some(empty_bulk(encoding)?.into()),
                content_type: NDJSON,
                content_encoding: Some(encoding.as_str()),
            })
            .await;
        match answer {
            Ok(_) => Ok(Accepted::Yes),
            Err(error) if error.error_type() == Some(READ_AND_EMPTY) => Ok(Accepted::Yes),
            // It takes the compressed bytes for JSON, or says that it knows no such encoding.
            Err(error) if matches!(error.status(), Some(400 | 406 | 415)) => Ok(Accepted::No(
                format!("the cluster does not take it ({error})"),
            )),
            Err(error) => Err(error),
        }
    }

    /// Why the cluster may not even be asked for zstd.
    async fn forbids_zstd(&self) -> Result<Option<String>, IndexError> {
        if self.is_signed() {
            let reason = "Amazon's documentation of its domains and collections names only gzip";
            return Ok(Some(reason.to_owned()));
        }
        let nodes = match self.call_raw(Method::GET, NODES, None).await {
            Ok(answer) => answer,
            Err(error) if error.class() == ErrorClass::Fatal => {
                return Ok(Some(format!(
                    "the versions of the nodes cannot be seen, which must all be 3.4 or newer ({error})"
                )));
            }
            Err(error) => return Err(error),
        };
        let Nodes { nodes } = serde_json::from_slice(&nodes).map_err(|e| malformed(NODES, &e))?;
        Ok(older_node(&nodes))
    }
}

/// The reason if there is a node that cannot read zstd, or no node at all.
fn older_node(nodes: &BTreeMap<String, NodeInfo>) -> Option<String> {
    if nodes.is_empty() {
        return Some("the cluster does not tell the versions of its nodes".to_owned());
    }
    let older = nodes.values().find(|node| {
        !version(&node.version)
            .is_some_and(|version| (ZSTD_SINCE..NO_OPENSEARCH).contains(&version))
    })?;
    let NodeInfo { name, version } = older;
    Some(format!(
        "all nodes must be OpenSearch 3.4 or newer, and {name} is {version}"
    ))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn empty_bulk(encoding: Encoding) -> Result<Vec<u8>, IndexError> {
    let encoded = match encoding {
        Encoding::Gzip => {
            let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(EMPTY_BULK).and_then(|()| gzip.finish())
        }
        Encoding::Zstd => zstd::encode_all(EMPTY_BULK, 1),
    };
    encoded.map_err(|error| IndexError::Other {
        class: ErrorClass::Fatal,
        reason: format!("--bulk-compression {}: {error}", encoding.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(versions: &[&str]) -> BTreeMap<String, NodeInfo> {
        let each = versions.iter().map(|version| {
            let node = NodeInfo {
                name: format!("node-{version}"),
                version: (*version).to_owned(),
            };
            (node.name.clone(), node)
        });
        each.collect()
    }

    #[test]
    fn every_node_must_be_new_enough_for_zstd() {
        for new in [&["3.4.0"][..], &["3.10.1", "4.0.0"]] {
            assert_eq!(older_node(&nodes(new)), None, "{new:?}");
        }
        for (old, named) in [
            (&[][..], "does not tell"),
            (&["2.19.4"][..], "node-2.19.4 is 2.19.4"),
            (&["3.4.0", "3.3.2"][..], "node-3.3.2"),
            (&["3.4.0", "7.10.2"][..], "node-7.10.2"),
            (&["x"][..], "node-x"),
        ] {
            let reason = older_node(&nodes(old)).unwrap();
            assert!(reason.contains(named), "{reason}");
        }
    }
}
