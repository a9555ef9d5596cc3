/*! A failed request or an error response goes in; one sentence for a person comes out, which names the flag and the
remedy. */

use std::io::{self, ErrorKind};

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use rustls::{CertificateError, Error as TlsError};

use crate::error_chain::{causes, chain, find, innermost};
use crate::error_class::ErrorClass;
use crate::sink::IndexError;
use crate::sink::opensearch::auth::{Authorization, Scheme};
use crate::sink::opensearch::config::{Server, Tls};
use crate::sink::opensearch::error_body::{ErrorBody, INDEX_NOT_FOUND, SECURITY};

/// A request without a response.
pub(crate) struct Unanswered {
    pub(crate) error: IndexError,
    /// There was no connection: the request has not reached the node and may go to another one.
    pub(crate) unsent: bool,
}

pub(crate) fn unanswered(
    error: &reqwest::Error,
    url: &str,
    tls: &Tls,
    server: &Server,
) -> Unanswered {
    let flag = server.url_flag;
    let unsent = error.is_connect();
    if let Some(certificate) = find::<TlsError>(error) {
        return Unanswered {
            error: tls_failed(certificate, url, tls, flag),
            unsent,
        };
    }
    let io = causes(error)
        .filter_map(|e| e.downcast_ref::<io::Error>())
        .last()
        .map(io::Error::kind);
    let text = chain(error);
    let reason = match io {
        Some(ErrorKind::ConnectionRefused) => {
            format!(
                "nothing listens at {url}: check {flag}, and that {} runs",
                server.name
            )
        }
        // Errors of the resolver and of HTTP have no kind or code: only their text tells them apart.
        _ if text.contains("dns error") => {
            format!(
                "the host of {url} is not known: check the name in {flag} ({})",
                innermost(error)
            )
        }
        _ if error.is_timeout() => format!("{url} does not answer in time"),
        _ if url.starts_with("http://") && text.contains("connection closed") => {
            format!(
                "{url} does not answer: it ends the connection (if it wants TLS, give https:// in {flag})"
            )
        }
        _ => format!("{url} does not answer: {}", innermost(error)),
    };
    Unanswered {
        error: IndexError::Unanswered(reason),
        unsent,
    }
}

fn tls_failed(error: &TlsError, url: &str, tls: &Tls, flag: &str) -> IndexError {
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
            "{url} shows a certificate for another name: give a name that is in it by {flag} ({error})"
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
                "{url} does not speak TLS: check {flag} (http:// instead of https://, or another port)"
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

/// The reason for a redirect; `None` if the response is none. The query of the target is left out: it may contain a
/// secret of a login page.
pub(crate) fn redirected(answer: &reqwest::Response, url: &str, server: &Server) -> Option<String> {
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
        "{url} redirects to {target} (HTTP {}): a login page? Give the URL of {} itself in {}; logferry follows no redirect",
        answer.status().as_u16(),
        server.name,
        server.url_flag
    ))
}

/// The reason for HTTP 401, and for HTTP 403 unless it comes from a block.
pub(crate) fn refused(
    status: StatusCode,
    path: &str,
    url: &str,
    authorization: &Authorization,
    error: &ErrorBody,
) -> String {
    let scheme = match authorization {
        Authorization::Header(auth) => Some(&auth.scheme),
        Authorization::None | Authorization::Aws(_) => None,
    };
    match (status, authorization, scheme) {
        (StatusCode::UNAUTHORIZED, Authorization::None, _) => format!(
            "{url} wants to know who asks (HTTP 401): give --opensearch-user and --opensearch-password-file, or --opensearch-api-key-file, or --opensearch-aws-service"
        ),
        (StatusCode::UNAUTHORIZED, _, Some(Scheme::Basic { user })) => format!(
            "{url} does not accept user {user} with this password (HTTP 401): check --opensearch-user and --opensearch-password or its file"
        ),
        (StatusCode::UNAUTHORIZED, _, Some(Scheme::ApiKey)) => format!(
            "{url} does not accept this API key (HTTP 401): write one that is neither expired nor revoked to the file of --opensearch-api-key-file, and check that the cluster has API keys (OpenSearch 3.7, api_tokens)"
        ),
        (_, Authorization::Aws(_), _) => format!(
            "{url} refuses {path} (HTTP {}): {}: check the role's permissions, the access policy, --opensearch-aws-service and the region; see docs/access.md",
            status.as_u16(),
            error.reason
        ),
        (_, _, scheme) => {
            let user = match scheme {
                Some(Scheme::Basic { user }) => Some(user.as_str()),
                // The name of an API key, or the user of a client certificate.
                _ => error.user(),
            };
            let user = user.unwrap_or("without a name");
            let remedy = match scheme {
                Some(Scheme::ApiKey) => "compare its key with `logferry setup --print-api-key`",
                _ => "compare its role with those in docs/access.md",
            };
            match error.privileges() {
                Some(privileges) => format!(
                    "{url} refuses {path} (HTTP 403): user {user} has no permission for {privileges}: {remedy}"
                ),
                None => format!(
                    "{url} refuses {path} (HTTP 403) to user {user}: {}: see docs/access.md",
                    error.reason
                ),
            }
        }
    }
}

/// The reason for HTTP 403 of a block.
pub(crate) fn blocked(path: &str, url: &str, error: &ErrorBody) -> String {
    let reason = error.reason.trim_end_matches(';');
    format!(
        "{url} does not do {path} now (HTTP 403): {reason}: free disk space if it ran out, or lift the block"
    )
}

/// The error of one document in the response of `_mget`; `None` if the document's index does not exist.
pub(crate) fn document_error(error: ErrorBody) -> Option<IndexError> {
    if error.is(INDEX_NOT_FOUND) {
        return None;
    }
    let reason = &error.reason;
    let (class, status, reason) = match error.error_type.as_deref() {
        Some(SECURITY) => (
            ErrorClass::Fatal,
            Some(403),
            format!(
                "the index refuses to show documents (HTTP 403): {reason}: compare the role with docs/access.md"
            ),
        ),
        Some(error_type) => (
            ErrorClass::Retryable,
            None,
            format!("_mget: {error_type}: {reason}"),
        ),
        None => (ErrorClass::Retryable, None, format!("_mget: {reason}")),
    };
    Some(IndexError::Response {
        class,
        status,
        error_type: error.error_type,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named() {
        let error = ErrorBody::of(br#"{"error":{"root_cause":[],"type":"security_exception","reason":"no permissions for [indices:data/write/bulk[s]] and User [name=u, backend_roles=[], requestedTenant=null]"},"status":403}"#);
        assert_eq!(error.privileges(), Some("indices:data/write/bulk[s]"));
        assert_eq!(error.user(), Some("u"));
        let message = refused(
            StatusCode::FORBIDDEN,
            "/_bulk",
            "http://h/",
            &Authorization::None,
            &ErrorBody::of(br#"{"message":"not here"}"#),
        );
        assert_eq!(
            message,
            "http://h/ refuses /_bulk (HTTP 403) to user without a name: not here: see docs/access.md"
        );
    }
}
