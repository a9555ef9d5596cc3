/*! The source of a stored document goes in; the fields that a reader shows come out. `search` and `explain` read
documents through these types only. A field that the source lacks is empty. Texts borrow from the source where JSON has
no escape in them. */

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

/// A text that a document may lack.
pub type OptionalText<'a> = Option<Cow<'a, str>>;

/// A document of one log event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredLogDocument<'a> {
    #[serde(rename = "@timestamp", borrow)]
    pub timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    #[serde(borrow)]
    pub log: StoredLogLevel<'a>,
    #[serde(borrow)]
    pub lambda: StoredLambda<'a>,
    #[serde(borrow)]
    pub faas: StoredFaas<'a>,
    #[serde(borrow)]
    pub error: StoredErrorFields<'a>,
    #[serde(borrow)]
    pub logferry: StoredFlags<'a>,
}

/// The summary of one invocation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredInvocation<'a> {
    /// Start of the invocation.
    #[serde(rename = "@timestamp", borrow)]
    pub timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub faas: StoredFaas<'a>,
    #[serde(borrow)]
    pub lambda: StoredLambda<'a>,
    #[serde(borrow)]
    pub invocation: StoredInvocationFields<'a>,
    #[serde(borrow)]
    pub aws: StoredAws<'a>,
}

/// Object `logferry`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredFlags<'a> {
    #[serde(borrow)]
    pub flags: Vec<Cow<'a, str>>,
}

/// Object `log`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredLogLevel<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub level: OptionalText<'a>,
}

/// Object `lambda`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredLambda<'a> {
    #[serde(rename = "type", borrow, deserialize_with = "optional_text")]
    pub line_type: OptionalText<'a>,
    pub duration_ms: Option<f64>,
    pub billed_duration_ms: Option<f64>,
    pub init_duration_ms: Option<f64>,
    pub restore_duration_ms: Option<f64>,
    pub memory_size_mb: Option<f64>,
    pub max_memory_used_mb: Option<f64>,
    pub timeout_seconds: Option<f64>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub status: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub error_type: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub phase: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub runtime_version: OptionalText<'a>,
    #[serde(borrow)]
    pub durable: StoredDurable<'a>,
}

/// Object `lambda.durable`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredDurable<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub execution_arn: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub execution_name: OptionalText<'a>,
    /// Of a line one, of an invocation all that its lines name.
    #[serde(borrow, deserialize_with = "one_or_more_texts")]
    pub operation: Vec<Cow<'a, str>>,
    pub attempt: Option<u64>,
}

/// Object `faas`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredFaas<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub name: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub version: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub invocation_id: OptionalText<'a>,
    #[serde(rename = "coldstart")]
    pub cold_start: Option<bool>,
}

/// Object `error`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredErrorFields<'a> {
    #[serde(rename = "type", borrow, deserialize_with = "optional_text")]
    pub error_type: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub message: OptionalText<'a>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub stack_trace: OptionalText<'a>,
}

/// Object `invocation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredInvocationFields<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub end: OptionalText<'a>,
    #[serde(borrow)]
    pub status: Cow<'a, str>,
    pub attempts: u64,
    pub log_count: u64,
    pub error_count: u64,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub first_error: OptionalText<'a>,
    pub estimated_cost_usd: Option<f64>,
    #[serde(borrow, deserialize_with = "optional_text")]
    pub price: OptionalText<'a>,
}

/// Object `aws`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredAws<'a> {
    #[serde(borrow)]
    pub log: StoredAwsLog<'a>,
    #[serde(borrow)]
    pub xray: StoredXray<'a>,
}

/// Object `aws.log`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredAwsLog<'a> {
    #[serde(borrow)]
    pub stream: StoredLogStream<'a>,
}

/// Object `aws.log.stream`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredLogStream<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub name: OptionalText<'a>,
}

/// Object `aws.xray`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredXray<'a> {
    #[serde(borrow, deserialize_with = "optional_text")]
    pub trace_id: OptionalText<'a>,
}

/// Borrows where serde would copy: it borrows a `Cow`, but not a `Cow` inside an `Option`.
fn optional_text<'de: 'a, 'a, D>(deserializer: D) -> Result<OptionalText<'a>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let text = Option::<Text<'a>>::deserialize(deserializer)?;
    Ok(text.map(|Text(text)| text))
}

/// The texts of an array, or one text.
fn one_or_more_texts<'de: 'a, 'a, D>(deserializer: D) -> Result<Vec<Cow<'a, str>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts<'a> {
        One(#[serde(borrow)] Cow<'a, str>),
        More(#[serde(borrow)] Vec<Cow<'a, str>>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let source = r#"{"@timestamp":"t","message":"plain","error":{"message":"a\nb","type":"E"},"app":{"n":1}}"#;
        let document: StoredLogDocument<'_> = serde_json::from_str(source).unwrap();
        assert!(matches!(document.message, Cow::Borrowed("plain")));
        assert!(matches!(
            document.error.error_type,
            Some(Cow::Borrowed("E"))
        ));
        assert_eq!(document.error.message.as_deref(), Some("a\nb"));
        assert_eq!(document.lambda.line_type, None);
    }

    #[test]
    fn a_field_that_the_source_lacks_is_empty() {
        let document: StoredInvocation<'_> =
            serde_json::from_str(r#"{"faas":{"name":null}}"#).unwrap();
        assert_eq!(document.faas.name, None);
        assert_eq!(document.invocation.attempts, 0);
        assert_eq!(document.aws.log.stream.name, None);
    }

    #[test]
    fn an_operation_is_one_or_more() {
        for (source, operations) in [
            (r#"{"lambda":{"durable":{"operation":"a"}}}"#, &["a"][..]),
            (
                r#"{"lambda":{"durable":{"operation":["a","b"]}}}"#,
                &["a", "b"],
            ),
            (r#"{"lambda":{}}"#, &[]),
        ] {
            let document: StoredInvocation<'_> = serde_json::from_str(source).unwrap();
            assert_eq!(document.lambda.durable.operation, operations);
        }
    }
}
