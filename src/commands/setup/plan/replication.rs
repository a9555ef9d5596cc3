/*! The settings of new indices and the number of data nodes go in; the reason why segment replication gains nothing
comes out. Pure. */

use logferry_core::document::template::Settings;

const SEGMENT: &str = "SEGMENT";

/// A note if no replica will exist. `data_nodes` is `None` if it is unknown.
pub(crate) fn note(settings: &Settings, data_nodes: Option<u64>) -> Option<String> {
    if settings.replication.as_deref() != Some(SEGMENT) {
        return None;
    }
    let why = match (settings.replicas, data_nodes) {
        (Some(0), _) => "new indices have no replica (--replicas 0)",
        (_, Some(1)) => "the cluster has one data node, which holds no replica",
        _ => return None,
    };
    Some(format!("--replication segment gains nothing: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_replica_there_is_nothing_to_gain() {
        let settings = |replication: &str, replicas| Settings {
            replication: Some(replication.to_owned()),
            replicas,
            ..Settings::default()
        };
        for (settings, nodes, noted) in [
            (settings(SEGMENT, Some(1)), Some(2), false),
            (settings(SEGMENT, None), Some(2), false),
            (settings(SEGMENT, None), None, false),
            (settings(SEGMENT, Some(0)), Some(2), true),
            (settings(SEGMENT, Some(1)), Some(1), true),
            (settings("DOCUMENT", Some(0)), Some(1), false),
            (Settings::default(), Some(1), false),
        ] {
            assert_eq!(note(&settings, nodes).is_some(), noted, "{settings:?}");
        }
    }
}
