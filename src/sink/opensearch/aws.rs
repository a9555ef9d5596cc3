/*!
Signed requests (SigV4), and the credentials for them, which are kept until they are about to expire.
*/

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as Provided, SharedCredentialsProvider, future,
};
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};

use crate::error_chain::chain;
use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::config::AwsService;
use logferry_core::bulk::BodyChunks;

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_secs(60);
/// Credentials without an expiry are renewed after this time: they may be rotated, for example in a file.
const WITHOUT_EXPIRY: Duration = Duration::from_secs(15 * 60);
/// Least time until the next renewal, as long as the present credentials are valid.
const PAUSE: Duration = Duration::from_secs(10);

pub(crate) struct Signing {
    pub(crate) service: AwsService,
    credentials: CachedCredentials,
    region: Region,
    clock: SharedTimeSource,
}

impl Signing {
    pub(crate) async fn of_environment(
        service: AwsService,
        region: Option<String>,
    ) -> Result<Self, IndexError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        Self::new(service, &loader.load().await)
    }

    pub(crate) fn new(service: AwsService, aws: &SdkConfig) -> Result<Self, IndexError> {
        let (Some(region), Some(provider)) = (aws.region(), aws.credentials_provider()) else {
            return Err(IndexError::Other {
                class: ErrorClass::Fatal,
                reason: "--opensearch-aws-service: no AWS region: set AWS_REGION, or give --opensearch-aws-region".to_owned(),
            });
        };
        let clock = aws.time_source().unwrap_or_default();
        Ok(Self {
            service,
            credentials: CachedCredentials::new(provider, clock.clone()),
            region: region.clone(),
            clock,
        })
    }

    /// Signs a request, with its body's hash as Serverless wants it.
    pub(crate) async fn sign(
        &self,
        request: &mut reqwest::Request,
        body: Option<&BodyChunks>,
    ) -> Result<(), IndexError> {
        let credentials = self.credentials.current().await;
        let credentials = credentials.map_err(|error| no_credentials(&error))?;
        self.add_signature(request, body, credentials)
            .map_err(|error| {
                IndexError::Unanswered(format!("a request cannot be signed: {}", chain(&*error)))
            })
    }

    fn add_signature(
        &self,
        request: &mut reqwest::Request,
        body: Option<&BodyChunks>,
        credentials: Credentials,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = Identity::from(credentials);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .name(match self.service {
                AwsService::Es => "es",
                AwsService::Aoss => "aoss",
            })
            .region(self.region.as_ref())
            .time(self.clock.now())
            .settings(settings)
            .build()?;
        let mut headers = Vec::with_capacity(request.headers().len());
        for (name, value) in request.headers() {
            headers.push((name.as_str(), value.to_str()?));
        }
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.url().as_str(),
            headers.into_iter(),
            SignableBody::Precomputed(sha256(body)),
        )?;
        let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let mut value = HeaderValue::from_str(header.value())?;
            value.set_sensitive(header.sensitive());
            request.headers_mut().insert(header.name(), value);
        }
        Ok(())
    }

    /// Id of the access key that the next request will be signed with.
    pub(crate) async fn key(&self) -> Result<String, IndexError> {
        match self.credentials.current().await {
            Ok(credentials) => Ok(credentials.access_key_id().to_owned()),
            Err(error) => Err(no_credentials(&error)),
        }
    }

    /// Whether there is another key now, after a request with the key `used` was refused: a key may be revoked before
    /// it expires.
    pub(crate) async fn renewed(&self, used: &str) -> bool {
        match self.credentials.other_than(used).await {
            Ok(credentials) => credentials.access_key_id() != used,
            Err(_) => false,
        }
    }
}

