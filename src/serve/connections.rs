/*! A listener and routes go in; requests are answered until the token is cancelled. Connections are few and short: who
opens many, or sends nothing, takes neither the process's files nor its answers from others. */

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What one server bears.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionLimits {
    /// Open connections; further ones wait in the listener's backlog. Well below the usual 1024 files of a process.
    pub open: usize,
    /// Time for the head of a request, and for the next request on an open connection.
    pub head: Duration,
}

pub(super) const LIMITS: ConnectionLimits = ConnectionLimits {
    open: 128,
    head: Duration::from_secs(20),
};

/// Serves until `stop` is cancelled and all requests that have begun are answered.
pub(super) async fn serve_connections(
    listener: TcpListener,
    app: Router,
    limits: ConnectionLimits,
    stop: &CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head);
    let (open, graceful) = (
        Arc::new(Semaphore::new(limits.open)),
        GracefulShutdown::new(),
    );
    while let Some((stream, peer, place)) = stop.run_until_cancelled(accept(&listener, &open)).await
    {
        let service = app
            .clone()
            .layer(Extension(ConnectInfo::<SocketAddr>(peer)));
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Peers that go away or send no HTTP are none of our faults.
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

type Accepted = (
    tokio::net::TcpStream,
    SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
);

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, open: &Arc<Semaphore>) -> Accepted {
    loop {
        let Ok(place) = Arc::clone(open).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending::<Infallible>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Out of files: others have to close theirs first.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn connections_that_send_nothing_take_no_answer_from_others() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        );
        let limits = ConnectionLimits {
            open: 2,
            head: Duration::from_millis(200),
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let server = tokio::spawn(async move {
            serve_connections(listener, app, limits, &stopped).await;
        });
        let mut silent = Vec::new();
        for head in ["", "GET / HTTP/1.1\r\nHost: x", ""] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(head.as_bytes()).await.unwrap();
            silent.push(connection);
        }
        let mut asked = TcpStream::connect(address).await.unwrap();
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        asked.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = asked.read_to_string(&mut answer);
        let in_time = tokio::time::timeout(Duration::from_secs(10), read).await;
        in_time.expect("an answer").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
        for mut connection in silent {
            let mut rest = Vec::new();
            connection.read_to_end(&mut rest).await.unwrap();
        }
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), server)
            .await
            .expect("an end")
            .unwrap();
    }
}
