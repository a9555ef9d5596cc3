/*! A request goes in; it is sent to one node (to the next one only if there was no connection). The body of the
response or a typed error comes out. */

use std::time::Duration;

use aws_config::SdkConfig;
use bytes::{Bytes, BytesMut};
use prometheus_client::metrics::gauge::Gauge;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use tokio::time::Instant;
use url::{Host, Url};

use crate::error_chain::chain;
use crate::error_class::ErrorClass;
use crate::observe::Metrics;
use crate::sink::IndexError;
use crate::sink::opensearch::auth::Authorization;
use crate::sink::opensearch::aws::Signing;
use crate::sink::opensearch::compression::Compression;
use crate::sink::opensearch::config::{AwsService, OpenSearchConfig, Server, Tls};
use crate::sink::opensearch::error_body;
use crate::sink::opensearch::error_body::ErrorBody;
use crate::sink::opensearch::node::{JSON, NDJSON, Node, TlsMaterial};
use crate::sink::opensearch::node_choice::{Nodes, TRIAL};
use crate::sink::opensearch::reason;
use crate::sink::opensearch::reason::Unanswered;
use crate::sink::opensearch::request_body::request_body;
use logferry_core::bulk::BodyChunks;

pub struct OpenSearch {
    nodes: Vec<Node>,
    turns: Nodes,
    authorization: Authorization,
    server: Server,
    /// Named in messages.
    tls: Tls,
    timeout: Duration,
    /// Most bytes of a response that are read.
    longest_answer: Option<usize>,
    /// 1 once the index has refused document ids.
    pub(super) without_ids: Gauge,
    pub(super) compression: Compression,
}

/// Stands for the version, which OpenSearch Serverless does not have.
pub(crate) const SERVERLESS: &str = "OpenSearch Serverless";

/// One request. Sending it again copies nothing.
pub(crate) struct Request<'a, Q: ?Sized> {
    pub(crate) method: Method,
    /// Begins with a slash.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a Q>,
    pub(crate) body: Option<BodyChunks>,
    pub(crate) content_type: &'static str,
    /// `None` for a plain body.
    pub(crate) content_encoding: Option<&'static str>,
}

impl OpenSearch {
    /// `timeout` limits one request. No connection is opened yet.
    pub async fn new(config: OpenSearchConfig, timeout: Duration) -> Result<Self, IndexError> {
        Self::of_server(config, timeout, Server::opensearch()).await
    }

    pub(super) async fn of_server(
        config: OpenSearchConfig,
        timeout: Duration,
        server: Server,
    ) -> Result<Self, IndexError> {
        let authorization = Authorization::new(config.auth.clone()).await?;
        Self::build(config, timeout, authorization, server).await
    }

    /// Connects with the credentials, region and clock of `aws` instead of the environment's.
    pub async fn with_aws(
        config: OpenSearchConfig,
        timeout: Duration,
        service: AwsService,
        aws: &SdkConfig,
    ) -> Result<Self, IndexError> {
        let signing = Signing::new(service, aws)?;
        Self::build(
            config,
            timeout,
            Authorization::Aws(signing),
            Server::opensearch(),
        )
        .await
    }

    async fn build(
        config: OpenSearchConfig,
        timeout: Duration,
        authorization: Authorization,
        server: Server,
    ) -> Result<Self, IndexError> {
        let material = TlsMaterial::read(&config.tls).await?;
        for url in config.urls.iter().filter(|url| is_unencrypted(url)) {
            if let Authorization::Header(auth) = &authorization {
                let secret = auth.scheme.secret();
                tracing::warn!(%url, "the {secret} goes over the network unencrypted: https:// would hide it");
            }
        }
        let nodes = config
            .urls
            .into_iter()
            .map(|url| material.node(url, &authorization, timeout, &server))
            .collect::<Result<Vec<_>, _>>()?;
        if config.tls.accept_invalid {
            tracing::warn!(
                "any certificate is accepted: anyone on the connection can read and change everything; see --opensearch-accept-invalid-certificates"
            );
        }
        let opensearch = Self {
            turns: Nodes::new(nodes.len(), Instant::now()),
            nodes,
            authorization,
            server,
            tls: config.tls,
            timeout,
            longest_answer: None,
            without_ids: Gauge::default(),
            compression: Compression::default(),
        };
        if opensearch.is_serverless() {
            tracing::warn!(
                "OpenSearch Serverless: a collection of the type time series refuses document ids, so a redelivery stores documents twice; a collection of the type search takes ids"
            );
        }
        Ok(opensearch)
    }

    /// Shows in `metrics` whether documents are sent without ids, and how many bytes bulks have.
    pub fn shown_in(mut self, metrics: &Metrics) -> Self {
        self.without_ids = metrics.without_ids.clone();
        self.compression = self.compression.shown_in(metrics);
        self
    }

    /// A longer response is an error, [`IndexError::AnswerTooLarge`], and is not read to its end.
    pub fn with_longest_answer(mut self, bytes: usize) -> Self {
        self.longest_answer = Some(bytes);
        self
    }

    /// Amazon's OpenSearch, with the credentials of AWS.
    pub(super) fn is_signed(&self) -> bool {
        matches!(&self.authorization, Authorization::Aws(_))
    }

    /// OpenSearch Serverless has no version, no cluster, no ISM.
    pub fn is_serverless(&self) -> bool {
        matches!(&self.authorization, Authorization::Aws(signing) if signing.service == AwsService::Aoss)
    }

