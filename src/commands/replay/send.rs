//! Messages of the listing's queue go in; an SQS queue has their notifications.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::source::listing::ListingQueue;
use crate::source::sqs::send::Sender;
use crate::source::{Handle, Queue};

/// Batches that are held at once; most of them wait for the checkpoint.
const BATCHES: usize = 100;
/// Calls to SQS at once.
const CALLS: usize = 8;

/// Sends until the listing ends. A killed run may send the messages of its last calls again.
pub(super) async fn send_all(
    queue: Arc<ListingQueue>,
    sender: Arc<Sender>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let calls = Arc::new(Semaphore::new(CALLS));
    let mut batches = JoinSet::new();
    for _ in 0..BATCHES {
        batches.spawn(send(
            queue.clone(),
            sender.clone(),
            calls.clone(),
            stop.clone(),
        ));
    }
    while let Some(ended) = batches.join_next().await {
        ended??;
    }
    Ok(())
}

async fn send(
    queue: Arc<ListingQueue>,
    sender: Arc<Sender>,
    calls: Arc<Semaphore>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let Some(messages) = stop.run_until_cancelled(queue.receive(10)).await else {
            return Ok(());
        };
        let messages = messages?;
        if messages.is_empty() {
            return Ok(());
        }
        let bodies: Vec<&str> = messages.iter().map(|m| m.body.as_str()).collect();
        {
            let _call = calls.acquire().await?;
            sender.send(&bodies).await?;
        }
        let handles: Vec<Handle> = messages.into_iter().map(|m| m.handle).collect();
        queue.delete(&handles).await?;
    }
}
