//! The server without OpenSearch: what is refused, what every response has, what a dead or silent cluster looks like.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderName;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::serve::page::{
    Access, Credential, CurlAccess, CurlCredentials, Guard, PageServer, PipelineSources,
    ProxyHeader, Shared,
};
use crate::sink::opensearch::{Auth, OpenSearch, OpenSearchConfig, Tls};

const VIEWS: [&str; 6] = [
    "/",
    "/search?q=x",
    "/errors",
    "/invocation?request=8f14e45f",
    "/line?index=l-logs-2026.11.23&id=a",
    "/line.json?index=l-logs-2026.11.23&id=a",
];
const HEADERS: [&str; 7] = [
    "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action \
     'self'; base-uri 'none'; frame-ancestors 'none'\r\n",
    "x-content-type-options: nosniff\r\n",
    "x-frame-options: DENY\r\n",
    "referrer-policy: no-referrer\r\n",
    "cache-control: no-store\r\n",
    "cross-origin-opener-policy: same-origin\r\n",
    "cross-origin-resource-policy: same-origin\r\n",
];

/// A page over an OpenSearch at this address.
async fn page(opensearch: &str, access: Access) -> SocketAddr {
    page_within(opensearch, access, Duration::from_millis(300)).await
}

/// The same with another time limit.
async fn page_within(opensearch: &str, access: Access, timeout: Duration) -> SocketAddr {
    let url: url::Url = opensearch.parse().unwrap();
    let config = OpenSearchConfig {
        urls: vec![url.clone()],
        auth: Auth::None,
        tls: Tls {
            ca: None,
            client: None,
            accept_invalid: false,
        },
    };
    let shared = Shared {
        opensearch: Arc::new(
            OpenSearch::new(config, Duration::from_secs(60))
                .await
                .unwrap()
                .with_longest_answer(8 * 1024 * 1024),
        ),
        index_prefix: "l".to_owned(),
        curl: CurlAccess {
            url,
            credentials: CurlCredentials::None,
            own_authority: false,
        },
        dashboards: None,
        timeout,
        pipeline: PipelineSources::default(),
        stop: CancellationToken::new(),
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let guard = Guard::new(access, listen, &[]);
    let server = PageServer::bind(listen, guard, shared).await.unwrap();
    let address = server.address().unwrap();
    tokio::spawn(server.serve(CancellationToken::new()));
    address
}

/// The whole response to a request with these further lines of its head.
async fn ask(address: SocketAddr, request: &str, head: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let host = if head.contains("Host:") {
        ""
    } else {
        "Host: localhost\r\n"
    };
    let request = format!("{request} HTTP/1.1\r\n{host}{head}Connection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    connection.read_to_end(&mut response).await.unwrap();
    String::from_utf8(response).unwrap()
}

#[track_caller]
fn check(response: &str, status: u16, has: &str) {
    assert!(
        response.starts_with(&format!("HTTP/1.1 {status}")),
        "{status}: {response}"
    );
    assert!(response.contains(has), "{has}: {response}");
    for header in HEADERS {
        assert!(response.contains(header), "{header}: {response}");
    }
    assert!(!response.contains("set-cookie"), "{response}");
}

#[tokio::test]
async fn every_response_has_its_headers_and_every_refusal_its_reason() {
    let address = page("http://127.0.0.1:9/", Access::Open).await;
    for view in VIEWS {
        check(
            &ask(address, &format!("GET {view}"), "").await,
            503,
            "OpenSearch does not answer",
        );
    }
    // Its other parts are shown nevertheless.
    check(
        &ask(address, "GET /pipeline", "").await,
        200,
        "nothing listens at http://127.0.0.1:9/",
    );
    for file in ["page.css", "page.js", "icon.svg"] {
        check(
            &ask(address, &format!("GET /static/{file}"), "").await,
            200,
            "charset=utf-8",
        );
    }
    check(
        &ask(address, "GET /livez", "Host: anything\r\n").await,
        200,
        "alive",
    );
    check(&ask(address, "HEAD /", "").await, 503, "text/html");
    check(
        &ask(address, "POST /search", "").await,
        405,
        "allow: GET, HEAD",
    );
    check(
        &ask(address, "GET /nowhere", "").await,
        404,
        "There is no such page",
    );
    check(
        &ask(address, "GET /search?page=x&since=never", "").await,
        400,
        "page: is no number from 1",
    );
    check(
        &ask(address, "GET /search?q=---", "").await,
        400,
        "no letter or digit",
    );
    check(
        &ask(address, "GET /search?since=never", "").await,
        400,
        "“never” is no time",
    );
    check(
        &ask(address, "GET /search?page=51", "").await,
        400,
        "at most 50",
    );
    check(
        &ask(address, "GET /invocation", "").await,
        400,
        "give one of request, trace and execution",
    );
    check(
        &ask(address, "GET /line?index=other&id=a", "").await,
        400,
        "give those of a log line",
    );
    check(
        &ask(address, &format!("GET /search?q={}", "x".repeat(9000)), "").await,
        414,
        "The URL is too long",
    );
    check(
        &ask(address, "GET /", "Host: evil.example\r\n").await,
        421,
        "not known by this host name",
    );
    let hostile = ask(
        address,
        "GET /search?since=%3Cscript%3E&q=%22%3E%3Cscript%3E",
        "",
    )
    .await;
    check(&hostile, 400, "&#60;script&#62;");
    assert!(!hostile.contains("<script>"), "{hostile}");
    let redirect = ask(
        address,
        "GET /search?q=8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64&since=1h",
        "",
    )
    .await;
    check(
        &redirect,
        303,
        "location: /invocation?request=8f14e45f-ceea-4c7a-a1d3-5f0c2b9d7e64&since=1h\r\n",
    );
}

/// A cluster that accepts connections and says nothing.
#[tokio::test]
async fn a_silent_cluster_costs_bounded_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let address = page(&url, Access::Open).await;
    for view in VIEWS {
        let start = Instant::now();
        check(
            &ask(address, &format!("GET {view}"), "").await,
            504,
            "OpenSearch is too slow",
        );
        assert!(start.elapsed() < Duration::from_secs(5), "{view}");
    }
}

/// Lines of a cluster: each of 3 MB, the third one of 9 MB.
async fn huge_lines(body: String) -> String {
    let asked: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let shards = json!({"total": 1, "successful": 1, "failed": 0});
    let answer = if asked["aggs"].is_object() {
        let none = json!({"buckets": []});
        json!({"timed_out": false, "_shards": shards, "hits": {"hits": []}, "aggregations": {
            "over_time": {"buckets": [{"key": 0, "doc_count": 5, "levels": {"buckets": []}}]},
            "functions": none, "levels": none, "error_types": none,
        }})
    } else {
        let from = asked["from"].as_u64().unwrap_or(0);
        let end = (from + asked["size"].as_u64().unwrap_or(0)).min(5);
        let hits = (from..end).map(|i| {
            let text = format!(
                "line {i} {}",
                "x".repeat(if i == 3 { 9_000_000 } else { 3_000_000 })
            );
            let source = json!({"@timestamp": "2026-11-23T10:00:00Z", "message": text});
            let mut hit =
                json!({"_index": "l-logs-2026.11.23", "_id": format!("id{i}"), "sort": [1]});
            if asked["_source"] != json!(false) {
                hit["_source"] = source;
            }
            hit
        });
        json!({"timed_out": false, "_shards": shards, "hits": {"hits": hits.collect::<Vec<_>>()}})
    };
    answer.to_string()
}

/// Lines that exceed the longest answer together are asked for in parts; one that exceeds it alone is named.
#[tokio::test]
async fn huge_lines_are_read_in_parts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = axum::Router::new()
        .fallback(huge_lines)
        .layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let address = page_within(&url, Access::Open, Duration::from_secs(60)).await;
    let html = ask(address, "GET /search?since=2026-11-23&until=2026-11-23", "").await;
    check(&html, 200, "5 lines, the newest first");
    for i in [0, 1, 2, 4] {
        assert!(html.contains(&format!("line {i} xxx")), "{i}");
    }
    assert_eq!(html.matches("(too large to show here)").count(), 1);
    assert!(
        html.len() < 100_000 && html.contains("</html>"),
        "{}",
        html.len()
    );
}

