/*! The body of an error response goes in; the type and the reason of the error come out. */

use serde::Deserialize;

/// Type of the error by which OpenSearch refuses a request without permission.
pub(crate) const SECURITY: &str = "security_exception";
/// Type of the error for an index that does not exist.
pub(crate) const INDEX_NOT_FOUND: &str = "index_not_found_exception";
/// Type of the error for a closed index.
pub(crate) const INDEX_CLOSED: &str = "index_closed_exception";
/// Type of the error of a block: a read-only index, a full disk.
const BLOCK: &str = "cluster_block_exception";
/// OpenSearch Serverless refuses document ids by an error of this type, which has many other meanings. Only the
/// beginning of the reason tells this one apart.
const ILLEGAL_ARGUMENT: &str = "illegal_argument_exception";
const NO_IDS: &str = "Document ID is not supported";

/// An error in a response: of a whole request, or of one document.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    /// OpenSearch's type of the error; `None` if something else has responded.
    #[serde(rename = "type")]
    pub(crate) error_type: Option<String>,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    caused_by: Option<Box<ErrorBody>>,
}

impl ErrorBody {
    /// Reads a response of OpenSearch (`error`), of AWS's front or of OpenSearch Dashboards (`message`). The reason in
    /// any other response is the beginning of its text.
    pub(crate) fn of(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum ErrorField {
            Body(ErrorBody),
            /// Dashboards names the HTTP status here.
            Status(serde::de::IgnoredAny),
        }
        #[derive(Deserialize)]
        struct ErrorResponse {
            error: Option<ErrorField>,
            #[serde(alias = "Message")]
            message: Option<String>,
        }
        match serde_json::from_slice(body) {
            Ok(ErrorResponse {
                error: Some(ErrorField::Body(error)),
                ..
            }) => error.with_its_cause(),
            Ok(ErrorResponse {
                message: Some(reason),
                ..
            }) => Self {
                reason,
                ..Self::default()
            },
            _ => Self {
                reason: String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned(),
                ..Self::default()
            },
        }
    }

    /// A search that fails while it puts its shards together has no reason of its own, only a cause.
    fn with_its_cause(mut self) -> Self {
        if let (true, Some(cause)) = (self.reason.is_empty(), self.caused_by.take()) {
            let cause = cause.with_its_cause();
            self.reason = match cause.error_type {
                Some(error_type) => format!("{error_type}: {}", cause.reason),
                None => cause.reason,
            };
        }
        self
    }

    pub(crate) fn is(&self, error_type: &str) -> bool {
        self.error_type.as_deref() == Some(error_type)
    }

    /// Whether an index or the whole cluster is blocked.
    pub(crate) fn is_block(&self) -> bool {
        self.is(BLOCK)
    }

    /// Whether a time series or vector collection of OpenSearch Serverless refuses ids.
    pub(crate) fn refuses_ids(&self) -> bool {
        self.is(ILLEGAL_ARGUMENT) && self.reason.starts_with(NO_IDS)
    }

    /// The privileges in `no permissions for [a, b] and User [name=…]`.
    pub(crate) fn privileges(&self) -> Option<&str> {
        let (_, rest) = self.reason.split_once("no permissions for [")?;
        // A privilege may contain brackets.
        Some(rest.split_once("] and User")?.0)
    }

    /// The user in `no permissions for [a, b] and User [name=…]`.
    pub(crate) fn user(&self) -> Option<&str> {
        let (_, rest) = self.reason.split_once("User [name=")?;
        Some(rest.split_once(',')?.0)
    }
}

/// Whether the reason of a document's verdict, `type: reason`, is a refusal of its id.
pub(crate) fn refuses_id(reason: &str) -> bool {
    let parts = reason.split_once(": ");
    parts.is_some_and(|(error_type, reason)| {
        error_type == ILLEGAL_ARGUMENT && reason.starts_with(NO_IDS)
    })
}

/// The cause of the first failed shard, or else of the whole request, in one line: `type: reason [index]`. The
/// beginning of the text if the response is not an error of OpenSearch.
pub(crate) fn cause(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ErrorResponse {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        root_cause: Vec<Cause>,
        #[serde(flatten)]
        whole: Cause,
    }
    #[derive(Deserialize)]
    struct Cause {
        #[serde(flatten)]
        error: ErrorBody,
        index: Option<String>,
    }
    let Ok(ErrorResponse { error }) = serde_json::from_slice(body) else {
        return ErrorBody::of(body).reason;
    };
    let Cause { error, index } = error.root_cause.into_iter().next().unwrap_or(error.whole);
    let error = error.with_its_cause();
    let Some(error_type) = error.error_type else {
        return error.reason;
    };
    let reason: String = error
        .reason
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(500)
        .collect();
    match index {
        Some(index) if !reason.contains(&index) => format!("{error_type}: {reason} [{index}]"),
        _ => format!("{error_type}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_failure_is_one_line() {
        for (body, line) in [
            (
                &br#"{"error":{"root_cause":[{"type":"query_shard_exception","reason":"Failed to parse query [a\nb]","index":"i","index_uuid":"u"}],
                    "type":"search_phase_execution_exception","reason":"all shards failed"},"status":400}"#[..],
                "query_shard_exception: Failed to parse query [a",
            ),
            (br#"{"error":{"root_cause":[],"type":"t","reason":"closed","index":"i"}}"#, "t: closed [i]"),
            (br#"{"error":{"type":"t"}}"#, "t: "),
            (
                br#"{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"","phase":"fetch",
                    "caused_by":{"type":"circuit_breaking_exception","reason":"[parent] Data too large"}},"status":429}"#,
                "search_phase_execution_exception: circuit_breaking_exception: [parent] Data too large",
            ),
            (br#"{"error":{"reason":"without a type"}}"#, "without a type"),
            (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        ] {
            assert_eq!(cause(body), line);
        }
    }

    #[test]
    fn what_is_no_error_of_opensearch_is_shown_by_its_beginning() {
        for (body, reason) in [
            (&b"<html>Forbidden</html>"[..], "<html>Forbidden</html>"),
            (
                b"{\"Message\":\"User: x is not authorized\"}",
                "User: x is not authorized",
            ),
            (
                br#"{"statusCode":400,"error":"Bad Request","message":"Invalid file extension .json"}"#,
                "Invalid file extension .json",
            ),
            (
                br#"{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"","phase":"fetch",
                    "caused_by":{"type":"circuit_breaking_exception","reason":"[parent] Data too large"}},"status":429}"#,
                "circuit_breaking_exception: [parent] Data too large",
            ),
            (b"", ""),
            (b"{\"error\":null}", "{\"error\":null}"),
            (b"{\"error\":\"x\"}", "{\"error\":\"x\"}"),
        ] {
            assert_eq!(ErrorBody::of(body).reason, reason);
        }
    }
}
