/*! What one object may take: bytes, by its caps, and memory, by its place among the large readers. */

use tokio::sync::OwnedSemaphorePermit;

use super::Road;
use super::object::{Failure, ReadFacts};
use crate::class::Class;

/// Below this many decompressed bytes no ratio is a danger.
const RATIO_FROM: u64 = 16 << 20;

/// A large reader's place, once it has one.
#[derive(Default)]
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    /// Bytes of zstd windows that it has room for.
    windows: u64,
}

impl Place {
    pub(super) async fn taken(road: &Road, windows: u64) -> Self {
        Self {
            permit: Some(road.budget.large_reader(windows).await),
            windows,
        }
    }

    pub(super) fn suffices(&self, windows: u64) -> bool {
        self.permit.is_some() && windows <= self.windows
    }
}

/// Neither longer nor denser than an object of logs can be, with so many bytes more.
pub(super) fn within_caps(road: &Road, facts: &ReadFacts, more: u64) -> Result<(), Failure> {
    let bytes = facts.bytes + more;
    let config = &road.config;
    let reason = if bytes > config.max_object_bytes {
        format!(
            "more than {} bytes decompressed (--max-object-bytes)",
            config.max_object_bytes
        )
    } else if bytes > densest(road, facts) {
        format!(
            "more than {} bytes for each stored byte (--max-ratio)",
            config.max_ratio
        )
    } else {
        return Ok(());
    };
    Err(Failure {
        class: Class::Broken,
        reason,
    })
}

/// As many bytes as may come of those that were read so far.
fn densest(road: &Road, facts: &ReadFacts) -> u64 {
    let by_ratio = (facts.stored_bytes + 1).saturating_mul(road.config.max_ratio) - 1;
    by_ratio.max(RATIO_FROM)
}

/// Bytes that envelopes inside of the object may inflate to when `more` of its own are read.
pub(super) fn inflatable(road: &Road, facts: &ReadFacts, more: u64) -> u64 {
    let most = densest(road, facts).min(road.config.max_object_bytes);
    most.saturating_sub(facts.bytes + more)
}
