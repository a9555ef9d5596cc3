/*! A stub of an OpenSearch node: it answers by a function, records the requests, and counts connections. */

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::serve::ListenerExt;
use flate2::read::GzDecoder;
use logferry_core::bulk::{Bulk, Parcel};
use logferry_core::document::template::{Settings, templates};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Clone)]
pub struct Received {
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The request with its body as it was before it was compressed.
    pub fn decoded(&self) -> Self {
        let mut plain = Vec::new();
        match self.header("content-encoding") {
            "gzip" => {
                GzDecoder::new(&*self.body).read_to_end(&mut plain).unwrap();
            }
            "zstd" => zstd::stream::copy_decode(&*self.body, &mut plain).unwrap(),
            _ => return self.clone(),
        }
        Self {
            body: plain.into(),
            ..self.clone()
        }
    }

    /// Actions of a bulk.
    pub fn actions(&self) -> Vec<Value> {
        let lines = self.body.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        lines
            .step_by(2)
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

pub struct Stub {
    pub url: String,
    requests: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Stub {
    pub async fn start(
        answer: impl Fn(&Received) -> (u16, Value) + Send + Sync + Clone + 'static,
    ) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer).await
    }

    pub async fn on(
        listener: TcpListener,
        answer: impl Fn(&Received) -> (u16, Value) + Send + Sync + Clone + 'static,
    ) -> Self {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let counted = connections.clone();
        let listener = listener.tap_io(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let seen = requests.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let received = Received {
                method: parts.method.to_string(),
                target: parts.uri.path_and_query().unwrap().to_string(),
                headers: parts.headers,
                body: to_bytes(body, usize::MAX).await.unwrap(),
            };
            let (status, body) = answer(&received);
            seen.lock().unwrap().push(received);
            (StatusCode::from_u16(status).unwrap(), body.to_string())
        });
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(async {
                    let _ = stopped.await;
                })
                .await
                .unwrap();
        });
        Self {
            url,
            requests,
            connections,
            stop: Some(stop),
            serving,
        }
    }

    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    /// Bulks among them.
    pub fn bulks(&self) -> Vec<Received> {
        let mut requests = self.requests();
        requests.retain(|r| r.path() == "/_bulk");
        requests
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Closes its connections and listens no more.
    pub async fn die(mut self) -> Vec<Received> {
        self.stop.take().unwrap().send(()).unwrap();
        (&mut self.serving).await.unwrap();
        self.requests()
    }
}

/// The answer of a healthy node that already has the documents whose ids begin with `there`.
pub fn healthy(request: &Received) -> (u16, Value) {
    if request.method == "GET" && request.path().contains("/_index_template/") {
        return (
            200,
            json!({"index_templates": [{"index_template": ours()}]}),
        );
    }
    match request.path().rsplit('/').next().unwrap() {
        "_bulk" => {
            let created = |_| json!({"create": {"status": 201}});
            let items: Vec<_> = request.actions().into_iter().map(created).collect();
            (200, json!({ "items": items }))
        }
        "_mget" => {
            let asked: Value = serde_json::from_slice(&request.body).unwrap();
            let found = |asked: &Value| {
                let id = asked["_id"].as_str().unwrap();
                match id.starts_with("there") {
                    true => {
                        json!({"found": true, "_seq_no": 1, "_primary_term": 1, "_source": {"is": id}})
                    }
                    false => json!({"found": false}),
                }
            };
            let docs: Vec<_> = asked["docs"]
                .as_array()
                .unwrap()
                .iter()
                .map(found)
                .collect();
            (200, json!({ "docs": docs }))
        }
        "" => (
            200,
            json!({"version": {"distribution": "opensearch", "number": "3.4.0"}}),
        ),
        _ => (200, json!({})),
    }
}

/// An index template as `logferry setup` has made it.
fn ours() -> Value {
    let all = templates("any", &Settings::default());
    all.into_iter().next_back().unwrap().body
}

/// A bulk of documents with these ids.
pub fn bulk(ids: &[&str]) -> Bulk {
    Bulk::pack([parcel(ids)])
}

/// Documents with these ids.
pub fn parcel(ids: &[&str]) -> Parcel {
    let sources: Vec<_> = ids
        .iter()
        .map(|id| format!("{{\"message\":\"{id}\"}}"))
        .collect();
    let documents = ids.iter().zip(&sources);
    let documents: Vec<_> = documents
        .map(|(id, source)| ("i", *id, &**source))
        .collect();
    parcel_of(&documents)
}

/// A bulk of documents, each by index, id and source.
pub fn bulk_of(documents: &[(&str, &str, &str)]) -> Bulk {
    Bulk::pack([parcel_of(documents)])
}

fn parcel_of(documents: &[(&str, &str, &str)]) -> Parcel {
    let mut parcel = Parcel::default();
    for (index, id, source) in documents {
        let action = format!("{{\"create\":{{\"_index\":\"{index}\",\"_id\":\"{id}\"}}}}");
        parcel.push(&action, source, 0);
    }
    parcel
}

/// A node that takes this header `authorization` only. As the security plugin answers: an API key that is unknown,
/// expired or revoked is refused like a wrong password.
pub async fn guarded(accepted: Arc<Mutex<&'static str>>) -> Stub {
    Stub::start(move |request| {
        if request.header("authorization") == *accepted.lock().unwrap() {
            healthy(request)
        } else {
            (401, json!("Unauthorized"))
        }
    })
    .await
}
