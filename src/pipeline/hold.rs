/*! ParcelInFlight while nothing may be received. */

use crate::pipeline::Pipeline;
use crate::pipeline::refusals;
use crate::pipeline::refusals::HeldLeases;
use crate::retry::full_jitter;
use crate::sink::Takes;

/// While the index is down, or refuses what it should take, nothing more is taken from the queue: what is held is retried within its
/// leases, and released.
pub(crate) async fn index_up(pipeline: &Pipeline) {
    let mut failures = 0;
    loop {
        let (down, held) = (pipeline.concurrency.is_down(), pipeline.refusals.held());
        if !down && held.is_none() {
            return;
        }
        if down && failures == 0 {
            tracing::warn!("the index is down: receiving nothing until it answers");
        }
        failures += 1;
        tokio::time::sleep(full_jitter(failures)).await;
        let index = &pipeline.ends.index;
        if down && index.version().await.is_ok() {
            pipeline.concurrency.answers_again();
            tracing::info!("the index answers again");
        }
        if let Some(held) = held {
            ask(pipeline, held).await;
        }
    }
}

/// Asks whether what was refused would be taken now.
async fn ask(pipeline: &Pipeline, held: HeldLeases) {
    let index = &pipeline.ends.index;
    for name in held.indices {
        // One index that refuses everything is enough: the others are asked when this one is mended.
        match index.takes(&name, &refusals::sample_of(&name)).await {
            Ok(takes @ (Takes::Yes | Takes::Unknown(_))) => pipeline.refusals.asked(&name, &takes),
            Ok(Takes::No(_) | Takes::NotNow(_)) | Err(_) => return,
        }
    }
    let mut taken = 0;
    for document in &held.refused {
        let takes = index.takes(&document.index, &document.source).await;
        taken += usize::from(matches!(takes, Ok(Takes::Yes)));
    }
    pipeline.refusals.would_be_taken(taken, held.refused.len());
    for name in held.concerned {
        let takes = index.takes(&name, &refusals::sample_of(&name)).await;
        if matches!(takes, Ok(Takes::Yes)) {
            pipeline.refusals.sample_taken(&name);
        }
    }
}
