use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::observe::Metrics;
use crate::pipeline::delivery::bulk_sender::BulkConfig;
use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::deliver::*;
use crate::pipeline::delivery::index_health::IndexHealth;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::sink::dead_letters::ObjectName;
use crate::sink::{BulkCompression, Index, Stored};
use logferry_core::bulk::Parcel;
use logferry_core::invocation::{Architecture, Prices};

/// A proxy in front of an index that takes all; it refuses longer requests with 413.
struct Proxy {
    longest: usize,
}

#[async_trait]
impl Index for Proxy {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("proxy".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        match bulk.body().len() > self.longest {
            true => Err(IndexError::TooLarge),
            false => Ok(vec![Verdict::Indexed; bulk.documents().len()]),
        }
    }

    async fn fetch(&self, _: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(Vec::new())
    }
}

/// Delivers documents with so many bytes each, all of one object.
async fn deliver_through(proxy: Proxy, sizes: &[usize]) -> (VerdictTally, Arc<IndexHealth>) {
    let metrics = Arc::new(Metrics::new());
    let index_health = Arc::new(IndexHealth::new("logferry".to_owned(), metrics.clone()));
    let sender = BulkSender {
        index: Arc::new(proxy),
        concurrency: ConcurrencyLimiter::new(1, metrics.clone()),
        dead_letters: None,
        config: BulkConfig {
            bytes: 1_000_000,
            linger: Duration::ZERO,
            in_flight: 1,
            compression: BulkCompression::None,
            attempts: 1,
            first_delay: Duration::from_millis(1),
            longest_delay: Duration::from_millis(1),
        },
        prices: Prices::builtin(Architecture::X86),
        metrics,
        fatal_error: FatalErrorSlot::new(CancellationToken::new()),
        background: CancellationToken::new(),
        index_health: index_health.clone(),
        waiting_bytes: AtomicUsize::new(0),
        most_waiting_bytes: usize::MAX,
        dead_letter_turn: Semaphore::new(1),
    };
    let mut parcel = Parcel::default();
    for (n, size) in sizes.iter().enumerate() {
        let action = format!(r#"{{"create":{{"_index":"logferry-logs-2026.11.27","_id":"{n}"}}}}"#);
        let source = format!(r#"{{"message":"{}"}}"#, "x".repeat(*size));
        parcel.push(&action, &source, n as u64);
    }
    let (reply, mut replies) = mpsc::unbounded_channel();
    let waiting = ParcelInFlight {
        open: sizes.len(),
        tally: VerdictTally::default(),
        object: Arc::new(ObjectName {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            etag: None,
            version_id: None,
        }),
        number: 0,
        rejected: Vec::new(),
        reply,
        reservation: None,
    };
    let permit = sender.concurrency.acquire().await;
    deliver(
        Arc::new(sender),
        Bulk::pack([parcel]),
        vec![waiting],
        permit,
    )
    .await;
    (replies.recv().await.unwrap(), index_health)
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_takes_nothing_condemns_no_document_and_holds_the_worker() {
    let (tally, index_health) = deliver_through(Proxy { longest: 0 }, &[10; 8]).await;
    assert_eq!((tally.rejected, tally.unsettled), (0, 8));
    assert_eq!(index_health.hold().unwrap().indices.len(), 1);
}

/// More of them than there are attempts.
#[tokio::test(start_paused = true)]
async fn documents_that_are_too_large_are_given_up_where_others_are_taken() {
    let sizes = [10, 9000, 10, 9000, 9000, 10, 9000, 9000];
    let (tally, index_health) = deliver_through(Proxy { longest: 8000 }, &sizes).await;
    assert_eq!((tally.indexed, tally.rejected, tally.unsettled), (3, 5, 0));
    assert_eq!(tally.rejections[0].status, 413);
    assert_eq!(index_health.hold(), None);
}
