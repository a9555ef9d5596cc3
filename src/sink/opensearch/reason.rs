/*! Why the index cannot be used, in one sentence that names the flag and what to do. */

use std::error::Error;
use std::io::{self, ErrorKind};

use opensearch::http::StatusCode;
use opensearch::http::headers::LOCATION;
use rustls::{CertificateError, Error as TlsError};
use serde::Deserialize;

use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::Tls;
use crate::sink::opensearch::auth::Authorization;

/// No answer: why, and whether the request can have reached the node.
pub(crate) struct Unanswered {
    pub(crate) error: IndexError,
    /// There was no connection: to ask another node repeats nothing.
    pub(crate) unsent: bool,
}

pub(crate) fn unanswered(error: &reqwest::Error, url: &str, tls: &Tls) -> Unanswered {
    let unsent = error.is_connect();
    if let Some(certificate) = find::<TlsError>(error) {
        return Unanswered {
            error: tls_failed(certificate, url, tls),
            unsent,
        };
    }
    let io = causes(error)
        .filter_map(|e| e.downcast_ref::<io::Error>())
        .last()
        .map(io::Error::kind);
    let words = chain(error);
    let reason = match io {
        Some(ErrorKind::ConnectionRefused) => {
            format!("nothing listens at {url}: check --opensearch-url, and that OpenSearch runs")
        }
        // The resolver's errors have no kind.
        _ if words.contains("dns error") => {
            format!(
                "the host of {url} is not known: check the name in --opensearch-url ({})",
                innermost(error)
            )
        }
        _ if error.is_timeout() => format!("{url} does not answer in time"),
        _ if url.starts_with("http://") && words.contains("connection closed") => {
            format!(
                "{url} does not answer: it ends the connection (if it wants TLS, give https:// in --opensearch-url)"
            )
        }
        _ => format!("{url} does not answer: {}", innermost(error)),
    };
    Unanswered {
        error: IndexError::Unanswered(reason),
        unsent,
    }
}

fn tls_failed(error: &TlsError, url: &str, tls: &Tls) -> IndexError {
    let reason = match (error, &tls.ca) {
        (TlsError::InvalidCertificate(CertificateError::UnknownIssuer), Some(ca)) => format!(
            "{url} shows a certificate that no authority in {} has signed: check --opensearch-ca",
            ca.display()
        ),
        (TlsError::InvalidCertificate(CertificateError::UnknownIssuer), None) => format!(
            "{url} shows a certificate of an authority that is not trusted here: give its certificate by --opensearch-ca"
        ),
        (
            TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ),
            _,
        ) => format!(
            "{url} shows a certificate for another name: give a name that is in it by --opensearch-url ({error})"
        ),
        (TlsError::InvalidCertificate(what), _) => {
            format!(
                "{url} shows a certificate that is not valid ({what}): have it renewed, and check the clock"
            )
        }
        (TlsError::AlertReceived(alert), _) => format!(
            "{url} refuses the TLS connection ({alert:?}): check --opensearch-client-cert and --opensearch-client-key"
        ),
        (TlsError::InvalidMessage(_), _) => {
            return IndexError::Unanswered(format!(
                "{url} does not speak TLS: check --opensearch-url (http:// instead of https://, or another port)"
            ));
        }
        (error, _) => {
            return IndexError::Unanswered(format!("no TLS connection to {url}: {error}"));
        }
    };
    IndexError::Other {
        class: ErrorClass::Fatal,
        reason,
    }
}

/// Where an answer leads to: no request follows it. Without the query, which may hold what a login page passes on.
pub(crate) fn redirected(answer: &reqwest::Response, url: &str) -> Option<String> {
    let location = answer.headers().get(LOCATION)?;
    if !answer.status().is_redirection() {
        return None;
    }
    let location = String::from_utf8_lossy(location.as_bytes());
    let target = match answer.url().join(&location) {
        Ok(mut target) => {
            target.set_query(None);
            target.set_fragment(None);
            target.to_string()
        }
        Err(_) => location.into_owned(),
    };
    Some(format!(
        "{url} redirects to {target} (HTTP {}): a login page? Give the URL of OpenSearch itself in --opensearch-url; logferry follows no redirect",
        answer.status().as_u16()
    ))
}

/// 401 and 403.
pub(crate) fn refused(
    status: StatusCode,
    path: &str,
    url: &str,
    authorization: &Authorization,
    body: &[u8],
) -> String {
    let said = ErrorBody::of(body);
    match (status, authorization) {
        (StatusCode::UNAUTHORIZED, Authorization::None) => format!(
            "{url} wants to know who asks (HTTP 401): give --opensearch-user and --opensearch-password-file, or --opensearch-aws-service"
        ),
        (StatusCode::UNAUTHORIZED, Authorization::Basic(basic)) => format!(
            "{url} does not accept user {} with this password (HTTP 401): check --opensearch-user and --opensearch-password or its file",
            basic.user
        ),
        (_, Authorization::Aws(_)) => format!(
            "{url} refuses {path} (HTTP {}): {}: check the role's permissions, the access policy, --opensearch-aws-service and the region; see docs/access.md",
            status.as_u16(),
            said.reason
        ),
        (_, authorization) => {
            let user = match authorization {
                Authorization::Basic(basic) => Some(basic.user.as_str()),
                // Of a client certificate, for example.
                _ => said.user(),
            };
            let user = user.unwrap_or("without a name");
            match said.privileges() {
                Some(privileges) => format!(
                    "{url} refuses {path} (HTTP 403): user {user} has no permission for {privileges}: compare its role with those in docs/access.md"
                ),
                None => format!(
                    "{url} refuses {path} (HTTP 403) to user {user}: {}: see docs/access.md",
                    said.reason
                ),
            }
        }
    }
}

