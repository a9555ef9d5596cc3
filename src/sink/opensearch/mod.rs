/*! The index over OpenSearch: requests to one of its nodes, without retries; the pipeline has them. */

mod auth;
mod aws;
mod client;
mod config;
mod index;
mod nodes;
mod reason;
mod serverless;

use std::time::Duration;

use bytes::Bytes;
pub use config::{Auth, AwsService, OpenSearchConfig, Password, Secret, Tls};
pub(crate) use opensearch::http::Method;
use opensearch::http::StatusCode;
use opensearch::http::headers::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use prometheus_client::metrics::gauge::Gauge;
use reqwest::Response;
use tokio::time::Instant;
use url::{Host, Url};

use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::sink::IndexError;
use crate::sink::opensearch::auth::Authorization;
use crate::sink::opensearch::client::{Node, TlsMaterial};
use crate::sink::opensearch::nodes::{Nodes, TRIAL};
use crate::sink::opensearch::reason::{ErrorBody, Unanswered};

pub struct OpenSearch {
    nodes: Vec<Node>,
    turns: Nodes,
    authorization: Authorization,
    /// For messages.
    tls: Tls,
    timeout: Duration,
    /// 1 when the index turned out to refuse ids.
    without_ids: Gauge,
}

/// What stands for a version there.
pub(crate) const SERVERLESS: &str = "OpenSearch Serverless";
const JSON: &str = "application/json";

/// One request; to send it again copies nothing.
struct Request<'a, Q: ?Sized> {
    method: Method,
    /// Begins with a slash.
    path: &'a str,
    query: Option<&'a Q>,
    body: Option<Bytes>,
    content_type: &'static str,
}

impl OpenSearch {
    /// `timeout` is for one request. Connects to nothing yet.
    pub async fn new(config: OpenSearchConfig, timeout: Duration) -> Result<Self, IndexError> {
        let authorization = Authorization::new(config.auth.clone()).await?;
        Self::build(config, timeout, authorization).await
    }

    async fn build(
        config: OpenSearchConfig,
        timeout: Duration,
        authorization: Authorization,
    ) -> Result<Self, IndexError> {
        let material = TlsMaterial::read(&config.tls).await?;
        for url in config.urls.iter().filter(|url| is_open(url)) {
            if matches!(authorization, Authorization::Basic(_)) {
                tracing::warn!(%url, "the password goes over the network unencrypted: https:// would hide it");
            }
        }
        let nodes = config
            .urls
            .into_iter()
            .map(|url| material.node(url, &authorization, timeout))
            .collect::<Result<Vec<_>, _>>()?;
        if config.tls.accept_invalid {
            tracing::warn!(
                "any certificate is accepted: whoever stands between reads and changes everything; see --opensearch-accept-invalid-certificates"
            );
        }
        let opensearch = Self {
            turns: Nodes::new(nodes.len(), Instant::now()),
            nodes,
            authorization,
            tls: config.tls,
            timeout,
            without_ids: Gauge::default(),
        };
        if opensearch.is_serverless() {
            tracing::warn!(
                "OpenSearch Serverless: a collection of the type time series refuses document ids, and then nothing keeps documents from doubling; a collection of the type search takes them"
            );
        }
        Ok(opensearch)
    }

    /// Shows in these metrics whether documents go without ids.
    pub fn shown_in(mut self, metrics: &Metrics) -> Self {
        self.without_ids = metrics.without_ids.clone();
        self
    }

    /// OpenSearch Serverless has no version, no cluster, no ISM.
    pub fn is_serverless(&self) -> bool {
        matches!(&self.authorization, Authorization::Aws(signing) if signing.service == AwsService::Aoss)
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
        self.send::<()>(Request {
            method,
            path,
            query: None,
            body: body.map(|body| Bytes::from(body.to_string())),
            content_type: JSON,
        })
        .await
    }

    async fn get(&self, path: &str) -> Result<Bytes, IndexError> {
        self.send::<()>(Request {
            method: Method::Get,
            path,
            query: None,
            body: None,
            content_type: JSON,
        })
        .await
    }

