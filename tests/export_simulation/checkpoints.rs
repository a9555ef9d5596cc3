//! The store of checkpoints, as one exporter sees it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use logferry::export::{CheckpointError, Checkpoints, Condition, PutOutcome, Stored};

use crate::logs::step;
use crate::world::{Kill, World, chance};

pub struct SimCheckpoints {
    pub world: Arc<Mutex<World>>,
    pub kill: Arc<Mutex<Kill>>,
    /// A wrong exporter: writes whatever the condition is.
    pub blind: bool,
}

pub fn exported_until(bytes: &[u8]) -> i64 {
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    value["exported_until"].as_i64().unwrap()
}

impl SimCheckpoints {
    async fn before(&self) -> Result<(), CheckpointError> {
        step(&self.kill).await;
        match self.world.lock().unwrap().faults && chance(0.01) {
            true => Err(CheckpointError("SlowDown".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Checkpoints for SimCheckpoints {
    async fn get(&self, name: &str) -> Result<Option<Stored>, CheckpointError> {
        self.before().await?;
        let world = self.world.lock().unwrap();
        Ok(world.checkpoints.get(name).map(|(bytes, version)| Stored {
            bytes: bytes.clone(),
            etag: version.to_string(),
        }))
    }

    async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<PutOutcome, CheckpointError> {
        self.before().await?;
        let (etag, loses_answer) = {
            let mut world = self.world.lock().unwrap();
            let present = world.checkpoints.get(name).cloned();
            let holds = match (condition, &present) {
                (Condition::New, None) => true,
                (Condition::Unchanged(etag), Some((_, version))) => *etag == version.to_string(),
                _ => false,
            };
            if !holds && !self.blind {
                return Ok(PutOutcome::Lost);
            }
            if let Some((before, _)) = &present
                && exported_until(before) > exported_until(&bytes)
            {
                world.backwards.push(name.to_owned());
            }
            world.writes += 1;
            let version = world.writes;
            world.checkpoints.insert(name.to_owned(), (bytes, version));
            (version.to_string(), world.faults && chance(0.02))
        };
        step(&self.kill).await;
        match loses_answer {
            // The SDK sends the request again, whose condition no longer holds.
            true => Ok(PutOutcome::Lost),
            false => Ok(PutOutcome::Written(etag)),
        }
    }

    async fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let world = self.world.lock().unwrap();
        Ok(world.checkpoints.keys().cloned().collect())
    }

    fn place(&self, name: &str) -> String {
        format!("sim:{name}")
    }
}