    /// Sends one request with a JSON body and reads the JSON response. No retries. `path` begins with a slash and may
    /// contain a query.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<serde_json::Value, IndexError> {
        let answer = self.call_raw(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|e| malformed(path, &e))
    }

    /// Like [`Self::call`], with the body as it came: a `Value` would round long numbers in documents.
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
            body: body.map(|body| body.to_string().into()),
            content_type: JSON,
            content_encoding: None,
        })
        .await
    }

    /// Sends lines of JSON, as `_bulk` takes them, and reads the JSON response. No retries.
    pub(crate) async fn call_lines(
        &self,
        path: &str,
        lines: String,
    ) -> Result<serde_json::Value, IndexError> {
        let answer = self.send::<()>(Request {
            method: Method::POST,
            path,
            query: None,
            body: Some(lines.into()),
            content_type: NDJSON,
            content_encoding: None,
        });
        serde_json::from_slice(&answer.await?).map_err(|e| malformed(path, &e))
    }

    pub(super) async fn send<Q>(&self, request: Request<'_, Q>) -> Result<Bytes, IndexError>
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

    /// Asks the next node. If there was no connection, nothing was sent, and another node is asked.
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
                true => match self.health_check(node).await {
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
                        tracing::warn!(%error, "no connection to this node: another node is asked");
                    }
                    // A retryable error of one node makes the whole request retryable.
                    last = match last {
                        Some(first) if first.class() == ErrorClass::Retryable => Some(first),
                        _ => Some(error),
                    };
                }
            }
        }
        Err(last.unwrap_or_else(|| IndexError::Unanswered("there is no node to ask".to_owned())))
    }

    /// Any response counts as healthy.
    async fn health_check(&self, node: usize) -> Result<(), Unanswered> {
        let request = Request::<()> {
            method: Method::HEAD,
            path: "/",
            query: None,
            body: None,
            content_type: JSON,
            content_encoding: None,
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
            .map_err(|e| reason::unanswered(&e, &node.url, &self.tls, &self.server))
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
        let method = request.method.clone();
        let mut builder = (node.client.request(method, node.at(request.path)?))
            .header(CONTENT_TYPE, request.content_type)
            .timeout(limit);
        if let Some(header) = header {
            builder = builder.header(AUTHORIZATION, header.clone());
        }
        if let Some(encoding) = request.content_encoding {
            builder = builder.header(CONTENT_ENCODING, encoding);
        }
        if let Some(query) = request.query {
            builder = builder.query(query);
        }
        if let Some(body) = &request.body {
            builder = builder.body(request_body(body));
        }
        let built = builder.build();
        let mut built = built.map_err(|e| IndexError::Other {
            class: ErrorClass::Fatal,
            reason: format!("{}: {}", request.path, chain(&e)),
        })?;
        if let Authorization::Aws(signing) = &self.authorization {
            signing.sign(&mut built, request.body.as_ref()).await?;
        }
        Ok(built)
    }

    /// The body of a response of success, or the typed error.
    async fn checked(
        &self,
        node: usize,
        path: &str,
        response: Response,
    ) -> Result<Bytes, IndexError> {
        let url = &self.nodes[node].url;
        let status = response.status();
        if let Some(reason) = reason::redirected(&response, url, &self.server) {
            return Err(IndexError::Response {
                class: ErrorClass::Fatal,
                status: Some(status.as_u16()),
                error_type: None,
                reason,
            });
        }
        let body = self.body(node, response).await?;
        if status.is_success() {
            return Ok(body);
        }
        let error = ErrorBody::of(&body);
        let (class, reason) = match status {
            StatusCode::PAYLOAD_TOO_LARGE => return Err(IndexError::TooLarge),
            StatusCode::NOT_FOUND => return Err(IndexError::NotFound),
            StatusCode::BAD_REQUEST if error.refuses_ids() => return Err(IndexError::NoIds),
            // A read-only index or a full disk, not a missing permission.
            StatusCode::FORBIDDEN if error.is_block() => {
                (ErrorClass::Retryable, reason::blocked(path, url, &error))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
                ErrorClass::Fatal,
                reason::refused(status, path, url, &self.authorization, &error),
            ),
            // A proxy, a wrong path or an older server; a later attempt may reach another node.
            _ => {
                let code = status.as_u16();
                let cause = error_body::cause(&body);
                (
                    ErrorClass::Retryable,
                    format!("{url} answers {path} with HTTP {code}: {cause}"),
                )
            }
        };
        Err(IndexError::Response {
            class,
            status: Some(status.as_u16()),
            error_type: error.error_type,
            reason,
        })
    }

    async fn body(&self, node: usize, mut response: Response) -> Result<Bytes, IndexError> {
        let broken = |error: reqwest::Error| {
            self.turns.failed(node, Instant::now());
            reason::unanswered(&error, &self.nodes[node].url, &self.tls, &self.server).error
        };
        let Some(longest) = self.longest_answer else {
            return response.bytes().await.map_err(broken);
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > longest {
                return Err(IndexError::AnswerTooLarge(longest));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// Whether the node is on another machine and requests go to it without TLS.
pub(crate) fn is_unencrypted(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_local
}

/// A response of success whose body is not the expected JSON.
pub(crate) fn malformed(request: &str, error: &serde_json::Error) -> IndexError {
    unreadable(format!(
        "{request} was answered with something else: {error}"
    ))
}

/// A response of success that does not contain what was asked for.
pub(crate) fn unreadable(reason: String) -> IndexError {
    IndexError::Response {
        class: ErrorClass::Retryable,
        status: None,
        error_type: None,
        reason,
    }
}
