/*! The [`Index`] over OpenSearch: bulks go in and verdicts come out; index names and ids go in and stored documents
come out. */

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::sink::opensearch::client::{OpenSearch, Request, SERVERLESS, malformed, unreadable};
use crate::sink::opensearch::error_body::{ErrorBody, INDEX_CLOSED};
use crate::sink::opensearch::node::{JSON, NDJSON};
use crate::sink::opensearch::reason;
use crate::sink::opensearch::serverless::refuses_id;
use crate::sink::{Index, IndexError, Stored, Takes, probe};
use logferry_core::bulk;
use logferry_core::bulk::{BodyChunks, Bulk, Verdict, WireBody};

/// Selects the parts of the `_bulk` response that are read.
#[derive(serde::Serialize)]
struct BulkQuery {
    filter_path: &'static str,
}

const BULK_QUERY: BulkQuery = BulkQuery {
    filter_path: "items.*.status,items.*.error",
};

#[derive(Deserialize)]
struct Info {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    distribution: Option<String>,
    number: String,
}

#[derive(Deserialize)]
struct Fetched<'a> {
    #[serde(borrow)]
    docs: Vec<FetchedDocument<'a>>,
}

#[derive(Deserialize)]
struct FetchedDocument<'a> {
    #[serde(default)]
    found: bool,
    #[serde(default)]
    error: Option<ErrorBody>,
    #[serde(default)]
    _seq_no: u64,
    #[serde(default)]
    _primary_term: u64,
    #[serde(borrow, default)]
    _source: Option<&'a RawValue>,
}

#[async_trait]
impl Index for OpenSearch {
    async fn version(&self) -> Result<String, IndexError> {
        if self.is_serverless() {
            // There is no version; this asks whether we may.
            self.call_raw(Method::GET, "/_cat/indices?format=json", None)
                .await?;
            return Ok(SERVERLESS.to_owned());
        }
        let body = self.call_raw(Method::GET, "/", None).await?;
        let info: Info =
            serde_json::from_slice(&body).map_err(|e| malformed("the version request", &e))?;
        let name = info
            .version
            .distribution
            .unwrap_or_else(|| "elasticsearch".to_owned());
        Ok(format!("{name} {}", info.version.number))
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let n = bulk.documents().len();
        if self.without_ids() {
            return self.send_bulk_without_ids(bulk).await;
        }
        match self
            .send_bulk(self.compression.wire_body(bulk).await, n)
            .await
        {
            Ok(statuses) => self.without_refused_ids(bulk, statuses).await,
            Err(IndexError::NoIds) => {
                self.give_up_ids();
                self.send_bulk_without_ids(bulk).await
            }
            Err(error) => Err(error),
        }
    }

