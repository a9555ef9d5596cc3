/*! What one object may take: bytes, by its caps, and memory, by its place among the large readers. */

use tokio::sync::OwnedSemaphorePermit;

use crate::error_class::ErrorClass;
use crate::pipeline::Pipeline;
use crate::pipeline::object::{ReadFailure, ReadProgress};

/// Below this many decompressed bytes no ratio is a danger.
const RATIO_FROM: u64 = 16 << 20;

/// A large reader's place, once it has one.
#[derive(Default)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    /// Bytes of zstd windows that it has room for.
    windows: u64,
}

impl Place {
    pub(crate) async fn taken(pipeline: &Pipeline, windows: u64) -> Self {
        Self {
            permit: Some(pipeline.memory.large_reader(windows).await),
            windows,
        }
    }

    pub(crate) fn suffices(&self, windows: u64) -> bool {
        self.permit.is_some() && windows <= self.windows
    }
}

/// Neither longer nor denser than an object of logs can be, with so many bytes more.
pub(crate) fn within_caps(
    pipeline: &Pipeline,
    facts: &ReadProgress,
    more: u64,
) -> Result<(), ReadFailure> {
    let bytes = facts.bytes + more;
    let config = &pipeline.config;
    let reason = if bytes > config.max_object_bytes {
        format!(
            "more than {} bytes decompressed (--max-object-bytes)",
            config.max_object_bytes
        )
    } else if bytes > densest(pipeline, facts) {
        format!(
            "more than {} bytes for each stored byte (--max-ratio)",
            config.max_ratio
        )
    } else {
        return Ok(());
    };
    Err(ReadFailure {
        class: ErrorClass::Broken,
        reason,
    })
}

/// As many bytes as may come of those that were read so far.
fn densest(pipeline: &Pipeline, facts: &ReadProgress) -> u64 {
    let by_ratio = (facts.stored_bytes + 1).saturating_mul(pipeline.config.max_ratio) - 1;
    by_ratio.max(RATIO_FROM)
}

/// Bytes that envelopes inside of the object may inflate to when `more` of its own are read.
pub(crate) fn inflatable(pipeline: &Pipeline, facts: &ReadProgress, more: u64) -> u64 {
    let most = densest(pipeline, facts).min(pipeline.config.max_object_bytes);
    most.saturating_sub(facts.bytes + more)
}
