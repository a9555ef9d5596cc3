/*! Parcels of many objects go in; bulks come out: a full bulk at once, another when its first parcel has waited. */

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::pipeline::delivery::bulk_sender::{BulkConfig, BulkSender};
use crate::pipeline::delivery::deliver::deliver;
use crate::pipeline::delivery::parcel::ParcelInFlight;
use crate::pipeline::delivery::parcel::PendingParcel;
use logferry_core::bulk::BulkBuilder;

pub(crate) struct Batcher {
    parcels: mpsc::Sender<PendingParcel>,
}

impl Batcher {
    pub(crate) fn start(sender: BulkSender) -> Self {
        // Parcels wait for memory, not for a place in the channel.
        let (parcels, incoming) = mpsc::channel(1);
        let background = sender.background.clone();
        let work = batch(incoming, Arc::new(sender));
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self { parcels }
    }

    /// Hands a parcel over. If the pipeline is ending, the parcel is dropped and its reply never comes.
    pub(crate) async fn send(&self, parcel: PendingParcel) {
        let _ = self.parcels.send(parcel).await;
    }
}

/// The bulk that is being filled.
#[derive(Default)]
struct OpenBulk {
    builder: BulkBuilder,
    parcels: Vec<ParcelInFlight>,
    /// When it is sent although it is not full.
    due: Option<Instant>,
}

impl OpenBulk {
    fn add(&mut self, parcel: PendingParcel, config: &BulkConfig) {
        let (documents, in_flight) = parcel.into_flight();
        self.builder.add(documents, config.bytes);
        self.parcels.push(in_flight);
        self.due
            .get_or_insert_with(|| Instant::now() + config.linger);
    }
}

/// Runs until all senders of parcels are dropped.
async fn batch(mut incoming: mpsc::Receiver<PendingParcel>, sender: Arc<BulkSender>) {
    let config = &sender.config;
    let mut filling = OpenBulk::default();
    // A parcel that would make the bulk too large; the first of the next bulk.
    let mut next: Option<PendingParcel> = None;
    let mut open = true;
    while open || !filling.parcels.is_empty() {
        let bytes = filling.builder.bytes();
        let full = !open || next.is_some() || bytes >= config.bytes;
        let ready = !filling.parcels.is_empty()
            && (full || filling.due.is_some_and(|due| due <= Instant::now()));
        let due = filling.due;
        tokio::select! {
            biased;
            permit = sender.concurrency.acquire(), if ready => {
                let OpenBulk { builder, parcels, .. } = std::mem::take(&mut filling);
                sender.metrics.bulk_fill(bytes);
                tokio::spawn(deliver(sender.clone(), builder.finish(), parcels, permit));
                if let Some(parcel) = next.take() {
                    filling.add(parcel, config);
                }
            }
            parcel = incoming.recv(), if open && !full => match parcel {
                Some(parcel) if bytes > 0 && bytes + parcel.parcel.lines.len() > config.bytes => next = Some(parcel),
                Some(parcel) => filling.add(parcel, config),
                None => open = false,
            },
            () = async { tokio::time::sleep_until(due.unwrap_or_else(Instant::now)).await },
                if due.is_some() && !ready => {}
        }
    }
}
