/*! How a summary's state keeps its [`Origin`]. */

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decode::Origin;

#[derive(Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Stored<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<i32>,
}

pub(super) fn serialize<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    Stored {
        account: origin.account.as_deref(),
        region: origin.region.as_deref(),
        group: origin.log_group.as_deref(),
        stream: origin.log_stream.as_deref(),
        name: origin.function_name.as_deref(),
        version: origin.function_version.as_deref(),
        day: origin.stream_day,
    }
    .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<Origin>, D::Error> {
    let stored = Stored::<String>::deserialize(deserializer)?;
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
