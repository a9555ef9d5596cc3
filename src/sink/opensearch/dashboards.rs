/*! The saved objects of OpenSearch Dashboards: ids go in, stored objects come out; lines of NDJSON go in, the answer to
their import comes out. */

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::client::{OpenSearch, Request, malformed, unreadable};
use crate::sink::opensearch::config::{OpenSearchConfig, Server};
use logferry_core::dashboards::ObjectKind;

/// Dashboards refuses a request that changes something without this header.
const XSRF: HeaderName = HeaderName::from_static("osd-xsrf");
/// The tenant of the security plugin. Without it, objects may land where only the user of the request sees them.
const TENANT: HeaderName = HeaderName::from_static("securitytenant");

const IMPORT: &str = "/api/saved_objects/_import?overwrite=true";
/// Ends a part of the import's body. No line of NDJSON begins with it: each begins with a brace.
const BOUNDARY: &str = "--logferry-saved-objects";
const MULTIPART: &str = "multipart/form-data; boundary=logferry-saved-objects";

#[derive(Debug)]
pub struct DashboardsConfig {
    /// Its only URL is that of Dashboards, with the base path if it has one. Authentication and TLS are those of
    /// OpenSearch.
    pub access: OpenSearchConfig,
    pub tenant: String,
}

pub struct Dashboards {
    client: OpenSearch,
}

impl Dashboards {
    pub async fn new(config: DashboardsConfig, timeout: Duration) -> Result<Self, IndexError> {
        let tenant = HeaderValue::from_str(&config.tenant).map_err(|_| IndexError::Other {
            class: ErrorClass::Fatal,
            reason: "--dashboards-tenant: a header cannot carry this name".to_owned(),
        })?;
        let server = Server {
            name: "OpenSearch Dashboards",
            url_flag: "--dashboards",
            headers: HeaderMap::from_iter([
                (XSRF, HeaderValue::from_static("true")),
                (TENANT, tenant),
            ]),
        };
        let client = OpenSearch::of_server(config.access, timeout, server).await;
        Ok(Self { client: client? })
    }

    pub async fn version(&self) -> Result<String, IndexError> {
        let status = self.client.call(Method::GET, "/api/status", None).await;
        let status = status.map_err(of_dashboards)?;
        match status["version"]["number"].as_str() {
            Some(number) => Ok(number.to_owned()),
            None => Err(unreadable(
                "--dashboards: /api/status tells no version: is it OpenSearch Dashboards?"
                    .to_owned(),
            )),
        }
    }

    /// The stored objects, in the order of the ids; an object that does not exist has the member `error`.
    pub async fn stored(&self, ids: &[(ObjectKind, &str)]) -> Result<Vec<Value>, IndexError> {
        let path = "/api/saved_objects/_bulk_get";
        let wanted = ids
            .iter()
            .map(|(kind, id)| json!({"type": kind.as_str(), "id": id}));
        let body = Value::from_iter(wanted);
        let answer = self.client.call(Method::POST, path, Some(&body)).await;
        let mut answer = answer.map_err(of_dashboards)?;
        match answer["saved_objects"].take() {
            Value::Array(objects) if objects.len() == ids.len() => Ok(objects),
            _ => Err(unreadable(format!(
                "--dashboards: {path} was asked for {} objects and answers something else",
                ids.len()
            ))),
        }
    }

    /// Imports lines of NDJSON; objects that exist are overwritten.
    pub async fn import(&self, lines: &str) -> Result<Value, IndexError> {
        let body = format!(
            "{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"logferry.ndjson\"\r\n\
             Content-Type: application/ndjson\r\n\r\n{lines}\r\n{BOUNDARY}--\r\n"
        );
        let answer = self.client.send::<()>(Request {
            method: Method::POST,
            path: IMPORT,
            query: None,
            body: Some(body.into()),
            content_type: MULTIPART,
            content_encoding: None,
        });
        let answer = answer.await.map_err(of_dashboards)?;
        serde_json::from_slice(&answer).map_err(|error| malformed(IMPORT, &error))
    }
}

/// What these statuses mean here; the client's sentences are for documents.
fn of_dashboards(error: IndexError) -> IndexError {
    match error {
        IndexError::NotFound => IndexError::Response {
            class: ErrorClass::Fatal,
            status: Some(404),
            error_type: None,
            reason: "--dashboards: nothing is at /api there (HTTP 404): give the URL of OpenSearch Dashboards with its base path, such as https://search.example/_dashboards".to_owned(),
        },
        IndexError::TooLarge => IndexError::Other {
            class: ErrorClass::Fatal,
            reason: "--dashboards: the import is larger than it takes (HTTP 413): raise savedObjects.maxImportPayloadBytes, or the limit of the proxy before it".to_owned(),
        },
        other => other,
    }
}
