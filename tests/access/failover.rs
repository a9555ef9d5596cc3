/*! Several nodes. */

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use logferry::error_class::ErrorClass;
use logferry::sink::opensearch::OpenSearch;
use logferry::sink::opensearch::OpenSearchConfig;
use logferry::sink::{Index, IndexError};
use logferry_core::bulk::Verdict;
use tokio::net::TcpListener;

use crate::start::{self, ingest};
use crate::stub::{Received, Stub, bulk, healthy};

async fn over(urls: &[&str], timeout: Duration) -> OpenSearch {
    let mut config = OpenSearchConfig::of_url(urls[0].parse().unwrap());
    config.urls = urls.iter().map(|url| url.parse().unwrap()).collect();
    OpenSearch::new(config, timeout).await.unwrap()
}

fn ids(requests: &[Received]) -> BTreeSet<String> {
    let actions = requests
        .iter()
        .filter(|r| r.path() == "/_bulk")
        .flat_map(Received::actions);
    actions
        .map(|a| a["create"]["_id"].as_str().unwrap().to_owned())
        .collect()
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_node_fails_without_loss_and_is_used_again_after_its_return() {
    let one = Stub::start(healthy).await;
    let two = Stub::start(healthy).await;
    let index = over(&[&one.url, &two.url], LONG).await;
    for i in 0..6 {
        let statuses = index.bulk(&bulk(&[&format!("a{i}")])).await.unwrap();
        assert_eq!(statuses, [Verdict::Indexed]);
    }
    assert_eq!(
        (one.bulks().len(), two.bulks().len()),
        (3, 3),
        "each in turn"
    );

    let address = two
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let died = two.die().await;
    for i in 0..6 {
        // The caller sees no failure: there was no connection, so that another node is asked at once.
        let statuses = index.bulk(&bulk(&[&format!("b{i}")])).await.unwrap();
        assert_eq!(statuses, [Verdict::Indexed]);
    }
    let mut all = ids(&died);
    all.extend(ids(&one.requests()));
    assert_eq!(all.len(), 12);

    let two = Stub::on(TcpListener::bind(address).await.unwrap(), healthy).await;
    // The longest time that a node is left aside.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    for i in 0..2 {
        index.bulk(&bulk(&[&format!("c{i}")])).await.unwrap();
    }
    assert_eq!(two.bulks().len(), 1);
    assert_eq!(
        two.requests()[0].method,
        "HEAD",
        "a sign of life comes before work"
    );
}

#[tokio::test]
async fn connections_are_kept() {
    let node = Stub::start(healthy).await;
    let index = over(&[&node.url], LONG).await;
    for i in 0..20 {
        index.bulk(&bulk(&[&i.to_string()])).await.unwrap();
    }
    assert_eq!((node.bulks().len(), node.connections()), (20, 1));
}

/// The kernel accepts the connection and no answer comes, as behind a firewall that drops packets.
#[tokio::test]
async fn a_node_that_never_answers_delays_no_bulk() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}/", silent.local_addr().unwrap());
    let node = Stub::start(healthy).await;
    let index = over(&[&silent_url, &node.url], Duration::from_secs(3)).await;
    for i in 0..4 {
        let statuses = index.bulk(&bulk(&[&i.to_string()])).await.unwrap();
        assert_eq!(statuses, [Verdict::Indexed]);
    }
    assert_eq!(ids(&node.requests()).len(), 4);
}

#[tokio::test]
async fn a_request_whose_answer_breaks_off_is_not_silently_sent_again() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let index = over(&[&url], LONG).await;
    let accepting = tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        let (mut stream, _) = silent.accept().await.unwrap();
        let mut some = [0; 64];
        assert!(stream.read(&mut some).await.unwrap() > 0);
        drop(stream);
        silent
    });
    let error = index.bulk(&bulk(&["a"])).await.unwrap_err();
    assert!(matches!(error, IndexError::Unanswered(_)), "{error}");
    let silent = accepting.await.unwrap();
    assert!(
        silent.accept().now_or_never().is_none(),
        "it was sent twice"
    );
}

#[tokio::test]
async fn if_no_node_answers_there_is_one_error() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let index = over(&[&url, &url], LONG).await;
    for _ in 0..3 {
        let error = index.bulk(&bulk(&["a"])).await.unwrap_err();
        assert!(
            error.to_string().starts_with("nothing listens at "),
            "{error}"
        );
    }
}

/// A TLS fault of one node is fatal only if no other node may return soon.
#[tokio::test]
async fn an_error_that_may_pass_takes_precedence_over_a_fatal_one() {
    let wrong = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wrong_url = format!("https://{}/", wrong.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            let (mut stream, _) = wrong.accept().await.unwrap();
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await;
            // A fatal alert, access_denied.
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 49]).await;
        }
    });
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone_url = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let alone = over(&[&wrong_url], LONG).await;
    let error = alone.bulk(&bulk(&["a"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Fatal, "{error}");
    for urls in [[&wrong_url, &gone_url], [&gone_url, &wrong_url]] {
        let index = over(&urls.map(String::as_str), LONG).await;
        for _ in 0..3 {
            let error = index.bulk(&bulk(&["a"])).await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Retryable, "{error}");
        }
    }
}

/// The whole pipeline over two nodes. One of them breaks off during its third bulk and never answers again.
#[tokio::test]
async fn a_node_breaks_off_within_a_run_and_nothing_is_lost() {
    let one = Stub::start(healthy).await;
    let bulks = Arc::new(AtomicUsize::new(0));
    let counted = bulks.clone();
    let two = Stub::start(move |request| {
        let is_bulk = request.path() == "/_bulk";
        if counted.fetch_add(usize::from(is_bulk), Ordering::SeqCst) >= 2 {
            // Cuts the connection.
            std::panic::resume_unwind(Box::new("the node has died"));
        }
        healthy(request)
    })
    .await;
    let text: String = (0..5000)
        .map(|i| format!("2026-11-23T10:00:00.000Z line {i} {}\n", "x".repeat(200)))
        .collect();
    let urls = format!("{},{}", one.url, two.url);
    let arguments = ["--opensearch-url", &urls, "--bulk-size", "64KiB"];
    let ran = ingest(&text, &arguments, &[]).await;
    let log = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{log}");
    assert!(bulks.load(Ordering::SeqCst) >= 3, "it died");
    let mut arrived = ids(&one.requests());
    arrived.extend(ids(&two.requests()));
    assert_eq!(arrived.len(), 5000);
}

/// OpenSearch before 2.19.6 and 3.7 never answers a bulk whose index is deleted meanwhile (its issue 21305): the
/// connection stays open. The same bulk succeeds on the next attempt.
#[tokio::test]
async fn a_bulk_that_is_never_answered_is_given_up_and_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let bulks = Arc::new(AtomicUsize::new(0));
    let counted = bulks.clone();
    let app = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let (parts, body) = request.into_parts();
        let received = Received {
            method: parts.method.to_string(),
            target: parts.uri.path_and_query().unwrap().to_string(),
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        };
        if received.path() == "/_bulk" && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        healthy(&received).1.to_string()
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let started = std::time::Instant::now();
    let arguments = ["--opensearch-url", &url, "--bulk-timeout", "1s"];
    let (success, log) = start::run(&arguments, &[]).await;
    assert!(success, "{log}");
    assert!(log.contains("does not answer in time"), "{log}");
    assert!(log.contains("will be sent again"), "{log}");
    assert!(started.elapsed() >= Duration::from_secs(1));
    // The bulk was sent a second time; no other request hung.
    assert_eq!(bulks.load(Ordering::SeqCst), 2, "{log}");
}