/// 403 of a block.
pub(crate) fn blocked(path: &str, url: &str, body: &[u8]) -> String {
    let reason = ErrorBody::of(body).reason;
    let reason = reason.trim_end_matches(';');
    format!(
        "{url} does not do {path} now (HTTP 403): {reason}: free disk space if it ran out, or lift the block"
    )
}

/// Of the error of one document in an answer that is none as a whole; none if it is about something else.
pub(crate) fn forbidden(error: &str) -> Option<String> {
    let Inner { r#type, reason } = serde_json::from_str(error).ok()?;
    (r#type == "security_exception").then(|| {
        format!(
            "the index refuses to show documents (HTTP 403): {reason}: compare the role with docs/access.md"
        )
    })
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    reason: String,
}

/// What an answer that is an error says.
pub(crate) struct ErrorBody {
    kind: String,
    pub(crate) reason: String,
}

impl ErrorBody {
    /// Of OpenSearch, of AWS's front (`message`), or the text's beginning.
    pub(crate) fn of(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Answer {
            error: Option<Inner>,
            #[serde(alias = "Message")]
            message: Option<String>,
        }
        let answer = serde_json::from_slice::<Answer>(body).ok();
        let (kind, reason) = match answer {
            Some(Answer {
                error: Some(inner), ..
            }) => (inner.r#type, inner.reason),
            Some(Answer {
                message: Some(message),
                ..
            }) => (String::new(), message),
            _ => {
                let start = &body[..body.len().min(500)];
                (String::new(), String::from_utf8_lossy(start).into_owned())
            }
        };
        Self { kind, reason }
    }

    /// Of `no permissions for [a, b] and User [name=…]`.
    fn privileges(&self) -> Option<&str> {
        let (_, rest) = self.reason.split_once("no permissions for [")?;
        // A privilege may have brackets of its own.
        Some(rest.split_once("] and User")?.0)
    }

    fn user(&self) -> Option<&str> {
        let (_, rest) = self.reason.split_once("User [name=")?;
        Some(rest.split_once(',')?.0)
    }

    /// Of an index or of the whole cluster.
    pub(crate) fn is_block(&self) -> bool {
        self.kind == "cluster_block_exception"
    }

    /// As OpenSearch Serverless says it of time series and vector collections.
    pub(crate) fn refuses_ids(&self) -> bool {
        self.kind == "illegal_argument_exception"
            && self
                .reason
                .starts_with(crate::sink::opensearch::serverless::NO_IDS)
    }
}

/// What the first shard or the whole request failed of, in one line: `type: reason [index]`. The text's beginning where an
/// answer has no such thing.
pub(crate) fn cause(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Answer {
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
        r#type: String,
        #[serde(default)]
        reason: String,
        index: Option<String>,
    }
    let Ok(Answer { error }) = serde_json::from_slice(body) else {
        return ErrorBody::of(body).reason;
    };
    let cause = error.root_cause.into_iter().next().unwrap_or(error.whole);
    let reason: String = cause
        .reason
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(500)
        .collect();
    match cause.index {
        Some(index) if !reason.contains(&index) => format!("{}: {reason} [{index}]", cause.r#type),
        _ => format!("{}: {reason}", cause.r#type),
    }
}

/// An error and its causes; those that an [`io::Error`] wraps, too.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|e| e.downcast_ref())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// An error and its causes in one line, none twice.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named() {
        let said = ErrorBody::of(br#"{"error":{"root_cause":[],"type":"security_exception","reason":"no permissions for [indices:data/write/bulk[s]] and User [name=u, backend_roles=[], requestedTenant=null]"},"status":403}"#);
        assert_eq!(said.privileges(), Some("indices:data/write/bulk[s]"));
        assert_eq!(said.user(), Some("u"));
        let said = refused(
            StatusCode::FORBIDDEN,
            "/_bulk",
            "http://h/",
            &Authorization::None,
            br#"{"message":"not here"}"#,
        );
        assert_eq!(
            said,
            "http://h/ refuses /_bulk (HTTP 403) to user without a name: not here: see docs/access.md"
        );
    }

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
            (b"", ""),
            (b"{\"error\":null}", "{\"error\":null}"),
        ] {
            assert_eq!(ErrorBody::of(body).reason, reason);
        }
    }
}
