//! Tests of the cache with credentials that expire, a provider that may fail, and a clock that the test sets.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_async::time::TimeSource;

use crate::sink::opensearch::aws::*;

const START: SystemTime = SystemTime::UNIX_EPOCH;

#[derive(Debug, Clone, Default)]
struct Clock(Arc<Mutex<Duration>>);

impl Clock {
    fn to(&self, seconds: u64) {
        *self.0.lock().unwrap() = Duration::from_secs(seconds);
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        START + *self.0.lock().unwrap()
    }
}

/// Returns credentials numbered from 1, until `fails` is set.
#[derive(Debug, Default)]
struct Provider {
    asked: AtomicU32,
    lifetime: Option<Duration>,
    fails: std::sync::atomic::AtomicBool,
    clock: Clock,
    /// If set, each answer waits for a permit.
    permits: Option<tokio::sync::Semaphore>,
}

impl Provider {
    async fn give(&self) -> Provided {
        let n = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(permits) = &self.permits {
            permits.acquire().await.unwrap().forget();
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(CredentialsError::provider_error("no answer"));
        }
        let expiry = self.lifetime.map(|lifetime| self.clock.now() + lifetime);
        Ok(Credentials::new(
            format!("key-{n}"),
            "secret",
            None,
            expiry,
            "test",
        ))
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<Provider>);

impl ProvideCredentials for Shared {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.give())
    }
}

fn kept(provider: Provider) -> (CachedCredentials, Arc<Provider>, Clock) {
    let clock = provider.clock.clone();
    let provider = Arc::new(provider);
    let shared = SharedCredentialsProvider::new(Shared(provider.clone()));
    (
        CachedCredentials::new(shared, SharedTimeSource::new(clock.clone())),
        provider,
        clock,
    )
}

async fn key(kept: &CachedCredentials) -> String {
    kept.current().await.unwrap().access_key_id().to_owned()
}

fn hour() -> Provider {
    Provider {
        lifetime: Some(Duration::from_secs(3600)),
        ..Provider::default()
    }
}

#[tokio::test]
async fn credentials_are_cached_and_renewed_before_they_expire() {
    let (kept, provider, clock) = kept(hour());
    for seconds in [0, 1000, 3539] {
        clock.to(seconds);
        assert_eq!(key(&kept).await, "key-1");
    }
    clock.to(3540);
    assert_eq!(key(&kept).await, "key-2");
    clock.to(3540 + 3539);
    assert_eq!(key(&kept).await, "key-2");
    assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failed_renewal_is_harmless_while_the_old_credentials_are_valid() {
    let (kept, provider, clock) = kept(hour());
    assert_eq!(key(&kept).await, "key-1");
    provider.fails.store(true, Ordering::SeqCst);
    clock.to(3545);
    assert_eq!(key(&kept).await, "key-1");
    clock.to(3550);
    assert_eq!(key(&kept).await, "key-1");
    assert_eq!(
        provider.asked.load(Ordering::SeqCst),
        2,
        "not at each request"
    );
    clock.to(3600);
    assert!(kept.current().await.is_err(), "expired ones are never used");
    provider.fails.store(false, Ordering::SeqCst);
    assert_eq!(key(&kept).await, "key-4");
}

#[tokio::test]
async fn credentials_without_an_expiry_are_renewed_after_a_while() {
    let (kept, _, clock) = kept(Provider::default());
    assert_eq!(key(&kept).await, "key-1");
    clock.to(899);
    assert_eq!(key(&kept).await, "key-1");
    clock.to(900);
    assert_eq!(key(&kept).await, "key-2");
}

#[tokio::test]
async fn short_lived_credentials_are_not_renewed_at_each_request() {
    let (kept, _, clock) = kept(Provider {
        lifetime: Some(Duration::from_secs(30)),
        ..Provider::default()
    });
    assert_eq!(key(&kept).await, "key-1");
    clock.to(9);
    assert_eq!(key(&kept).await, "key-1");
    clock.to(10);
    assert_eq!(key(&kept).await, "key-2");
}

#[tokio::test]
async fn one_task_renews_and_the_others_use_the_old_credentials() {
    let (kept, provider, clock) = kept(Provider {
        permits: Some(tokio::sync::Semaphore::new(1)),
        ..hour()
    });
    assert_eq!(key(&kept).await, "key-1");
    clock.to(3590);
    let renewing = key(&kept);
    tokio::pin!(renewing);
    assert!(futures_util::poll!(&mut renewing).is_pending());
    assert_eq!(key(&kept).await, "key-1");
    provider.permits.as_ref().unwrap().add_permits(1);
    assert_eq!(renewing.await, "key-2");
    assert_eq!(key(&kept).await, "key-2");
    assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
}
