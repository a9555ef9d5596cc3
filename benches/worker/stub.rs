/*! Bulk bodies go in; counts come out: an index that accepts every document. `_bulk` answers like OpenSearch with the
worker's `filter_path`. */

use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use flate2::read::GzDecoder;
use futures_util::StreamExt;
use logferry_core::document::template::{Settings, templates};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::process;

#[derive(Default)]
pub struct Stub {
    bodies: AtomicU64,
    bytes: AtomicU64,
    /// Bytes of the bodies as they came, perhaps compressed.
    wire: AtomicU64,
    documents: AtomicU64,
    last: Mutex<Option<Last>>,
    /// The bodies, if the stub keeps them.
    kept: Option<Mutex<Vec<Bytes>>>,
}

/// Counts of the requests so far.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub bodies: u64,
    pub bytes: u64,
    pub wire: u64,
    pub documents: u64,
    pub last: Option<Last>,
}

/// The last bulk that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Last {
    pub at: Instant,
    /// Busy seconds of the machine at that time, from [`process::machine_busy`].
    pub busy: f64,
}

impl Stub {
    pub async fn start() -> Result<(Arc<Self>, String)> {
        Self::default().serve().await
    }

    /// A stub that keeps its bodies for [`take`](Self::take).
    pub async fn keeping() -> Result<(Arc<Self>, String)> {
        let stub = Self {
            kept: Some(Mutex::default()),
            ..Self::default()
        };
        stub.serve().await
    }

    pub fn counts(&self) -> Counts {
        Counts {
            bodies: self.bodies.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            wire: self.wire.load(Relaxed),
            documents: self.documents.load(Relaxed),
            last: *self.last.lock().expect("not poisoned"),
        }
    }

    pub fn take(&self) -> Vec<Bytes> {
        let kept = self.kept.as_ref();
        kept.map(|kept| std::mem::take(&mut *kept.lock().expect("not poisoned")))
            .unwrap_or_default()
    }

    async fn serve(self) -> Result<(Arc<Self>, String)> {
        let stub = Arc::new(self);
        let about = r#"{"version":{"number":"3.4.0","distribution":"opensearch"}}"#;
        let app = Router::new()
            .route("/", get(move || async move { about }))
            // The templates exist already, under any name.
            .route(
                "/_index_template/{name}",
                get(async || json!({"index_templates": [{"index_template": ours()}]}).to_string()),
            )
            .route(
                "/_nodes/http",
                get(async || r#"{"nodes":{"a":{"name":"a","version":"3.4.0"}}}"#),
            )
            .route("/_bulk", post(bulk))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(stub.clone());
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok((stub, url))
    }
}

/// An index template of `logferry setup`.
fn ours() -> Option<Value> {
    let all = templates("bench", &Settings::default());
    all.into_iter().next_back().map(|template| template.body)
}

async fn bulk(
    State(stub): State<Arc<Stub>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, StatusCode> {
    let (mut lines, mut bytes) = (0, 0);
    let (body, wire) = match headers.get(CONTENT_ENCODING) {
        Some(encoding) => decoded(encoding.as_bytes(), body).await?,
        None => (body, 0),
    };
    let mut whole = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        lines += memchr::memchr_iter(b'\n', &chunk).count();
        bytes += chunk.len() as u64;
        if stub.kept.is_some() {
            whole.extend_from_slice(&chunk);
        }
    }
    let documents = lines / 2;
    if documents == 0 {
        // As OpenSearch answers the question which encodings it reads.
        let error = json!({"type": "action_request_validation_exception", "reason": "Validation Failed: 1: no requests added;"});
        let answer = json!({"error": error, "status": 400}).to_string();
        return Ok((StatusCode::BAD_REQUEST, answer).into_response());
    }
    stub.wire
        .fetch_add(if wire > 0 { wire } else { bytes }, Relaxed);
    stub.bodies.fetch_add(1, Relaxed);
    stub.bytes.fetch_add(bytes, Relaxed);
    stub.documents.fetch_add(documents as u64, Relaxed);
    if let Some(kept) = &stub.kept {
        kept.lock().expect("not poisoned").push(whole.into());
    }
    let busy = process::machine_busy().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    *stub.last.lock().expect("not poisoned") = Some(Last {
        at: Instant::now(),
        busy,
    });
    Ok(answer(documents).into_response())
}

/// The decompressed body, and its length before.
async fn decoded(encoding: &[u8], body: Body) -> Result<(Body, u64), StatusCode> {
    let packed = to_bytes(body, usize::MAX).await;
    let packed = packed.map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut plain = Vec::new();
    let read = match encoding {
        b"gzip" => GzDecoder::new(&*packed).read_to_end(&mut plain).map(drop),
        b"zstd" => zstd::stream::copy_decode(&*packed, &mut plain),
        _ => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    };
    read.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok((Body::from(plain), packed.len() as u64))
}

/// The response `{"items":[…]}` with `documents` created documents.
fn answer(documents: usize) -> Body {
    const ITEM: &str = r#"{"create":{"status":201}},"#;
    const START: &str = r#"{"items":["#;
    /// More documents than a bulk can hold: a document has some hundred bytes.
    const MOST: usize = 200_000;
    static ITEMS: OnceLock<Bytes> = OnceLock::new();
    let items = ITEMS.get_or_init(|| Bytes::from(ITEM.repeat(MOST)));
    let items = items.slice(..(documents.min(MOST) * ITEM.len()).saturating_sub(1));
    let parts = [
        Bytes::from_static(START.as_bytes()),
        items,
        Bytes::from_static(b"]}"),
    ];
    Body::from_stream(futures_util::stream::iter(
        parts.map(Ok::<_, std::convert::Infallible>),
    ))
}
