/*! The settings of the cluster that matter to new indices. A role needs no permission for them. */

use serde_json::Value;

use crate::commands::setup::columnar;
use crate::sink::IndexError;
use crate::sink::opensearch::{Method, OpenSearch};

const PATH: &str = "/_cluster/settings?include_defaults=true&filter_path=*.action.auto_create_index,*.cluster.pluggable*";

/// What could be read of them.
#[derive(Debug, Default)]
pub(crate) struct ClusterSettings {
    /// `action.auto_create_index`.
    pub auto_create: Option<String>,
    /// Whether new indices are columnar.
    pub columnar: bool,
}

pub(crate) async fn read(index: &OpenSearch) -> ClusterSettings {
    if index.is_serverless() {
        return ClusterSettings::default();
    }
    try_read(index).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "the cluster's settings cannot be read");
        ClusterSettings::default()
    })
}

/// The settings, or why they cannot be read.
pub(crate) async fn try_read(index: &OpenSearch) -> Result<ClusterSettings, IndexError> {
    let answer = index.call(Method::GET, PATH, None).await?;
    Ok(of(&answer))
}

/// The innermost scope with a value counts.
fn of(answer: &Value) -> ClusterSettings {
    let scopes = ["transient", "persistent", "defaults"].map(|scope| &answer[scope]);
    let auto_create = scopes
        .iter()
        .find_map(|scope| scope["action"].get("auto_create_index"));
    ClusterSettings {
        auto_create: auto_create.map(text),
        columnar: columnar::is_set(&scopes.map(|scope| &scope["cluster"]["pluggable"])),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(patterns) => {
            let patterns: Vec<&str> = patterns.iter().filter_map(Value::as_str).collect();
            patterns.join(",")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_transient_setting_counts_before_a_persistent_one() {
        let auto_create = |answer: Value| of(&answer).auto_create;
        let set = |value: Value| json!({"action": {"auto_create_index": value}});
        assert_eq!(auto_create(json!({})), None);
        assert_eq!(
            auto_create(json!({"defaults": set(json!("true"))})).as_deref(),
            Some("true")
        );
        assert_eq!(
            auto_create(json!({"persistent": set(json!("false")), "defaults": set(json!("true"))}))
                .as_deref(),
            Some("false")
        );
        assert_eq!(
            auto_create(
                json!({"persistent": set(json!("false")), "transient": set(json!(["+a*", "-b*"]))})
            )
            .as_deref(),
            Some("+a*,-b*")
        );
        assert_eq!(
            auto_create(json!({"persistent": set(json!(false))})).as_deref(),
            Some("false")
        );
    }

    #[test]
    fn the_columnar_engine_is_recognised_in_every_scope() {
        let pluggable = json!({"dataformat": "composite", "dataformat.enabled": "true"});
        let unset = json!({"dataformat": "", "dataformat.enabled": "false"});
        let answer = |scope: &str| {
            let mut answer = json!({"defaults": {"cluster": {"pluggable": unset}}});
            answer[scope]["cluster"]["pluggable"] = pluggable.clone();
            answer
        };
        for scope in ["transient", "persistent", "defaults"] {
            assert!(of(&answer(scope)).columnar, "{scope}");
        }
        let mut off = answer("persistent");
        off["transient"]["cluster"]["pluggable"]["dataformat.enabled"] = "false".into();
        assert!(!of(&off).columnar);
        assert!(!of(&json!({"defaults": {"cluster": {"pluggable": unset}}})).columnar);
        assert!(!of(&json!({})).columnar);
    }
}
