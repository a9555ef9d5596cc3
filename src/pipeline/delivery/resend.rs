/*! Documents that were encoded before go in, one by one; their verdicts come out. They take the same way as those of
objects: bulks, retries, merges. */

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::observe::Metrics;
use crate::pipeline::delivery::batcher::Batcher;
use crate::pipeline::delivery::bulk_sender::BulkSender;
use crate::pipeline::delivery::concurrency::ConcurrencyLimiter;
use crate::pipeline::delivery::index_health::IndexHealth;
use crate::pipeline::delivery::parcel::PendingParcel;
use crate::pipeline::delivery::tally::VerdictTally;
use crate::pipeline::fatal_error::FatalErrorSlot;
use crate::pipeline::memory::MemoryLimiter;
use crate::pipeline::run::PipelineConfig;
use crate::sink::Index;
use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::{Parcel, PlacedDocument};
use logferry_core::document::index_name::DocumentKind;

/// A document as it was sent before, on its way to the same index and id.
pub struct EncodedDocument {
    pub object: Arc<ObjectName>,
    pub offset: u64,
    pub index: String,
    /// It needs no escapes in JSON.
    pub id: String,
    /// One line of JSON.
    pub source: String,
}

/// The verdict of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResendVerdict {
    Indexed,
    AlreadyThere,
    Rejected {
        status: u16,
        reason: String,
    },
    /// There is no final verdict after the last attempt.
    Unsettled(String),
}

/// Sends documents again. Its tasks end when it is dropped.
pub struct Resender {
    batcher: Batcher,
    memory: MemoryLimiter,
    fatal_error: Arc<FatalErrorSlot>,
    _background: DropGuard,
}

impl Resender {
    /// A document that is rejected again is not written as a dead letter: it is one.
    pub fn start(index: Arc<dyn Index>, config: &PipelineConfig, metrics: &Arc<Metrics>) -> Self {
        let background = CancellationToken::new();
        let fatal_error = FatalErrorSlot::new(background.child_token());
        let memory = MemoryLimiter::new(&config.memory_config(), metrics.clone());
        let prefix = config.read.document.index_prefix.clone();
        let batcher = Batcher::start(BulkSender {
            config: config.bulk.clone(),
            concurrency: ConcurrencyLimiter::new(config.bulk.in_flight, metrics.clone()),
            metrics: metrics.clone(),
            background: background.clone(),
            index,
            dead_letters: None,
            prices: config.read.prices.clone(),
            index_health: Arc::new(IndexHealth::new(prefix, metrics.clone())),
            waiting_bytes: AtomicUsize::new(0),
            most_waiting_bytes: memory.parcels() / 2,
            dead_letter_turn: Semaphore::new(1),
            fatal_error: fatal_error.clone(),
        });
        Self {
            batcher,
            memory,
            fatal_error,
            _background: background.drop_guard(),
        }
    }

    /// Sends documents. Returns their verdicts in order when each has one.
    pub async fn send(&self, documents: Vec<EncodedDocument>) -> Vec<ResendVerdict> {
        let mut replies = Vec::with_capacity(documents.len());
        for document in documents {
            let (reply, tally) = mpsc::unbounded_channel();
            replies.push(tally);
            // After a fatal error nothing more is sent; the reply never comes.
            if self.fatal_error.get().is_none() {
                self.send_one(document, reply).await;
            }
        }
        let mut verdicts = Vec::with_capacity(replies.len());
        for mut tally in replies {
            let verdict = tally.recv().await.map(verdict);
            verdicts.push(verdict.unwrap_or_else(|| {
                let reason = self.fatal_error.get().unwrap_or("the command is ending");
                ResendVerdict::Unsettled(reason.to_owned())
            }));
        }
        verdicts
    }

    async fn send_one(
        &self,
        document: EncodedDocument,
        reply: mpsc::UnboundedSender<VerdictTally>,
    ) {
        let parcel = parcel(&document);
        let reservation = self.memory.reserve(parcel.lines.len()).await;
        let pending = PendingParcel {
            parcel,
            object: document.object,
            number: 0,
            reservation,
            reply,
        };
        self.batcher.send(pending).await;
    }

    /// The first fatal error. No document is sent after it.
    pub fn fatal_error(&self) -> Option<&str> {
        self.fatal_error.get()
    }
}

/// A parcel of one document: its tally is the document's verdict.
fn parcel(document: &EncodedDocument) -> Parcel {
    let EncodedDocument { index, id, .. } = document;
    let action = format!(r#"{{"create":{{"_index":"{index}","_id":"{id}"}}}}"#);
    let mut parcel = Parcel::default();
    parcel.push(&action, &document.source, document.offset);
    let merge = DocumentKind::of_index(index) == DocumentKind::Invocation;
    for placed in &mut parcel.documents {
        *placed = PlacedDocument { merge, ..*placed };
    }
    parcel
}

fn verdict(tally: VerdictTally) -> ResendVerdict {
    if let Some(reason) = tally.unsettled_reason {
        return ResendVerdict::Unsettled(reason);
    }
    match tally.rejections.into_iter().next() {
        Some(rejection) => ResendVerdict::Rejected {
            status: rejection.status,
            reason: rejection.reason,
        },
        None if tally.indexed > 0 => ResendVerdict::Indexed,
        None => ResendVerdict::AlreadyThere,
    }
}
