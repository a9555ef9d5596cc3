/*! The index over OpenSearch: one `_bulk` call a bulk, without retries; the pipeline has them. */

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opensearch::auth::Credentials;
pub(crate) use opensearch::http::Method;
use opensearch::http::StatusCode;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::response::Response;
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::{Index, IndexError, Stored};
use crate::bulk::{self, Bulk, ItemStatus};
use crate::class::Class;
use crate::document::template::{Template, templates};

pub struct OpenSearch {
    transport: Transport,
    /// For messages: never with credentials.
    shown_url: String,
    timeout: Duration,
}

const JSON: &str = "application/json";

/// What of a bulk answer is asked for.
#[derive(serde::Serialize)]
struct BulkQuery {
    filter_path: &'static str,
}

const BULK_QUERY: BulkQuery = BulkQuery {
    filter_path: "items.*.status,items.*.error",
};

impl OpenSearch {
    /// `url` may hold a user and a password; `timeout` is for one request.
    pub fn new(mut url: Url, timeout: Duration) -> Result<Self, IndexError> {
        let credentials = (!url.username().is_empty()).then(|| {
            let decode = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            Credentials::Basic(
                decode(url.username()),
                decode(url.password().unwrap_or_default()),
            )
        });
        // Neither fails for a URL with a host, which the configuration has checked.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let shown_url = url.to_string();
        let mut builder =
            TransportBuilder::new(SingleNodeConnectionPool::new(url)).timeout(timeout);
        if let Some(credentials) = credentials {
            builder = builder.auth(credentials);
        }
        let transport = builder.build().map_err(|e| IndexError::Other {
            class: Class::Fatal,
            reason: format!("cannot connect to {shown_url}: {e}"),
        })?;
        Ok(Self {
            transport,
            shown_url,
            timeout,
        })
    }

    /// Puts those index templates that are not there. One that is there stays as it is.
    pub async fn put_missing_templates(&self, prefix: &str) -> Result<(), IndexError> {
        for Template { name, body } in templates(prefix) {
            let path = format!("/_index_template/{name}");
            match self.send::<()>(Method::Get, &path, None, None, JSON).await {
                Ok(_) => continue,
                Err(IndexError::NotFound) => {}
                Err(error) => return Err(error),
            }
            self.call(Method::Put, &path, Some(&body)).await?;
            tracing::info!(template = name, "index template made");
        }
        Ok(())
    }

    /// One request with a JSON body and a JSON answer, without retries. `path` begins with a slash and may hold a query.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<serde_json::Value, IndexError> {
        let answer = self.call_raw(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|e| malformed(path, &e))
    }

    /// As [`Self::call`], with the answer as it came: a `Value` would round great numbers in documents.
    pub(crate) async fn call_raw(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Bytes, IndexError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        self.send::<()>(method, path, None, body, JSON).await
    }

    async fn send<Q: serde::Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        query: Option<&Q>,
        body: Option<Bytes>,
        content_type: &'static str,
    ) -> Result<Bytes, IndexError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let answer = self
            .transport
            .send(method, path, headers, query, body, Some(self.timeout))
            .await
            .map_err(|e| self.unanswered(&e))?;
        self.checked(path, answer).await
    }

    async fn checked(&self, path: &str, answer: Response) -> Result<Bytes, IndexError> {
        let status = answer.status_code();
        let body = answer.bytes().await.map_err(|e| self.unanswered(&e))?;
        let class = match status {
            status if status.is_success() => return Ok(body),
            StatusCode::PAYLOAD_TOO_LARGE => return Err(IndexError::TooLarge),
            StatusCode::NOT_FOUND => return Err(IndexError::NotFound),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Class::Fatal,
            // A proxy's, a wrong path's, an older server's; a later try may meet another node.
            _ => Class::Retryable,
        };
        let text = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
        let reason = match class {
            Class::Fatal => format!(
                "{} refuses {path} (HTTP {}): check user, password and role: {text}",
                self.shown_url,
                status.as_u16()
            ),
            _ => format!(
                "{} answers {path} with HTTP {}: {text}",
                self.shown_url,
                status.as_u16()
            ),
        };
        Err(IndexError::Other { class, reason })
    }

    fn unanswered(&self, error: &opensearch::Error) -> IndexError {
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            reason.push_str(": ");
            reason.push_str(&inner.to_string());
            cause = inner.source();
        }
        IndexError::Unanswered(format!("{} does not answer: {reason}", self.shown_url))
    }
}

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
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    _seq_no: u64,
    #[serde(default)]
    _primary_term: u64,
    #[serde(borrow, default)]
    _source: Option<&'a RawValue>,
}

fn malformed(what: &str, error: &serde_json::Error) -> IndexError {
    IndexError::Other {
        class: Class::Retryable,
        reason: format!("{what} was answered with something else: {error}"),
    }
}

#[async_trait]
impl Index for OpenSearch {
    async fn version(&self) -> Result<String, IndexError> {
        let body = self.send::<()>(Method::Get, "/", None, None, JSON).await?;
        let info: Info =
            serde_json::from_slice(&body).map_err(|e| malformed("the version request", &e))?;
        let name = info
            .version
            .distribution
            .unwrap_or_else(|| "elasticsearch".to_owned());
        Ok(format!("{name} {}", info.version.number))
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<ItemStatus>, IndexError> {
        let answer = self
            .send(
                Method::Post,
                "/_bulk",
                Some(&BULK_QUERY),
                Some(bulk.body()),
                "application/x-ndjson",
            )
            .await?;
        bulk::read(&answer, bulk.documents().len()).map_err(|e| IndexError::Other {
            class: Class::Retryable,
            reason: format!("{}: {e}", self.shown_url),
        })
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        let docs: Vec<_> = wanted
            .iter()
            .map(|(index, id)| serde_json::json!({"_index": index, "_id": id}))
            .collect();
        let body = serde_json::json!({ "docs": docs }).to_string();
        let answer = self
            .send::<()>(Method::Post, "/_mget", None, Some(body.into()), JSON)
            .await?;
        let fetched: Fetched<'_> =
            serde_json::from_slice(&answer).map_err(|e| malformed("_mget", &e))?;
        if fetched.docs.len() != wanted.len() {
            return Err(IndexError::Other {
                class: Class::Retryable,
                reason: format!("_mget answered {} of {}", fetched.docs.len(), wanted.len()),
            });
        }
        fetched.docs.into_iter().map(stored).collect()
    }
}

/// None only where OpenSearch says that there is no such document; an index that does not exist has none either.
fn stored(document: FetchedDocument<'_>) -> Result<Option<Stored>, IndexError> {
    if let Some(error) = document.error {
        if error.get().contains("index_not_found_exception") {
            return Ok(None);
        }
        return Err(IndexError::Other {
            class: Class::Retryable,
            reason: format!("_mget: {}", error.get()),
        });
    }
    match (document.found, document._source) {
        (false, _) => Ok(None),
        (true, Some(source)) => Ok(Some(Stored {
            seq_no: document._seq_no,
            primary_term: document._primary_term,
            source: source.get().as_bytes().to_vec(),
        })),
        (true, None) => Err(IndexError::Other {
            class: Class::Retryable,
            reason: "_mget: a document without its source".to_owned(),
        }),
    }
}
