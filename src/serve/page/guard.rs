/*! Every request passes here before a view answers it: its host, its user, its length and how many are answered at
once. Every response gets the headers that keep it harmless. */

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::serve::page::access::{Access, Refusal};
use crate::serve::page::failure::plain_page;

/// Longest URL that is read, in bytes.
const LONGEST_URL: usize = 8 * 1024;
/// Requests that are answered at once; others wait.
const AT_ONCE: usize = 8;
/// How long a request waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// What a request must fulfil.
#[derive(Debug)]
pub struct Guard {
    pub access: Access,
    /// Host names by which the page may be asked for; `None` means any.
    hosts: Option<Vec<String>>,
    turns: Semaphore,
}

impl Guard {
    /// On a loopback address only its own names count, and those in `hosts`: behind a foreign name that leads here is a
    /// page of the web that wants to read this one (DNS rebinding).
    pub fn new(access: Access, listen: SocketAddr, hosts: &[String]) -> Self {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let given = hosts.iter().map(|host| host.to_ascii_lowercase());
        let hosts = match (listen.ip().is_loopback(), hosts.is_empty()) {
            (true, _) => Some(
                own.into_iter()
                    .chain([listen.ip().to_string()])
                    .chain(given)
                    .collect(),
            ),
            (false, false) => Some(given.collect()),
            (false, true) => None,
        };
        Self {
            access,
            hosts,
            turns: Semaphore::new(AT_ONCE),
        }
    }

    fn is_own_host(&self, headers: &HeaderMap) -> bool {
        let Some(hosts) = &self.hosts else {
            return true;
        };
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let Some(host) = host.map(str::to_ascii_lowercase) else {
            return false;
        };
        let name = without_port(&host);
        hosts.iter().any(|known| known == name || *known == host)
    }
}

/// `[::1]:80` without its port is `[::1]`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

/// Refuses what must not be answered.
pub async fn guard(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !guard.is_own_host(request.headers()) {
        return plain_page(
            StatusCode::MISDIRECTED_REQUEST,
            "This page is not known by this host name",
            "Ask for it by localhost or by its address, or start serve with --allowed-host NAME.",
        );
    }
    if let Err(refusal) = guard.access.check(peer.ip(), request.headers()) {
        return refused(refusal);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain_page(
            StatusCode::METHOD_NOT_ALLOWED,
            "This page only shows",
            "It takes GET and HEAD requests; nothing can be changed here.",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allowed);
        return response;
    }
    if request.uri().to_string().len() > LONGEST_URL {
        return plain_page(
            StatusCode::URI_TOO_LONG,
            "The URL is too long",
            "Ask for less at once: fewer filters, a shorter text.",
        );
    }
    let turn = tokio::time::timeout(LONGEST_WAIT, guard.turns.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return plain_page(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many requests at once",
            "Others wait for OpenSearch too. Try again in a moment.",
        );
    };
    next.run(request).await
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Unauthenticated => {
            let mut response = plain_page(
                StatusCode::UNAUTHORIZED,
                "User and password are needed",
                "They are in the file that serve was given by --auth-file.",
            );
            let asked = HeaderValue::from_static("Basic realm=\"logferry\", charset=\"UTF-8\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, asked);
            response
        }
        Refusal::NotByProxy => plain_page(
            StatusCode::FORBIDDEN,
            "This page is only shown through its proxy",
            "Go to the address of the proxy that asks who you are. For its operator: --trusted-proxy and --proxy-user-header.",
        ),
        Refusal::Unknown => plain_page(
            StatusCode::FORBIDDEN,
            "You may not see this page",
            "Ask its operator to add you to --allow-user.",
        ),
    }
}

/// Adds the headers that every response has, whoever made it.
pub async fn harmless_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_does_not_lead_to_a_local_page() {
        let local = SocketAddr::from(([127, 0, 0, 1], 9180));
        let open = SocketAddr::from(([0, 0, 0, 0], 9180));
        let logs = ["logs.example".to_owned()];
        for (listen, hosts, host, own) in [
            (local, &[][..], "localhost:9180", true),
            (local, &[], "LOCALHOST", true),
            (local, &[], "127.0.0.1:9180", true),
            (local, &[], "[::1]:9180", true),
            (local, &[], "[::1]", true),
            (local, &[], "evil.example:9180", false),
            (local, &[], "localhost.evil.example", false),
            (local, &[], "", false),
            (local, &logs, "logs.example", true),
            (open, &[], "anything", true),
            (open, &logs, "logs.example:443", true),
            (open, &logs, "10.0.0.1:9180", false),
        ] {
            let guard = Guard::new(Access::Open, listen, hosts);
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(
                guard.is_own_host(&headers),
                own,
                "{listen} {hosts:?} {host}"
            );
        }
        assert!(!Guard::new(Access::Open, local, &[]).is_own_host(&HeaderMap::new()));
    }
}
