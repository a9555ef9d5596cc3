/*! A configuration of authentication goes in; the credentials of each request come out: none, a password or an API key
that may be rotated, or AWS credentials (in `aws`). */

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;

use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::aws::Signing;
use crate::sink::opensearch::config::{Auth, Password};

pub(crate) enum Authorization {
    None,
    Header(HeaderAuth),
    Aws(Signing),
}

/// A header whose secret may change while the process runs.
pub(crate) struct HeaderAuth {
    pub(crate) scheme: Scheme,
    file: Option<PathBuf>,
    header: RwLock<HeaderValue>,
}

pub(crate) enum Scheme {
    Basic {
        user: String,
    },
    /// A key of OpenSearch's security plugin, since 3.7.
    ApiKey,
}

impl Authorization {
    pub(crate) async fn new(auth: Auth) -> Result<Self, IndexError> {
        Ok(match auth {
            Auth::None => Self::None,
            Auth::Basic { user, password } => {
                let scheme = Scheme::Basic { user };
                Self::Header(match password {
                    Password::Given(secret) => HeaderAuth::of_secret(scheme, secret.expose()),
                    Password::File(path) => HeaderAuth::of_file(scheme, path).await?,
                })
            }
            Auth::ApiKey { file } => Self::Header(HeaderAuth::of_file(Scheme::ApiKey, file).await?),
            Auth::Aws { service, region } => {
                Self::Aws(Signing::of_environment(service, region).await?)
            }
        })
    }

    pub(crate) async fn current(&self) -> Result<UsedAuth, IndexError> {
        Ok(match self {
            Self::None => UsedAuth::Nothing,
            Self::Header(auth) => UsedAuth::Header(auth.header()),
            Self::Aws(signing) => UsedAuth::AwsKey(signing.key().await?),
        })
    }

    /// New credentials after a request with `used` was refused; `None` if there are no others.
    pub(crate) async fn renewed(&self, used: &UsedAuth) -> Result<Option<UsedAuth>, IndexError> {
        match (self, used) {
            (Self::Header(auth), UsedAuth::Header(header)) => {
                Ok(auth.renewed(header).await?.map(UsedAuth::Header))
            }
            (Self::Aws(signing), UsedAuth::AwsKey(key)) if signing.renewed(key).await => {
                Ok(Some(self.current().await?))
            }
            _ => Ok(None),
        }
    }
}

/// Credentials of one request.
pub(crate) enum UsedAuth {
    Nothing,
    Header(HeaderValue),
    /// Id of the AWS access key that the transport signs with.
    AwsKey(String),
}

impl UsedAuth {
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        match self {
            Self::Header(header) => Some(header),
            Self::Nothing | Self::AwsKey(_) => None,
        }
    }
}

impl HeaderAuth {
    fn of_secret(scheme: Scheme, secret: &str) -> Self {
        let header = scheme.header(secret);
        Self {
            scheme,
            file: None,
            header: RwLock::new(header),
        }
    }

    async fn of_file(scheme: Scheme, path: PathBuf) -> Result<Self, IndexError> {
        let header = scheme.read(&path).await?;
        Ok(Self {
            scheme,
            file: Some(path),
            header: RwLock::new(header),
        })
    }

    fn header(&self) -> HeaderValue {
        self.header
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn renewed(&self, used: &HeaderValue) -> Result<Option<HeaderValue>, IndexError> {
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let renewed = self.scheme.read(path).await?;
        if renewed == *used {
            return Ok(None);
        }
        let secret = self.scheme.secret();
        tracing::info!(file = %path.display(), "the {secret} has changed");
        *self.header.write().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
        Ok(Some(renewed))
    }
}

impl Scheme {
    /// The word for the secret in messages.
    pub(crate) fn secret(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "password",
            Self::ApiKey => "API key",
        }
    }

    fn flag(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "--opensearch-password-file",
            Self::ApiKey => "--opensearch-api-key-file",
        }
    }

    /// The header with the secret of a file.
    async fn read(&self, path: &Path) -> Result<HeaderValue, IndexError> {
        let refused = |what: &str| IndexError::Other {
            class: ErrorClass::Fatal,
            reason: format!("{}: {}: {what}", self.flag(), path.display()),
        };
        let text = (tokio::fs::read_to_string(path).await)
            .map_err(|error| refused(&format!("cannot be read: {error}")))?;
        // Editors and `echo` end a file with a line break, which is no part of the secret.
        let secret = text
            .strip_suffix('\n')
            .map_or(&*text, |t| t.strip_suffix('\r').unwrap_or(t));
        if secret.is_empty() {
            return Err(refused("is empty"));
        }
        let is_key = || {
            secret
                .bytes()
                .all(|b| matches!(b, b'!'..=b'~') && b != b'"')
        };
        if matches!(self, Self::ApiKey) && !is_key() {
            return Err(refused(
                "holds more than the key: write only the `token` of the response to it, such as os_VNsO…",
            ));
        }
        Ok(self.header(secret))
    }

    fn header(&self, secret: &str) -> HeaderValue {
        let text = match self {
            Self::Basic { user } => {
                let encoded = BASE64_STANDARD.encode(format!("{user}:{secret}"));
                format!("Basic {encoded}")
            }
            Self::ApiKey => format!("ApiKey {secret}"),
        };
        let mut value = HeaderValue::try_from(text)
            .expect("base64 and a checked key have only characters that a header may have");
        value.set_sensitive(true);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn schemes() -> [(Scheme, &'static str); 2] {
        let user = "u".to_owned();
        [
            (Scheme::Basic { user }, "--opensearch-password-file: "),
            (Scheme::ApiKey, "--opensearch-api-key-file: "),
        ]
    }

    #[tokio::test]
    async fn a_file_is_read_again_and_only_a_new_secret_is_used() {
        for (scheme, _) in schemes() {
            let [old, new] = ["old", "new"].map(|secret| scheme.header(secret));
            let mut file = tempfile::NamedTempFile::new().unwrap();
            writeln!(file, "old").unwrap();
            let auth = HeaderAuth::of_file(scheme, file.path().to_owned());
            let auth = auth.await.unwrap();
            assert_eq!(auth.header(), old);
            assert_eq!(auth.renewed(&auth.header()).await.unwrap(), None);
            std::fs::write(file.path(), "new").unwrap();
            assert_eq!(auth.renewed(&old).await.unwrap(), Some(new.clone()));
            assert_eq!(auth.header(), new);
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        for (scheme, flag) in schemes() {
            for path in [empty.path(), "/nowhere/secret".as_ref()] {
                let error = scheme.read(path).await.unwrap_err();
                assert_eq!(error.class(), ErrorClass::Fatal);
                assert!(error.to_string().starts_with(flag), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn an_api_key_file_holds_the_key_alone() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for wrong in [
            r#"{"id":"abc123","token":"os_secret"}"#,
            "ApiKey os_secret",
            "os_secret\nos_secret",
            "os_secret\u{e9}",
        ] {
            std::fs::write(file.path(), wrong).unwrap();
            let error = Scheme::ApiKey.read(file.path()).await.unwrap_err();
            let error = error.to_string();
            assert!(error.contains("more than the key"), "{error}");
            assert!(!error.contains("os_secret"), "{error}");
        }
        file.as_file_mut().set_len(0).unwrap();
        std::fs::write(file.path(), "os_VNsO-yN6_k\r\n").unwrap();
        let header = Scheme::ApiKey.read(file.path()).await.unwrap();
        assert_eq!(header, "ApiKey os_VNsO-yN6_k");
        assert!(header.is_sensitive());
    }
}
