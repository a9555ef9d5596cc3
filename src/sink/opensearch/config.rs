/*! How OpenSearch is reached: nodes, authentication, TLS. `config` builds it. */

use std::fmt;
use std::path::PathBuf;

use reqwest::header::HeaderMap;
use url::Url;

#[derive(Debug, Clone)]
pub struct OpenSearchConfig {
    /// URLs of the nodes, at least one, without credentials. All nodes belong to one cluster.
    pub urls: Vec<Url>,
    pub auth: Auth,
    pub tls: Tls,
}

/// The server that a client speaks to.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its name in messages.
    pub name: &'static str,
    /// The flag that gave its URL, as messages name it.
    pub url_flag: &'static str,
    /// Goes with each request.
    pub headers: HeaderMap,
}

impl Server {
    pub(crate) fn opensearch() -> Self {
        Self {
            name: "OpenSearch",
            url_flag: "--opensearch-url",
            headers: HeaderMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic {
        user: String,
        password: Password,
    },
    /// A key of OpenSearch's security plugin.
    ApiKey {
        file: PathBuf,
    },
    Aws {
        service: AwsService,
        region: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    Given(Secret),
    File(PathBuf),
}

/// A secret text; its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of one or more CA certificates.
    pub ca: Option<PathBuf>,
    /// PEM files of the client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
    pub accept_invalid: bool,
}

impl OpenSearchConfig {
    /// Configuration of one node, without authentication.
    pub fn of_url(url: Url) -> Self {
        Self {
            urls: vec![url],
            auth: Auth::None,
            tls: Tls::default(),
        }
    }
}

/// The AWS service that requests are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// Amazon OpenSearch Service.
    Es,
    /// OpenSearch Serverless.
    Aoss,
}
