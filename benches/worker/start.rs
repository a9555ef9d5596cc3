/*! Time from a worker's start to its first request for messages, and the size of the binary. */

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::Options;
use crate::process::Running;
use crate::servers::worker;
use crate::stub::Stub;
use crate::table::{Table, median};

const TIMES: usize = 11;

pub async fn run(options: &Options) -> Result<()> {
    let (_stub, index) = Stub::start().await?;
    let (asked, mut receives) = unbounded_channel();
    let queue = empty_queue(asked).await?;
    let mut waits = Vec::new();
    for _ in 0..TIMES {
        let mut command = worker(options, &format!("{queue}/000000000000/q"), &index);
        command.env("AWS_ENDPOINT_URL_SQS", &queue);
        let started = Instant::now();
        let running = Running::start(command, "start")?;
        let first = tokio::time::timeout(Duration::from_secs(30), receives.recv()).await;
        let first: Instant = first
            .context("no ReceiveMessage in 30 s: see target/bench/start.log")?
            .context("the queue is gone")?;
        waits.push((first - started).as_secs_f64() * 1000.0);
        running.terminate()?;
        running.finish().await?;
        // The worker may have asked more than once before its end.
        while receives.try_recv().is_ok() {}
    }
    let size = std::fs::metadata(&options.worker)?.len() as f64 / 1e6;
    let mut table = Table::new("start", &["median", "best", "worst"]);
    let edge = |f: fn(f64, f64) -> f64| waits.iter().copied().reduce(f).unwrap_or(f64::NAN);
    table.row(
        format!("from exec to the first ReceiveMessage, ms ({TIMES} starts)"),
        &[median(waits.clone()), edge(f64::min), edge(f64::max)],
    );
    table.row("binary, MB", &[size; 3]);
    table.print(options.json);
    Ok(())
}

/// A queue without messages that reports the time of each request for messages.
async fn empty_queue(asked: UnboundedSender<Instant>) -> Result<String> {
    let app = Router::new()
        .fallback(post(answer))
        .with_state(Arc::new(asked));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn answer(
    State(asked): State<Arc<UnboundedSender<Instant>>>,
    headers: HeaderMap,
) -> &'static str {
    let now = Instant::now();
    let call = headers.get("x-amz-target").map(|call| call.as_bytes());
    if call == Some(b"AmazonSQS.ReceiveMessage") {
        // The receiver is gone after the last measurement.
        let _ = asked.send(now);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    "{}"
}
