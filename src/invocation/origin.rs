/*! How a summary's state keeps its [`Origin`]. */

use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::decode::Origin;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    account: Option<String>,
    region: Option<String>,
    group: Option<String>,
    stream: Option<String>,
    name: Option<String>,
    version: Option<String>,
    day: Option<i32>,
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<Origin>, D::Error> {
    let stored = Stored::deserialize(deserializer)?;
    Ok(Arc::new(Origin {
        account: stored.account,
        region: stored.region,
        log_group: stored.group,
        log_stream: stored.stream,
        function_name: stored.name,
        function_version: stored.version,
        stream_day: stored.day,
    }))
}
