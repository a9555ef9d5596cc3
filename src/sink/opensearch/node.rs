/*!
The HTTP client of one node: TLS, kept connections, no redirects. The transport of the `opensearch` crate always follows
redirects, so a proxy could lead requests, with their documents, to another host.
*/

use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Certificate, Client, Identity, redirect};
use url::Url;

use crate::error_chain::chain;
use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::auth::Authorization;
use crate::sink::opensearch::config::{Server, Tls};

pub(crate) const JSON: &str = "application/json";
/// Lines of JSON, as `_bulk` takes them.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// A node of the cluster.
pub(crate) struct Node {
    pub(crate) client: Client,
    base: Url,
    /// For messages.
    pub(crate) url: String,
}

impl Node {
    /// Where a path, with its query if it has one, is on this node.
    pub(crate) fn at(&self, path: &str) -> Result<Url, IndexError> {
        let relative = path.trim_start_matches('/');
        (self.base.join(relative)).map_err(|e| fatal(format!("{}{relative}: {e}", self.url)))
    }
}

/// The files of [`Tls`], read.
pub(crate) struct TlsMaterial {
    ca: Option<Vec<u8>>,
    /// Certificate and key.
    client: Option<Vec<u8>>,
    accept_invalid: bool,
}

impl TlsMaterial {
    pub(crate) async fn read(tls: &Tls) -> Result<Self, IndexError> {
        let ca = match &tls.ca {
            Some(path) => Some(trimmed(&read("--opensearch-ca", path).await?)),
            None => None,
        };
        let client = match &tls.client {
            Some((cert, key)) => {
                let mut pem = trimmed(&read("--opensearch-client-cert", cert).await?);
                pem.extend(trimmed(&read("--opensearch-client-key", key).await?));
                Some(pem)
            }
            None => None,
        };
        Ok(Self {
            ca,
            client,
            accept_invalid: tls.accept_invalid,
        })
    }

    pub(crate) fn node(
        &self,
        url: Url,
        authorization: &Authorization,
        timeout: Duration,
        server: &Server,
    ) -> Result<Node, IndexError> {
        let shown = url.to_string();
        let mut headers = server.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        let mut builder = Client::builder()
            .user_agent(concat!("logferry/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .timeout(timeout);
        let signed = matches!(authorization, Authorization::Aws(_));
        if let Some(pem) = self.client.as_ref().filter(|_| !signed) {
            let identity = Identity::from_pem(pem).map_err(|e| self.unusable(&e, server))?;
            builder = builder.identity(identity);
        }
        if self.accept_invalid {
            builder = builder.danger_accept_invalid_certs(true);
        } else if let Some(pem) = &self.ca {
            let none = |why: &str| fatal(format!("--opensearch-ca: no PEM certificates{why}"));
            let authorities =
                Certificate::from_pem_bundle(pem).map_err(|e| none(&format!(": {}", chain(&e))))?;
            if authorities.is_empty() {
                return Err(none(" in the file"));
            }
            builder = (authorities.into_iter()).fold(builder, |b, ca| b.add_root_certificate(ca));
        }
        let client = builder.build().map_err(|e| self.unusable(&e, server))?;
        Ok(Node {
            client,
            base: url,
            url: shown,
        })
    }

    fn unusable(&self, error: &reqwest::Error, server: &Server) -> IndexError {
        let flags = match (&self.ca, &self.client) {
            (Some(_), Some(_)) => {
                "--opensearch-ca, --opensearch-client-cert, --opensearch-client-key"
            }
            (Some(_), None) => "--opensearch-ca",
            (None, Some(_)) => "--opensearch-client-cert, --opensearch-client-key",
            (None, None) => server.url_flag,
        };
        fatal(format!("{flags}: cannot be used: {}", chain(error)))
    }
}

/// Removes blanks at the ends of lines: the reader of PEM bundles silently skips markers with blanks after them.
fn trimmed(pem: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(pem.len() + 1);
    for line in pem.split(|b| *b == b'\n') {
        lines.extend_from_slice(line.trim_ascii_end());
        lines.push(b'\n');
    }
    lines
}

async fn read(flag: &str, path: &Path) -> Result<Vec<u8>, IndexError> {
    tokio::fs::read(path)
        .await
        .map_err(|e| fatal(format!("{flag}: {} cannot be read: {e}", path.display())))
}

fn fatal(reason: String) -> IndexError {
    IndexError::Other {
        class: ErrorClass::Fatal,
        reason,
    }
}
