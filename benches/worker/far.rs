/*! Queue and store that are 20 ms away: how many tiny objects one worker does in a second, and how long it holds their
messages. `make bench-worker ARGS=far`.

Queue and store are stubs in the bench's process, because the real ones need more than both cores for so many objects.
Each call is answered 20 ms after it came. */

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Options;
use crate::load::{Objects, TINY};
use crate::process::Running;
use crate::servers::{BUCKET, notification, worker};
use crate::stub::Stub;
use crate::table::Table;

/// Time from a request to its answer, beside the work.
const AWAY: Duration = Duration::from_millis(20);
/// A call for messages looks again after this long.
const LOOK: Duration = Duration::from_millis(5);

pub async fn run(options: &Options) -> Result<()> {
    let made = TINY.scaled(options.scale).objects()?;
    let (stub, index) = Stub::start().await?;
    let (far, url) = Far::start(&made).await?;
    let mut command = worker(options, &format!("{url}/000000000000/far"), &index);
    command
        .env("AWS_ENDPOINT_URL_SQS", &url)
        .env("AWS_ENDPOINT_URL_S3", &url)
        .arg("--until-empty");
    let started = Instant::now();
    let used = Running::start(command, "far")?.finish().await?;
    let objects = made.objects.len() as f64;
    let held = far.held();
    ensure!(
        held.len() == made.objects.len(),
        "{} messages of {objects} were deleted",
        held.len()
    );
    let counts = stub.counts();
    ensure!(
        counts.documents >= made.events,
        "{} documents of {} events",
        counts.documents,
        made.events
    );
    let last = counts.last.context("no bulk came")?.at;
    let seconds = last.duration_since(started).as_secs_f64();
    let held_ms = |part: f64| held[((objects - 1.0) * part) as usize].as_secs_f64() * 1000.0;
    let mut table = Table::new(
        "20 ms away",
        &[
            "objects/s",
            "CPU ms/object",
            "peak MB",
            "receives/1000 objects",
            "held ms, median",
            "held ms, p99",
            "held ms, longest",
        ],
    );
    table.row(
        format!("tiny: {objects} × {:.3} MB", TINY.bytes as f64 / 1e6),
        &[
            objects / seconds,
            used.cpu * 1000.0 / objects,
            used.peak as f64 / 1e6,
            far.receives.load(Relaxed) as f64 * 1000.0 / objects,
            held_ms(0.5),
            held_ms(0.99),
            held_ms(1.0),
        ],
    );
    table.print(options.json);
    Ok(())
}

struct Far {
    objects: HashMap<String, Bytes>,
    messages: Mutex<Messages>,
    receives: AtomicU64,
}

#[derive(Default)]
struct Messages {
    visible: Vec<(usize, String)>,
    received: HashMap<usize, Instant>,
    held: Vec<Duration>,
}

impl Far {
    async fn start(made: &Objects) -> Result<(Arc<Self>, String)> {
        let mut objects = HashMap::new();
        let mut messages = Messages::default();
        for (number, object) in made.objects.iter().enumerate() {
            objects.insert(object.key.clone(), std::fs::read(&object.file)?.into());
            messages.visible.push((number, notification(object)));
        }
        let far = Arc::new(Self {
            objects,
            messages: Mutex::new(messages),
            receives: AtomicU64::new(0),
        });
        let app = Router::new()
            .route("/", post(queue))
            .route(&format!("/{BUCKET}/{{*key}}"), get(store))
            .with_state(far.clone());
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok((far, url))
    }

    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().expect("not poisoned")
    }

    /// From receive to delete, of each message, in order of length.
    fn held(&self) -> Vec<Duration> {
        let mut held = self.lock().held.clone();
        held.sort();
        held
    }

    async fn receive(&self, asked: &Value) -> Value {
        self.receives.fetch_add(1, Relaxed);
        let most = asked["MaxNumberOfMessages"].as_u64().unwrap_or(1) as usize;
        let until =
            Instant::now() + Duration::from_secs(asked["WaitTimeSeconds"].as_u64().unwrap_or(0));
        loop {
            let taken: Vec<Value> = {
                let mut messages = self.lock();
                let from = messages.visible.len().saturating_sub(most);
                let taken = messages.visible.split_off(from);
                let now = Instant::now();
                messages
                    .received
                    .extend(taken.iter().map(|(number, _)| (*number, now)));
                taken.into_iter().map(message).collect()
            };
            if !taken.is_empty() || Instant::now() >= until {
                return json!({ "Messages": taken });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn delete(&self, asked: &Value) -> Value {
        let entries = asked["Entries"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut messages = self.lock();
        for entry in entries {
            let number = entry["ReceiptHandle"]
                .as_str()
                .and_then(|handle| handle.parse().ok());
            if let Some(received) =
                number.and_then(|number: usize| messages.received.remove(&number))
            {
                messages.held.push(received.elapsed());
            }
        }
        every_entry(entries)
    }

    fn attributes(&self) -> Value {
        let messages = self.lock();
        json!({"Attributes": {
            "VisibilityTimeout": "300",
            "ApproximateNumberOfMessages": messages.visible.len().to_string(),
            "ApproximateNumberOfMessagesNotVisible": messages.received.len().to_string(),
            "ApproximateNumberOfMessagesDelayed": "0",
        }})
    }
}

fn message((number, body): (usize, String)) -> Value {
    json!({
        "MessageId": format!("message-{number}"), "ReceiptHandle": number.to_string(), "Body": body,
        "Attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795600000000",
            "ApproximateFirstReceiveTimestamp": "1795600000001",
        },
    })
}

/// The answer to a batch call all of whose entries are done.
fn every_entry(entries: &[Value]) -> Value {
    let successful: Vec<Value> = entries.iter().map(|e| json!({"Id": e["Id"]})).collect();
    json!({"Successful": successful, "Failed": []})
}

async fn queue(State(far): State<Arc<Far>>, headers: HeaderMap, body: Bytes) -> Response {
    tokio::time::sleep(AWAY).await;
    let call = headers
        .get("x-amz-target")
        .and_then(|call| call.to_str().ok());
    let Ok(asked) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let answer = match call.and_then(|call| call.strip_prefix("AmazonSQS.")) {
        Some("ReceiveMessage") => far.receive(&asked).await,
        Some("DeleteMessageBatch") => far.delete(&asked),
        Some("ChangeMessageVisibilityBatch") => every_entry(
            asked["Entries"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default(),
        ),
        Some("GetQueueAttributes") => far.attributes(),
        _ => return StatusCode::NOT_IMPLEMENTED.into_response(),
    };
    (
        [(header::CONTENT_TYPE, "application/x-amz-json-1.0")],
        answer.to_string(),
    )
        .into_response()
}

async fn store(State(far): State<Arc<Far>>, uri: Uri) -> Response {
    tokio::time::sleep(AWAY).await;
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy();
    let key = path.strip_prefix(&format!("/{BUCKET}/"));
    let Some(body) = key.and_then(|key| far.objects.get(key)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ETAG, "\"9b2cf535f27731c974343645a3985328\""),
        (header::LAST_MODIFIED, "Sat, 21 Nov 2026 09:00:00 GMT"),
    ];
    (headers, body.clone()).into_response()
}
