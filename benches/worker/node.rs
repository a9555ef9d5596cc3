/*! An OpenSearch node with the full JIT compiler, for measurements. */

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use logferry_core::document::template::{Settings, Template, templates};
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::Value;

use crate::Options;
use crate::process;
use crate::stack_server::Server;

pub struct Node {
    server: Server,
    transport: Transport,
    pid: u32,
}

impl Node {
    pub fn start(options: &Options) -> Result<Self> {
        Self::start_at(options.port + 2, &[("OS_C2", "1")])
    }

    /// Two data nodes of one cluster.
    pub fn start_two(options: &Options) -> Result<[Self; 2]> {
        // Each node takes the port above its own too.
        let ports = [options.port + 2, options.port + 4];
        let nodes = ports.map(|port| port.to_string()).join(" ");
        let settings = [("OS_C2", "1"), ("OS_HEAP", "512m"), ("OS_NODES", &*nodes)];
        let [first, second] = ports;
        Ok([
            Self::start_at(first, &settings)?,
            Self::start_at(second, &settings)?,
        ])
    }

    fn start_at(port: u16, settings: &[(&str, &str)]) -> Result<Self> {
        let server = Server::start("opensearch", port, settings)?;
        let pid = server.pid()?;
        let pool = SingleNodeConnectionPool::new(server.url().parse()?);
        Ok(Self {
            server,
            transport: TransportBuilder::new(pool).build()?,
            pid,
        })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// CPU seconds of the node since its start.
    pub fn cpu(&self) -> Result<f64> {
        process::cpu_seconds(self.pid).context("the node has ended")
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        let answer = self.send(method, path, body, "application/json").await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Sends a bulk body; the response is filtered like the worker's.
    pub async fn bulk(&self, body: Bytes) -> Result<Bytes> {
        let path = "/_bulk?filter_path=items.*.status,items.*.error";
        self.send(Method::Post, path, Some(body), "application/x-ndjson")
            .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        of: &'static str,
    ) -> Result<Bytes> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(of));
        let timeout = Some(Duration::from_secs(600));
        let answer = self
            .transport
            .send::<_, ()>(method, path, headers, None, body, timeout)
            .await?;
        let status = answer.status_code();
        let body = answer.bytes().await?;
        ensure!(
            status.is_success(),
            "{path}: {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    /// Puts the templates of `logferry setup`.
    pub async fn set_up(&self, prefix: &str) -> Result<()> {
        self.put(templates(prefix, &Settings::default())).await
    }

    /// Puts templates in the given order.
    pub async fn put(&self, templates: Vec<Template>) -> Result<()> {
        for Template { form, name, body } in templates {
            let path = format!("/{}/{name}", form.api());
            self.call(Method::Put, &path, Some(body)).await?;
        }
        Ok(())
    }

    /// Number of documents that the indices of a prefix have indexed.
    pub async fn taken(&self, prefix: &str) -> Result<u64> {
        let path =
            format!("/{prefix}-*/_stats/indexing?filter_path=_all.primaries.indexing.index_total");
        let stats = self.call(Method::Get, &path, None).await?;
        Ok(stats["_all"]["primaries"]["indexing"]["index_total"]
            .as_u64()
            .unwrap_or(0))
    }

    /// Removes the indices and templates of a prefix.
    pub async fn forget(&self, prefix: &str) -> Result<()> {
        self.call(Method::Delete, &format!("/{prefix}-*"), None)
            .await?;
        // Component templates go last: the index templates refer to them.
        for Template { form, name, .. } in templates(prefix, &Settings::default()).iter().rev() {
            // The variant with dynamic mapping has no templates: the error is ignored.
            let path = format!("/{}/{name}", form.api());
            let _ = self.call(Method::Delete, &path, None).await;
        }
        Ok(())
    }
}
