/*! A node's URL, TLS files and authentication go in; a transport with its own connection pool comes out. */

use std::path::Path;
use std::time::Duration;

use opensearch::auth::{ClientCertificate, Credentials};
use opensearch::cert::{Certificate, CertificateValidation};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use url::Url;

use super::auth::Authorization;
use super::reason::chain;
use crate::class::Class;
use crate::config::Tls;
use crate::sink::IndexError;

/// A node of the cluster. Each node has its own transport, because the pool of the `opensearch` crate learns nothing
/// about failed nodes.
pub(super) struct Node {
    pub(super) transport: Transport,
    pub(super) url: String,
}

/// Contents of the files that [`Tls`] names.
pub(super) struct Material {
    ca: Option<Vec<u8>>,
    /// Certificate and key.
    client: Option<Vec<u8>>,
    accept_invalid: bool,
}

impl Material {
    pub(super) async fn read(tls: &Tls) -> Result<Self, IndexError> {
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

    pub(super) fn node(
        &self,
        url: Url,
        authorization: &Authorization,
        timeout: Duration,
    ) -> Result<Node, IndexError> {
        let shown = url.to_string();
        let mut builder =
            TransportBuilder::new(SingleNodeConnectionPool::new(url)).timeout(timeout);
        if let Authorization::Aws(signing) = authorization {
            builder = signing.sign(builder);
        } else if let Some(pem) = &self.client {
            let pem = ClientCertificate::Pem(pem.clone());
            builder = builder.auth(Credentials::Certificate(pem));
        }
        if self.accept_invalid {
            builder = builder.cert_validation(CertificateValidation::None);
        } else if let Some(pem) = &self.ca {
            let authorities = Certificate::from_pem(pem).map_err(|e| {
                fatal(format!(
                    "--opensearch-ca: no PEM certificates: {}",
                    chain(&e)
                ))
            })?;
            builder = builder.cert_validation(CertificateValidation::Full(authorities));
        }
        let transport = builder.build().map_err(|e| {
            let flags = match (&self.ca, &self.client) {
                (Some(_), Some(_)) => {
                    "--opensearch-ca, --opensearch-client-cert, --opensearch-client-key"
                }
                (Some(_), None) => "--opensearch-ca",
                (None, Some(_)) => "--opensearch-client-cert, --opensearch-client-key",
                (None, None) => "--opensearch-url",
            };
            fatal(format!("{flags}: cannot be used: {}", chain(&e)))
        })?;
        Ok(Node {
            transport,
            url: shown,
        })
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
        class: Class::Fatal,
        reason,
    }
}
