/*! A platform event in JSON goes in; whether all of its members are known comes out. A member occurs once, and has a
value of its type. */

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the types alone are asked for")]
struct Event<'a> {
    #[serde(borrow)]
    time: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    record: Record<'a>,
}

/// A text without escapes.
type Text<'a> = &'a str;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the types alone are asked for")]
struct Record<'a> {
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    version: Option<Text<'a>>,
    function_name: Option<Text<'a>>,
    function_version: Option<Text<'a>>,
    function_arn: Option<Text<'a>>,
    tenant_id: Option<Text<'a>>,
    status: Option<Text<'a>>,
    error_type: Option<Text<'a>>,
    phase: Option<Text<'a>>,
    initialization_type: Option<Text<'a>>,
    runtime_version: Option<Text<'a>>,
    runtime_version_arn: Option<Text<'a>>,
    instance_id: Option<Text<'a>>,
    instance_max_memory: Option<f64>,
    tracing: Option<Tracing<'a>>,
    #[serde(default)]
    spans: Vec<Span<'a>>,
    metrics: Option<Metrics>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the types alone are asked for")]
struct Tracing<'a> {
    #[serde(borrow)]
    span_id: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    value: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the types alone are asked for")]
struct Span<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    start: Text<'a>,
    duration_ms: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the types alone are asked for")]
#[expect(non_snake_case, reason = "the names of the platform")]
struct Metrics {
    durationMs: Option<f64>,
    billedDurationMs: Option<f64>,
    memorySizeMB: Option<f64>,
    maxMemoryUsedMB: Option<f64>,
    initDurationMs: Option<f64>,
    restoreDurationMs: Option<f64>,
    billedRestoreDurationMs: Option<f64>,
    producedBytes: Option<f64>,
}

/// Whether the text is a platform event whose members are all known.
pub(crate) fn is_known(text: &str) -> bool {
    serde_json::from_str::<Event<'_>>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_with_an_unknown_member_is_not_known() {
        let event = |kind: &str, record: &str| {
            format!(
                r#"{{"time":"2026-10-08T07:30:27.768Z","type":"platform.{kind}","record":{record}}}"#
            )
        };
        for (kind, record, known) in [
            (
                "start",
                r#"{"requestId":"79b5e81f","functionArn":"arn:a","version":"$LATEST","tenantId":"Blue"}"#,
                true,
            ),
            (
                "initStart",
                r#"{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:22.v122","runtimeVersionArn":"arn:b","functionName":"f","functionVersion":"$LATEST","instanceId":"2026/10/08/f[$LATEST]22be","instanceMaxMemory":268435456}"#,
                true,
            ),
            (
                "runtimeDone",
                r#"{"requestId":"79b5e81f","status":"success","spans":[{"name":"responseLatency","start":"2026-10-08T07:30:27.768Z","durationMs":0.677}],"metrics":{"durationMs":1.056,"producedBytes":50}}"#,
                true,
            ),
            (
                "report",
                r#"{"requestId":"79b5e81f","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":66},"tracing":{"spanId":"s","type":"X-Amzn-Trace-Id","value":"Root=1-a-b;Sampled=1"},"status":"success"}"#,
                true,
            ),
            (
                "report",
                r#"{"requestId":"79b5e81f","metrics":{"durationMs":1.5,"gpuMs":2}}"#,
                false,
            ),
            ("report", r#"{"requestId":"79b5e81f","mood":"good"}"#, false),
            (
                "report",
                r#"{"requestId":"79b5e81f","requestId":"79b5e81f"}"#,
                false,
            ),
            (
                "report",
                r#"{"requestId":"79b5e81f","metrics":{"durationMs":"1.5"}}"#,
                false,
            ),
            ("report", r#""REPORT RequestId: 79b5e81f""#, false),
        ] {
            assert_eq!(is_known(&event(kind, record)), known, "{kind} {record}");
        }
        let more = event("end", "{}").replace("record\":{}", "record\":{},\"more\":1");
        assert!(!is_known(&more));
        assert!(!is_known(
            r#"{"time":"2026-10-08T07:30:27.768Z","type":"platform.end""#
        ));
    }
}
