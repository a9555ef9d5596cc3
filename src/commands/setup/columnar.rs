/*! Columnar indices (OpenSearch's pluggable data formats: Parquet with Lucene), which Amazon's engine "Optimized for
log analytics" makes. They take no `flat_object` and no object that is only stored. Settings or a refusal go in; the
reason why logferry cannot use such a cluster comes out. Pure. */

use serde_json::Value;

/// The sign of a whole cluster.
pub(crate) const CLUSTER: &str = "cluster.pluggable.dataformat is composite";

/// Whether the settings below `pluggable` switch columnar indices on: `dataformat` is `composite`, and
/// `dataformat.enabled` is `true`. The first scope with a value counts. OpenSearch Dashboards recognises the engine in
/// the same way.
pub(crate) fn is_set(scopes: &[&Value]) -> bool {
    let format = scopes.iter().find_map(|scope| scope["dataformat"].as_str());
    let enabled = scopes.iter().find_map(|scope| {
        // A name that is also the beginning of another one is not split.
        let enabled = scope.get("dataformat.enabled");
        enabled.or_else(|| scope["dataformat"].get("enabled"))
    });
    format == Some("composite") && enabled.is_some_and(|on| *on == "true" || *on == true)
}

/// Whether OpenSearch's reason refuses our mappings because an index is columnar.
pub(crate) fn refuses(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    let formats = ["data format", "dataformat", "parquet"];
    reason.contains("flat_object") && formats.iter().any(|format| reason.contains(format))
}

/// `sign` tells how the engine was recognised.
pub(crate) fn sentence(sign: &str) -> String {
    format!(
        "the indices here are columnar, as those of Amazon's engine \"Optimized for log analytics\" ({sign}): they do not take the field types of logferry's documents, so use a domain with the other engine; see docs/access.md"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_both_settings_together_are_a_sign() {
        for (settings, set) in [
            (
                json!({"dataformat": "composite", "dataformat.enabled": "true"}),
                true,
            ),
            (
                json!({"dataformat": "composite", "dataformat.enabled": true}),
                true,
            ),
            (
                json!({"dataformat": "composite", "dataformat.enabled": "false"}),
                false,
            ),
            (
                json!({"dataformat": "lucene", "dataformat.enabled": "true"}),
                false,
            ),
            (json!({"dataformat": "composite"}), false),
            (json!({"dataformat": {"enabled": "true"}}), false),
            (Value::Null, false),
        ] {
            assert_eq!(is_set(&[&settings]), set, "{settings}");
        }
    }

    #[test]
    fn a_refusal_is_a_sign_if_it_names_the_type_and_the_format() {
        let field = "mapper_parsing_exception: Field [app] of type [flat_object]";
        for (reason, sign) in [
            ("is not supported by data format [parquet]", true),
            ("is not supported by the pluggable dataformat", true),
            ("cannot be changed", false),
        ] {
            assert_eq!(refuses(&format!("{field} {reason}")), sign, "{reason}");
        }
        assert!(!refuses(
            "HTTP 400 for /_component_template/parquet-settings"
        ));
    }
}
