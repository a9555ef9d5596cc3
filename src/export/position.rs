/*! A group goes in; its stored position comes out, or the reason why it has none. */

use std::time::Duration;

use crate::export::{Checkpoints, Condition, LogsError, PutOutcome};
use crate::retry::Delays;
use logferry_core::export::{Checkpoint, Target, WindowRules};

/// Where a group stands, and the version of its checkpoint.
#[derive(Debug, Clone)]
pub struct GroupPosition {
    pub target: Target,
    pub checkpoint: Checkpoint,
    etag: String,
}

/// How storing a checkpoint ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advance {
    Stored,
    /// Another exporter stored another checkpoint first.
    Lost,
}

impl GroupPosition {
    /// Reads the checkpoint of a group. `None`: the group has none yet.
    pub async fn read(
        checkpoints: &dyn Checkpoints,
        target: &Target,
        now: i64,
    ) -> Result<Option<Self>, String> {
        let name = target.checkpoint_name();
        let stored = checkpoints.get(&name).await;
        let Some(stored) = stored.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let checkpoint = Checkpoint::read(&stored.bytes, target, now)
            .map_err(|fault| format!("{} {fault}", checkpoints.place(&name)))?;
        Ok(Some(Self {
            target: target.clone(),
            checkpoint,
            etag: stored.etag,
        }))
    }

    /// Reads the checkpoint of a group, or stores its first. That fixes the beginning: a group that waits long for its
    /// first task loses nothing.
    pub(super) async fn read_or_begin(
        checkpoints: &dyn Checkpoints,
        target: &Target,
        rules: &WindowRules,
        now: i64,
    ) -> Result<Self, String> {
        let name = target.checkpoint_name();
        // A second reading finds the checkpoint of another exporter that was faster.
        for _ in 0..2 {
            if let Some(position) = Self::read(checkpoints, target, now).await? {
                return Ok(position);
            }
            let checkpoint = Checkpoint::new(target, rules.first(now));
            let written = checkpoints
                .put(&name, checkpoint.write(), &Condition::New)
                .await
                .map_err(|error| error.to_string())?;
            if let PutOutcome::Written(etag) = written {
                return Ok(Self {
                    target: target.clone(),
                    checkpoint,
                    etag,
                });
            }
        }
        Err(format!(
            "{} exists for writers and not for readers: allow s3:GetObject and s3:ListBucket on the checkpoints",
            checkpoints.place(&name)
        ))
    }

    /// Stores the checkpoint after a task, if it is still the one that was read.
    pub(super) async fn store(
        &mut self,
        checkpoints: &dyn Checkpoints,
        advanced: Checkpoint,
    ) -> Result<Advance, String> {
        let name = self.target.checkpoint_name();
        let bytes = advanced.write();
        let condition = Condition::Unchanged(self.etag.clone());
        let outcome = checkpoints.put(&name, bytes.clone(), &condition).await;
        let etag = match outcome.map_err(|error| error.to_string())? {
            PutOutcome::Written(etag) => etag,
            // The answer to an earlier attempt of this write may have been lost.
            PutOutcome::Lost => match checkpoints.get(&name).await {
                Ok(Some(stored)) if stored.bytes == bytes => stored.etag,
                Ok(_) => return Ok(Advance::Lost),
                Err(error) => return Err(error.to_string()),
            },
        };
        self.etag = etag;
        self.checkpoint = advanced;
        Ok(Advance::Stored)
    }
}

/// Repeats a request that only reads, until it has an answer or ten attempts failed.
pub(super) async fn retrying<T, F>(request: impl Fn() -> F) -> Result<T, LogsError>
where
    F: Future<Output = Result<T, LogsError>>,
{
    let mut delays = Delays::new(Duration::from_millis(500), Duration::from_secs(60), 10);
    loop {
        match request().await {
            Err(error) if error.kind.may_succeed_later() => match delays.next() {
                Some(delay) => {
                    tracing::info!(%error, "no answer yet; asking again");
                    tokio::time::sleep(delay).await;
                }
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}
