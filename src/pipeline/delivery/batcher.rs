/*! Groups parcels of many objects into bulks: full ones at once, others when their first parcel has waited long enough. */

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::pipeline::BulkConfig;
use crate::pipeline::deliver;
use crate::pipeline::deliver::{BulkSender, ParcelInFlight};
use crate::pipeline::memory::Reservation;
use crate::pipeline::tally::VerdictTally;
use crate::sink::dead_letters::ObjectName;
use logferry_core::bulk::{BulkBuilder, Parcel};

/// A parcel on its way, with what waits for its verdicts.
pub(crate) struct PendingParcel {
    pub(crate) parcel: Parcel,
    /// Which object it is of, and its place among the object's parcels.
    pub(crate) object: Arc<ObjectName>,
    pub(crate) number: u64,
    pub(crate) reservation: Reservation,
    /// Gets one tally when every document of the parcel has a verdict.
    pub(crate) reply: mpsc::UnboundedSender<VerdictTally>,
}

pub(crate) struct Batcher {
    loads: mpsc::Sender<PendingParcel>,
}

impl Batcher {
    pub(crate) fn start(sender: BulkSender) -> Self {
        // Parcels queue in the memory, not in the channel.
        let (loads, incoming) = mpsc::channel(1);
        let background = sender.background.clone();
        let work = pack(incoming, Arc::new(sender));
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self { loads }
    }

    /// Hands a parcel over. If the pipeline is ending, the parcel is dropped and its reply never comes.
    pub(crate) async fn send(&self, load: PendingParcel) {
        let _ = self.loads.send(load).await;
    }
}

/// The bulk that is being filled.
#[derive(Default)]
struct OpenBulk {
    packing: BulkBuilder,
    waiting: Vec<ParcelInFlight>,
    /// When it goes even if it is not full.
    due: Option<Instant>,
}

impl OpenBulk {
    fn add(&mut self, load: PendingParcel, config: &BulkConfig) {
        self.packing.add(&load.parcel, config.bytes);
        self.waiting.push(ParcelInFlight::of(load));
        self.due
            .get_or_insert_with(|| Instant::now() + config.linger);
    }
}

async fn pack(mut incoming: mpsc::Receiver<PendingParcel>, sender: Arc<BulkSender>) {
    let config = &sender.config;
    let mut filling = OpenBulk::default();
    // A parcel that would make the bulk too large opens the next.
    let mut next: Option<PendingParcel> = None;
    let mut open = true;
    while open || !filling.waiting.is_empty() {
        let bytes = filling.packing.bytes();
        let full = !open || next.is_some() || bytes >= config.bytes;
        let ready = !filling.waiting.is_empty()
            && (full || filling.due.is_some_and(|due| due <= Instant::now()));
        let due = filling.due;
        tokio::select! {
            biased;
            pass = sender.concurrency.enter(), if ready => {
                let OpenBulk { packing, waiting, .. } = std::mem::take(&mut filling);
                sender.metrics.bulk_fill(bytes);
                tokio::spawn(deliver::load(sender.clone(), packing.finish(), waiting, pass));
                if let Some(load) = next.take() {
                    filling.add(load, config);
                }
            }
            load = incoming.recv(), if open && !full => match load {
                Some(load) if bytes > 0 && bytes + load.parcel.lines.len() > config.bytes => next = Some(load),
                Some(load) => filling.add(load, config),
                None => open = false,
            },
            () = async { tokio::time::sleep_until(due.unwrap_or_else(Instant::now)).await },
                if due.is_some() && !ready => {}
        }
    }
}