    async fn takes(&self, index: &str, source: &[u8]) -> Result<Takes, IndexError> {
        if self.without_ids() {
            // Without its id the probe would be written.
            return Ok(Takes::Unknown("the index takes no document ids".to_owned()));
        }
        match self.send_small_bulk(probe(index, source).body(), 1).await {
            Ok(statuses) => Ok(match statuses.into_iter().next() {
                Some(status) if !refuses_id(&status) => Takes::of(status),
                _ => Takes::Unknown("the index takes no document ids".to_owned()),
            }),
            Err(IndexError::NoIds) => Ok(Takes::Unknown(IndexError::NoIds.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        self.fetch_each(wanted, "", stored).await
    }
}

/// Whether an index holds a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    There,
    /// The document or its index does not exist.
    Absent,
    /// The index is closed.
    Closed,
}

fn presence(document: FetchedDocument<'_>) -> Result<Presence, IndexError> {
    match document.error {
        Some(error) if error.is(INDEX_CLOSED) => Ok(Presence::Closed),
        Some(error) => reason::document_error(error).map_or(Ok(Presence::Absent), Err),
        None if document.found => Ok(Presence::There),
        None => Ok(Presence::Absent),
    }
}

/// `None` only if OpenSearch says that the document or its index does not exist.
fn stored(document: FetchedDocument<'_>) -> Result<Option<Stored>, IndexError> {
    if let Some(error) = document.error {
        return match reason::document_error(error) {
            Some(error) => Err(error),
            None => Ok(None),
        };
    }
    match (document.found, document._source) {
        (false, _) => Ok(None),
        (true, Some(source)) => Ok(Some(Stored {
            seq_no: document._seq_no,
            primary_term: document._primary_term,
            source: source.get().as_bytes().to_vec(),
        })),
        (true, None) => Err(unreadable(
            "_mget: a document without its source".to_owned(),
        )),
    }
}

impl OpenSearch {
    /// Tells for each index name and id whether the document is there, also before a refresh shows it to searches.
    pub async fn presence(&self, wanted: &[(String, String)]) -> Result<Vec<Presence>, IndexError> {
        self.fetch_each(wanted, "?_source=false", presence).await
    }

    /// Asks for documents by index name and id, and reads each answer.
    async fn fetch_each<T>(
        &self,
        wanted: &[(String, String)],
        query: &str,
        read: fn(FetchedDocument<'_>) -> Result<T, IndexError>,
    ) -> Result<Vec<T>, IndexError> {
        let all: Vec<_> = wanted.iter().collect();
        if !self.is_serverless() {
            let path = format!("/_mget{query}");
            return self.mget(Method::POST, &path, &all, read).await;
        }
        // OpenSearch Serverless has `_mget` for one index at a time.
        let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, (index, _)) in wanted.iter().enumerate() {
            positions.entry(index).or_default().push(position);
        }
        let mut found = Vec::with_capacity(wanted.len());
        for (index, positions) in positions {
            let some: Vec<_> = positions.iter().map(|position| all[*position]).collect();
            let path = format!("/{index}/_mget{query}");
            let answer = self.mget(Method::GET, &path, &some, read).await?;
            found.extend(positions.into_iter().zip(answer));
        }
        found.sort_by_key(|(position, _)| *position);
        Ok(found.into_iter().map(|(_, answer)| answer).collect())
    }

    async fn mget<T>(
        &self,
        method: Method,
        path: &str,
        wanted: &[&(String, String)],
        read: fn(FetchedDocument<'_>) -> Result<T, IndexError>,
    ) -> Result<Vec<T>, IndexError> {
        let docs: Vec<_> = wanted
            .iter()
            .map(|(index, id)| serde_json::json!({"_index": index, "_id": id}))
            .collect();
        let body = serde_json::json!({ "docs": docs }).to_string();
        let answer = self
            .send::<()>(Request {
                method,
                path,
                query: None,
                body: Some(body.into()),
                content_type: JSON,
                content_encoding: None,
            })
            .await?;
        let fetched: Fetched<'_> =
            serde_json::from_slice(&answer).map_err(|e| malformed("_mget", &e))?;
        if fetched.docs.len() != wanted.len() {
            let (answered, wanted) = (fetched.docs.len(), wanted.len());
            return Err(unreadable(format!("_mget answered {answered} of {wanted}")));
        }
        fetched.docs.into_iter().map(read).collect()
    }

    /// Sends a small body of `n` documents once.
    pub(crate) async fn send_small_bulk(
        &self,
        body: impl Into<BodyChunks>,
        n: usize,
    ) -> Result<Vec<Verdict>, IndexError> {
        self.send_bulk(WireBody::plain(body.into()), n).await
    }

    /// Sends a body of `n` documents once.
    pub(super) async fn send_bulk(
        &self,
        body: WireBody,
        n: usize,
    ) -> Result<Vec<Verdict>, IndexError> {
        self.compression.count(&body);
        let answer = self
            .send(Request {
                method: Method::POST,
                path: "/_bulk",
                query: Some(&BULK_QUERY),
                body: Some(body.bytes),
                content_type: NDJSON,
                content_encoding: body.encoding,
            })
            .await?;
        bulk::read(&answer, n).map_err(|e| unreadable(format!("_bulk: {e}")))
    }
}
