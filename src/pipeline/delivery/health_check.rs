/*! An index that is down, or refuses documents that it should take, goes in; the check returns when it is healthy. */

use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::index_health::{Hold, IndexHealth, sample_of};
use crate::retry::full_jitter;
use crate::sink::{Index, Takes};

/// Returns at once if the index is healthy; otherwise asks it again and again. Nothing is received meanwhile: held
/// messages are retried within their leases, then released.
pub(crate) async fn wait_until_healthy(
    index: &dyn Index,
    concurrency: &ConcurrencyLimiter,
    health: &IndexHealth,
) {
    let mut failures = 0;
    loop {
        let (down, hold) = (concurrency.is_down(), health.hold());
        if !down && hold.is_none() {
            return;
        }
        if down && failures == 0 {
            tracing::warn!("the index is down: receiving nothing until it answers");
        }
        failures += 1;
        tokio::time::sleep(full_jitter(failures)).await;
        if down && index.version().await.is_ok() {
            concurrency.answers_again();
            tracing::info!("the index answers again");
        }
        if let Some(hold) = hold {
            ask_again(index, health, hold).await;
        }
    }
}

/// Asks whether the index would take now what it refused.
async fn ask_again(index: &dyn Index, health: &IndexHealth, hold: Hold) {
    for name in hold.indices {
        // One index that refuses every document is enough: the others are asked when this one is repaired.
        match index.takes(&name, &sample_of(&name)).await {
            Ok(takes @ (Takes::Yes | Takes::Unknown(_))) => health.record_answer(&name, &takes),
            Ok(Takes::No(_) | Takes::NotNow(_)) | Err(_) => return,
        }
    }
    for name in hold.concerned {
        let takes = index.takes(&name, &sample_of(&name)).await;
        if matches!(takes, Ok(Takes::Yes)) {
            health.record_sample_taken(&name);
        }
    }
    let mut taken = 0;
    for document in &hold.rejected {
        let takes = index.takes(&document.index, &document.source).await;
        taken += usize::from(matches!(takes, Ok(Takes::Yes)));
    }
    health.record_would_be_taken(taken, hold.rejected.len());
}