/// The SHA-256 of a body in hexadecimal digits. It is computed chunk by chunk: the body is never in one piece.
fn sha256(body: Option<&BodyChunks>) -> String {
    let mut hash = Sha256::new();
    for chunk in body.iter().flat_map(|body| body.iter()) {
        hash.update(chunk);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn no_credentials(error: &CredentialsError) -> IndexError {
    let (class, why) = match error {
        // The reason is left out: it lists every source that was tried, one per line.
        CredentialsError::CredentialsNotLoaded(_) => (ErrorClass::Fatal, String::new()),
        CredentialsError::InvalidConfiguration(_) => {
            (ErrorClass::Fatal, format!(" ({})", chain(error)))
        }
        _ => (ErrorClass::Retryable, format!(" ({})", chain(error))),
    };
    IndexError::Other {
        class,
        reason: format!(
            "--opensearch-aws-service: no AWS credentials to sign with{why}: give the task a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ),
    }
}

/// A provider with a cache; clones share the cache.
#[derive(Debug, Clone)]
struct CachedCredentials(Arc<CredentialsCache>);

#[derive(Debug)]
struct CredentialsCache {
    provider: SharedCredentialsProvider,
    clock: SharedTimeSource,
    held: RwLock<Option<HeldCredentials>>,
    /// Locked by the task that renews. Other tasks use the old credentials while these are valid.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct HeldCredentials {
    credentials: Credentials,
    renew_at: SystemTime,
}

impl HeldCredentials {
    fn usable(&self, now: SystemTime) -> bool {
        self.credentials.expiry().is_none_or(|expiry| now < expiry)
    }
}

impl CachedCredentials {
    fn new(provider: SharedCredentialsProvider, clock: SharedTimeSource) -> Self {
        Self(Arc::new(CredentialsCache {
            provider,
            clock,
            held: RwLock::new(None),
            renewing: tokio::sync::Mutex::new(()),
        }))
    }

    async fn current(&self) -> Provided {
        let now = self.0.clock.now();
        let held = self.held();
        if let Some(held) = &held
            && now < held.renew_at
        {
            return Ok(held.credentials.clone());
        }
        let _renewing = match self.0.renewing.try_lock() {
            Ok(lock) => lock,
            Err(_) => match held.filter(|held| held.usable(now)) {
                Some(held) => return Ok(held.credentials),
                None => self.0.renewing.lock().await,
            },
        };
        // Another task may have renewed the credentials during the wait for the lock.
        let held = self.held();
        match held {
            Some(held) if now < held.renew_at => Ok(held.credentials),
            held => self.renew(held, now).await,
        }
    }

    /// Credentials with another key than `used`: renewed now, unless another task has renewed them already.
    async fn other_than(&self, used: &str) -> Provided {
        let _renewing = self.0.renewing.lock().await;
        match self.held() {
            Some(held) if held.credentials.access_key_id() != used => Ok(held.credentials),
            held => self.renew(held, self.0.clock.now()).await,
        }
    }

    async fn renew(&self, held: Option<HeldCredentials>, now: SystemTime) -> Provided {
        match self.0.provider.provide_credentials().await {
            Ok(credentials) => {
                let renew_at = match credentials.expiry() {
                    // New credentials that expire within `EARLY` still last for `PAUSE`, not for one request only.
                    Some(expiry) => (expiry - EARLY).max(now + PAUSE).min(expiry),
                    None => now + WITHOUT_EXPIRY,
                };
                self.hold(HeldCredentials {
                    credentials: credentials.clone(),
                    renew_at,
                });
                Ok(credentials)
            }
            Err(error) => match held.filter(|held| held.usable(now)) {
                Some(held) => {
                    tracing::warn!(
                        error = chain(&error),
                        "AWS credentials cannot be renewed; the old ones still hold"
                    );
                    let renew_at = held
                        .credentials
                        .expiry()
                        .map_or(now + PAUSE, |e| e.min(now + PAUSE));
                    self.hold(HeldCredentials {
                        credentials: held.credentials.clone(),
                        renew_at,
                    });
                    Ok(held.credentials)
                }
                None => Err(error),
            },
        }
    }

    fn held(&self) -> Option<HeldCredentials> {
        self.0
            .held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn hold(&self, held: HeldCredentials) {
        *self.0.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.current())
    }
}
