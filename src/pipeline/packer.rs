/*! Groups parcels of many objects into bulks: full ones at once, others when their first parcel has waited long enough. */

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::BulkConfig;
use super::budget::Reservation;
use super::load::{self, Loader, Waiting};
use super::verdict::Tally;
use crate::bulk::{Packing, Parcel};
use crate::sink::dead_letter::ObjectName;

/// A parcel on its way, with what waits for its verdicts.
pub(super) struct Load {
    pub(super) parcel: Parcel,
    /// Which object it is of, and its place among the object's parcels.
    pub(super) object: Arc<ObjectName>,
    pub(super) number: u64,
    pub(super) reservation: Reservation,
    /// Gets one tally when every document of the parcel has a verdict.
    pub(super) reply: mpsc::UnboundedSender<Tally>,
}

pub(super) struct Packer {
    loads: mpsc::Sender<Load>,
}

impl Packer {
    pub(super) fn start(loader: Loader) -> Self {
        // Parcels queue in the budget, not in the channel.
        let (loads, incoming) = mpsc::channel(1);
        let background = loader.background.clone();
        let work = pack(incoming, Arc::new(loader));
        tokio::spawn(async move { background.run_until_cancelled(work).await });
        Self { loads }
    }

    /// Hands a parcel over. If the road is ending, the parcel is dropped and its reply never comes.
    pub(super) async fn send(&self, load: Load) {
        let _ = self.loads.send(load).await;
    }
}

/// The bulk that is being filled.
#[derive(Default)]
struct Filling {
    packing: Packing,
    waiting: Vec<Waiting>,
    /// When it goes even if it is not full.
    due: Option<Instant>,
}

impl Filling {
    fn add(&mut self, load: Load, config: &BulkConfig) {
        self.packing.add(&load.parcel, config.bytes);
        self.waiting.push(Waiting::of(load));
        self.due
            .get_or_insert_with(|| Instant::now() + config.linger);
    }
}

async fn pack(mut incoming: mpsc::Receiver<Load>, loader: Arc<Loader>) {
    let config = &loader.config;
    let mut filling = Filling::default();
    // A parcel that would make the bulk too large opens the next.
    let mut next: Option<Load> = None;
    let mut open = true;
    while open || !filling.waiting.is_empty() {
        let bytes = filling.packing.bytes();
        let full = !open || next.is_some() || bytes >= config.bytes;
        let ready = !filling.waiting.is_empty()
            && (full || filling.due.is_some_and(|due| due <= Instant::now()));
        let due = filling.due;
        tokio::select! {
            biased;
            pass = loader.gate.enter(), if ready => {
                let Filling { packing, waiting, .. } = std::mem::take(&mut filling);
                loader.metrics.bulk_fill(bytes);
                tokio::spawn(load::load(loader.clone(), packing.finish(), waiting, pass));
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