    async fn send<Q>(&self, request: Request<'_, Q>) -> Result<Bytes, IndexError>
    where
        Q: serde::Serialize + ?Sized,
    {
        let used = self.authorization.current().await?;
        let (node, answer) = self.ask_one(&request, used.header()).await?;
        let refused = matches!(
            answer.status(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        if refused && let Some(renewed) = self.authorization.renewed(&used).await? {
            let (node, answer) = self.ask_one(&request, renewed.header()).await?;
            return self.checked(node, request.path, answer).await;
        }
        self.checked(node, request.path, answer).await
    }

    /// Asks the next node; another one only when there was no connection, since then nothing was sent.
    async fn ask_one<Q>(
        &self,
        request: &Request<'_, Q>,
        header: Option<&HeaderValue>,
    ) -> Result<(usize, Response), IndexError>
    where
        Q: serde::Serialize + ?Sized,
    {
        let mut tried = Vec::new();
        let mut last: Option<IndexError> = None;
        while let Some(choice) = self.turns.choose(&tried, Instant::now()) {
            let node = choice.node;
            let answer = match choice.trial {
                true => match self.sign_of_life(node).await {
                    Ok(()) => self.ask(node, request, header, self.timeout).await,
                    Err(error) => Err(Unanswered {
                        unsent: true,
                        ..error
                    }),
                },
                false => self.ask(node, request, header, self.timeout).await,
            };
            match answer {
                Ok(answer) => {
                    self.turns.answered(node);
                    return Ok((node, answer));
                }
                Err(Unanswered { error, unsent }) => {
                    self.turns.failed(node, Instant::now());
                    tried.push(node);
                    if !unsent {
                        return Err(error);
                    }
                    if tried.len() < self.nodes.len() {
                        tracing::warn!(%error, "another node is asked");
                    }
                    // What passes on one node is worth another try, whatever is wrong with the rest.
                    last = match last {
                        Some(passing) if passing.class() == ErrorClass::Retryable => Some(passing),
                        _ => Some(error),
                    };
                }
            }
        }
        Err(last.unwrap_or_else(|| IndexError::Unanswered("there is no node to ask".to_owned())))
    }

    /// Any answer will do.
    async fn sign_of_life(&self, node: usize) -> Result<(), Unanswered> {
        let request = Request::<()> {
            method: Method::Head,
            path: "/",
            query: None,
            body: None,
            content_type: JSON,
        };
        let limit = self.timeout.min(TRIAL);
        self.ask(node, &request, None, limit).await?;
        Ok(())
    }

    async fn ask<Q>(
        &self,
        node: usize,
        request: &Request<'_, Q>,
        header: Option<&HeaderValue>,
        limit: Duration,
    ) -> Result<Response, Unanswered>
    where
        Q: serde::Serialize + ?Sized,
    {
        let node = &self.nodes[node];
        let prepared = self.prepared(node, request, header, limit).await;
        let prepared = prepared.map_err(|error| Unanswered {
            error,
            unsent: false,
        })?;
        (node.client.execute(prepared).await)
            .map_err(|e| reason::unanswered(&e, &node.url, &self.tls))
    }

    async fn prepared<Q>(
        &self,
        node: &Node,
        request: &Request<'_, Q>,
        header: Option<&HeaderValue>,
        limit: Duration,
    ) -> Result<reqwest::Request, IndexError>
    where
        Q: serde::Serialize + ?Sized,
    {
        let method = client::http_method(request.method);
        let mut builder = (node.client.request(method, node.at(request.path)?))
            .header(CONTENT_TYPE, request.content_type)
            .timeout(limit);
        if let Some(header) = header {
            builder = builder.header(AUTHORIZATION, header.clone());
        }
        if let Some(query) = request.query {
            builder = builder.query(query);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let built = builder.build();
        let mut built = built.map_err(|e| IndexError::Other {
            class: ErrorClass::Fatal,
            reason: format!("{}: {}", request.path, reason::chain(&e)),
        })?;
        if let Authorization::Aws(signing) = &self.authorization {
            signing.sign(&mut built).await?;
        }
        Ok(built)
    }

    async fn checked(
        &self,
        node: usize,
        path: &str,
        answer: Response,
    ) -> Result<Bytes, IndexError> {
        let url = &self.nodes[node].url;
        let status = answer.status();
        if let Some(reason) = reason::redirected(&answer, url) {
            return Err(IndexError::Other {
                class: ErrorClass::Fatal,
                reason,
            });
        }
        let body = answer.bytes().await.map_err(|e| {
            self.turns.failed(node, Instant::now());
            reason::unanswered(&e, url, &self.tls).error
        })?;
        let code = status.as_u16();
        let (class, reason) = match status {
            status if status.is_success() => return Ok(body),
            StatusCode::PAYLOAD_TOO_LARGE => return Err(IndexError::TooLarge),
            StatusCode::NOT_FOUND => return Err(IndexError::NotFound),
            // A read-only index, a full disk: nobody's permissions.
            StatusCode::FORBIDDEN if ErrorBody::of(&body).is_block() => {
                (ErrorClass::Retryable, reason::blocked(path, url, &body))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
                ErrorClass::Fatal,
                reason::refused(status, path, url, &self.authorization, &body),
            ),
            StatusCode::BAD_REQUEST if ErrorBody::of(&body).refuses_ids() => {
                return Err(IndexError::NoIds);
            }
            // A proxy's, a wrong path's, an older server's; a later try may meet another node.
            _ => {
                let text = reason::cause(&body);
                (
                    ErrorClass::Retryable,
                    format!("{url} answers {path} with HTTP {code}: {text}"),
                )
            }
        };
        Err(IndexError::Other { class, reason })
    }
}

/// Without TLS, and not on this machine.
fn is_open(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !here
}

fn malformed(what: &str, error: &serde_json::Error) -> IndexError {
    IndexError::Other {
        class: ErrorClass::Retryable,
        reason: format!("{what} was answered with something else: {error}"),
    }
}