#[tokio::test]
async fn only_those_who_may_see_the_page() {
    let access = Access::Passwords(vec![Credential::new("ann", "long enough")]);
    let address = page("http://127.0.0.1:9/", access).await;
    for file in ["/", "/static/page.css", "/nowhere"] {
        let refused = ask(address, &format!("GET {file}"), "").await;
        check(&refused, 401, "www-authenticate: Basic realm=\"logferry\"");
    }
    check(
        &ask(
            address,
            "GET /",
            "Authorization: Basic YW5uOmxvbmcgZW5vdWdo\r\n",
        )
        .await,
        503,
        "",
    );
    check(
        &ask(address, "GET /", "Authorization: Basic YW5uOngK\r\n").await,
        401,
        "",
    );
    let proxy = ProxyHeader {
        name: HeaderName::from_static("x-user"),
        users: vec!["ann".to_owned()],
        peers: vec!["127.0.0.1/32".parse().unwrap()],
    };
    let address = page("http://127.0.0.1:9/", Access::Proxy(proxy)).await;
    check(&ask(address, "GET /", "X-User: ann\r\n").await, 503, "");
    check(
        &ask(address, "GET /", "X-User: eve\r\n").await,
        403,
        "You may not see this page",
    );
    check(
        &ask(address, "GET /", "").await,
        403,
        "only shown through its proxy",
    );
}
