/*! A configuration of authentication goes in; the credentials of each request come out: none, a user with a password
that may be rotated, or AWS credentials (in `aws`). */

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opensearch::http::headers::HeaderValue;

use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::aws::Signing;
use crate::sink::opensearch::config::{Auth, Password};

pub(crate) enum Authorization {
    None,
    Basic(Basic),
    Aws(Signing),
}

/// A user whose password may change while the process runs.
pub(crate) struct Basic {
    pub(crate) user: String,
    file: Option<PathBuf>,
    header: RwLock<HeaderValue>,
}

impl Authorization {
    pub(crate) async fn new(auth: Auth) -> Result<Self, IndexError> {
        Ok(match auth {
            Auth::None => Self::None,
            Auth::Basic { user, password } => Self::Basic(Basic::new(user, password).await?),
            Auth::Aws { service, region } => {
                Self::Aws(Signing::of_environment(service, region).await?)
            }
        })
    }

    pub(crate) async fn current(&self) -> Result<UsedAuth, IndexError> {
        Ok(match self {
            Self::None => UsedAuth::Nothing,
            Self::Basic(basic) => UsedAuth::Password(basic.header()),
            Self::Aws(signing) => UsedAuth::Key(signing.key().await?),
        })
    }

    /// New credentials after a request with `used` was refused; `None` if there are no others.
    pub(crate) async fn renewed(&self, used: &UsedAuth) -> Result<Option<UsedAuth>, IndexError> {
        match (self, used) {
            (Self::Basic(basic), UsedAuth::Password(header)) => {
                Ok(basic.renewed(header).await?.map(UsedAuth::Password))
            }
            (Self::Aws(signing), UsedAuth::Key(key)) if signing.renewed(key).await => {
                Ok(Some(self.current().await?))
            }
            _ => Ok(None),
        }
    }
}

/// Credentials of one request.
pub(crate) enum UsedAuth {
    Nothing,
    Password(HeaderValue),
    /// Id of the AWS access key that the transport signs with.
    Key(String),
}

impl UsedAuth {
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        match self {
            Self::Password(header) => Some(header),
            Self::Nothing | Self::Key(_) => None,
        }
    }
}

impl Basic {
    async fn new(user: String, password: Password) -> Result<Self, IndexError> {
        let (file, header) = match password {
            Password::Given(secret) => (None, header(&user, secret.expose())),
            Password::File(path) => {
                let header = read(&user, &path).await?;
                (Some(path), header)
            }
        };
        Ok(Self {
            user,
            file,
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
        let renewed = read(&self.user, path).await?;
        if renewed == *used {
            return Ok(None);
        }
        tracing::info!(file = %path.display(), "the password has changed");
        *self.header.write().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
        Ok(Some(renewed))
    }
}

async fn read(user: &str, path: &std::path::Path) -> Result<HeaderValue, IndexError> {
    let text = tokio::fs::read_to_string(path).await;
    let refused = |what: &str| IndexError::Other {
        class: ErrorClass::Fatal,
        reason: format!("--opensearch-password-file: {}: {what}", path.display()),
    };
    match text {
        // Editors and `echo` end a file with a line break, which is no part of the password.
        Ok(text) => match text
            .strip_suffix('\n')
            .map_or(&*text, |t| t.strip_suffix('\r').unwrap_or(t))
        {
            "" => Err(refused("is empty")),
            password => Ok(header(user, password)),
        },
        Err(error) => Err(refused(&format!("cannot be read: {error}"))),
    }
}

fn header(user: &str, password: &str) -> HeaderValue {
    let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {encoded}"))
        .expect("base64 has only characters that a header may have");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn a_password_file_is_read_again_and_only_a_new_password_is_used() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "old").unwrap();
        let password = Password::File(file.path().to_owned());
        let basic = Basic::new("u".into(), password).await.unwrap();
        assert_eq!(basic.header(), header("u", "old"));
        assert_eq!(basic.renewed(&basic.header()).await.unwrap(), None);
        std::fs::write(file.path(), "new").unwrap();
        let renewed = basic.renewed(&header("u", "old")).await.unwrap();
        assert_eq!(renewed, Some(header("u", "new")));
        assert_eq!(basic.header(), header("u", "new"));
    }

    #[tokio::test]
    async fn a_password_file_that_cannot_be_used_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        for path in [empty.path(), "/nowhere/password".as_ref()] {
            let error = read("u", path).await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Fatal);
            assert!(
                error
                    .to_string()
                    .starts_with("--opensearch-password-file: ")
            );
        }
    }
}
