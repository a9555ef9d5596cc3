/*! The node that is searched: one of `stack/` with the full JIT compiler and 1 GB of heap, whose data are kept. */

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use opensearch::http::Method;
use opensearch::http::headers::HeaderMap;
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::Value;

use crate::stack_server::Server;
use crate::{PREFIX, number};

pub struct Node {
    server: Server,
    transport: Transport,
}

impl Node {
    pub fn start(port: u16, data: &Path) -> Result<Self> {
        let data = data.to_string_lossy();
        let settings = [("OS_C2", "1"), ("OS_HEAP", "1g"), ("OS_DATA", &*data)];
        let server = Server::start("opensearch", port, &settings)?;
        let pool = SingleNodeConnectionPool::new(server.url().parse()?);
        let transport = TransportBuilder::new(pool).build()?;
        Ok(Self { server, transport })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    async fn call(&self, method: Method, path: &str) -> Result<Value> {
        let timeout = Some(Duration::from_secs(600));
        let answer = self
            .transport
            .send::<String, ()>(method, path, HeaderMap::new(), None, None, timeout)
            .await?;
        let status = answer.status_code();
        let body = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// Removes what was loaded before.
    pub async fn forget(&self) -> Result<()> {
        self.call(Method::Delete, &format!("/{PREFIX}-*"))
            .await
            .map(drop)
    }

    pub async fn refresh(&self) -> Result<()> {
        let all = format!("/{PREFIX}-*");
        self.call(Method::Post, &format!("{all}/_refresh")).await?;
        self.call(Method::Post, &format!("{all}/_flush"))
            .await
            .map(drop)
    }

    /// Empties the caches of queries, fields and answers. Those of the operating system stay.
    pub async fn clear_caches(&self) -> Result<()> {
        let path = format!("/{PREFIX}-*/_cache/clear");
        self.call(Method::Post, &path).await.map(drop)
    }

    pub async fn documents(&self) -> Result<u64> {
        let count = self
            .call(Method::Get, &format!("/{PREFIX}-logs-*/_count"))
            .await?;
        number(&count, "/count")
    }

    pub async fn gigabytes(&self) -> Result<f64> {
        let path = format!("/{PREFIX}-*/_stats/store");
        let stats = self.call(Method::Get, &path).await?;
        Ok(number(&stats, "/_all/primaries/store/size_in_bytes")? as f64 / 1e9)
    }
}
