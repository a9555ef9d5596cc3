/*! Reasons why OpenSearch is not ready for logferry's documents. */

use crate::commands::setup::columnar;
use crate::error_class::ErrorClass;
use crate::sink::IndexError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// The index does not tell its version, or does not take bulks as they are to be compressed.
    #[error(transparent)]
    Unusable(IndexError),
    /// A request of setup failed.
    #[error("{}", with_request(request, error))]
    Index { request: String, error: IndexError },
    /// The index responds, and is not as logferry needs it.
    #[error("{0}")]
    Refused(String),
}

impl SetupError {
    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            SetupError::Unusable(error) | SetupError::Index { error, .. } => error.class(),
            SetupError::Refused(_) => ErrorClass::Fatal,
        }
    }
}

/// The message of a failed request. The reason of an error response names the URL and the request already.
fn with_request(request: &str, error: &IndexError) -> String {
    match error {
        IndexError::Response { reason, .. } if columnar::refuses(reason) => {
            columnar::sentence(reason)
        }
        IndexError::Response { reason, .. } => {
            unknown_codec(reason).unwrap_or_else(|| error.to_string())
        }
        _ => format!("{request}: {error}"),
    }
}

/// A sentence about a codec that the cluster does not know. OpenSearch says: `unknown value for [index.codec] must be
/// one of [default, lz4] but was: zstd`.
fn unknown_codec(reason: &str) -> Option<String> {
    let (_, rest) = reason.split_once("unknown value for [index.codec] must be one of [")?;
    let (known, codec) = rest.split_once("] but was: ")?;
    Some(format!(
        "--codec: this cluster does not know {codec}: its nodes lack the plugin opensearch-custom-codecs, which the minimal distribution does not have; install it, or choose from {known}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_without_its_plugin_is_one_sentence() {
        let response = |reason: &str| SetupError::Index {
            request: "PUT /_component_template/lf-settings".to_owned(),
            error: IndexError::Response {
                class: ErrorClass::Retryable,
                status: Some(400),
                error_type: Some("illegal_argument_exception".to_owned()),
                reason: reason.to_owned(),
            },
        };
        // As 3.4.0 answers.
        let reason = "h answers /_component_template/lf-settings with HTTP 400: illegal_argument_exception: unknown value for [index.codec] must be one of [default, lz4, best_compression, zlib] but was: zstd_no_dict";
        assert_eq!(
            response(reason).to_string(),
            "--codec: this cluster does not know zstd_no_dict: its nodes lack the plugin opensearch-custom-codecs, which the minimal distribution does not have; install it, or choose from default, lz4, best_compression, zlib"
        );
        let other = "h answers /_component_template/lf-settings with HTTP 400: illegal_argument_exception: unknown setting [index.codec]";
        assert_eq!(response(other).to_string(), other);
        let columnar = "h answers /x with HTTP 400: mapper_parsing_exception: Field [app] of type [flat_object] is not supported by data format [parquet]";
        assert!(
            response(columnar)
                .to_string()
                .contains("Optimized for log analytics")
        );
    }
}
