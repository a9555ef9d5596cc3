/*! A stub of SQS (its JSON protocol) and of S3 (GetObject). Each can refuse a request with the error that AWS sends. */

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const VISIBILITY: Duration = Duration::from_secs(30);

/// An error response of S3: status, code, message, and further XML elements.
#[derive(Clone, Copy)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
    pub more: &'static str,
}

pub const fn refusal(status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal {
        status,
        code,
        message,
        more: "",
    }
}

struct QueuedMessage {
    body: String,
    visible_at: Instant,
    received: u32,
}

#[derive(Default)]
pub struct State {
    messages: BTreeMap<u64, QueuedMessage>,
    next: u64,
    pub deleted: usize,
    /// Bodies of messages that were deleted, and of those that the redrive policy moved.
    pub deleted_bodies: Vec<String>,
    pub redriven_bodies: Vec<String>,
    pub max_receive_count: Option<u32>,
    pub receives: usize,
    pub extensions: usize,
    /// Text by bucket/key.
    objects: BTreeMap<String, String>,
    /// How many times each key was asked for.
    pub asked: BTreeMap<String, usize>,
    /// Refusals by bucket or by bucket/key.
    pub refused: BTreeMap<String, Refusal>,
    /// Errors by SQS call that fail the whole call …
    pub call_refused: BTreeMap<&'static str, (&'static str, &'static str)>,
    /// … or each entry of the batch.
    pub entries_refused: BTreeMap<&'static str, &'static str>,
    /// How long a body takes, by bucket.
    pub slow: BTreeMap<String, Duration>,
    /// The visibility timeout; the default is 30 seconds.
    pub visibility: Option<Duration>,
}

impl State {
    pub fn left(&self) -> usize {
        self.messages.len()
    }

    /// How many times a bucket was asked for anything.
    pub fn asks_in(&self, bucket: &str) -> usize {
        let of_bucket = |(path, _): &(&String, &usize)| path.split('/').next() == Some(bucket);
        self.asked.iter().filter(of_bucket).map(|(_, n)| n).sum()
    }

    /// Keys of a bucket that were asked for at least `times`.
    pub fn asked_in(&self, bucket: &str, times: usize) -> usize {
        let of_bucket =
            |(path, n): &(&String, &usize)| path.split('/').next() == Some(bucket) && **n >= times;
        self.asked.iter().filter(of_bucket).count()
    }
}

#[derive(Clone)]
pub struct Aws {
    pub url: String,
    state: Arc<Mutex<State>>,
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

impl Aws {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let aws = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let answering = aws.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            match parts.headers.get("x-amz-target") {
                Some(target) => {
                    let target = target.to_str().unwrap().to_owned();
                    let asked = serde_json::from_slice(&body).unwrap();
                    answering
                        .queue(target.rsplit('.').next().unwrap(), &asked)
                        .await
                }
                None => answering.object(parts.uri.path()).await,
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        aws
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How many messages were deleted, and how many are left.
    pub fn deleted_and_left(&self) -> (usize, usize) {
        let state = self.lock();
        (state.deleted, state.messages.len())
    }

    /// Puts an object and sends its notification.
    pub fn send(&self, bucket: &str, key: &str) {
        let mut state = self.lock();
        let text = format!("2026-11-27T10:00:00.000Z {bucket} {key}\n");
        state.objects.insert(format!("{bucket}/{key}"), text);
        drop(state);
        self.notify(bucket, key);
    }

    /// Sends a notification only.
    pub fn notify(&self, bucket: &str, key: &str) {
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        let record = json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 100}},
        });
        let kept = QueuedMessage {
            body: json!({ "Records": [record] }).to_string(),
            visible_at: Instant::now(),
            received: 0,
        };
        state.messages.insert(number, kept);
    }

    async fn object(&self, path: &str) -> Answer {
        let path = path.trim_start_matches('/').to_owned();
        let bucket = path.split('/').next().unwrap().to_owned();
        let (refused, text, slow) = {
            let mut state = self.lock();
            *state.asked.entry(path.clone()).or_default() += 1;
            let refused = state.refused.get(&path).or(state.refused.get(&bucket));
            (
                refused.copied(),
                state.objects.get(&path).cloned(),
                state.slow.get(&bucket).copied(),
            )
        };
        tokio::time::sleep(slow.unwrap_or_default()).await;
        let refused = refused.or(match text {
            Some(_) => None,
            None => Some(refusal(
                404,
                "NoSuchKey",
                "The specified key does not exist.",
            )),
        });
        match (refused, text) {
            (
                Some(Refusal {
                    status,
                    code,
                    message,
                    more,
                }),
                _,
            ) => {
                let xml = match code {
                    "" => "<html><body>Forbidden</body></html>".to_owned(),
                    _ => format!(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}\
                         <RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
                    ),
                };
                answer(status, &[("content-type", "application/xml")], xml)
            }
            (None, text) => {
                let etag = format!("\"{path}\"").replace('/', "-");
                answer(200, &[("etag", &etag)], text.unwrap_or_default())
            }
        }
    }

    async fn queue(&self, call: &str, asked: &Value) -> Answer {
        if let Some((_, (code, message))) = self
            .lock()
            .call_refused
            .iter()
            .find(|(name, _)| **name == call)
        {
            let shape = code.replace("KMS.AccessDeniedException", "KmsAccessDenied");
            let body = json!({"__type": format!("com.amazonaws.sqs#{shape}"), "message": message});
            let error = format!("{code};Sender");
            return answer(400, &[("x-amzn-query-error", &error)], body.to_string());
        }
        let body = match call {
            "GetQueueAttributes" => self.attributes(),
            "ReceiveMessage" => self.receive(asked).await,
            "DeleteMessageBatch" => self.entries(call, asked, |state, number, _| {
                if let Some(message) = state.messages.remove(&number) {
                    state.deleted += 1;
                    state.deleted_bodies.push(message.body);
                }
            }),
            "ChangeMessageVisibilityBatch" => self.entries(call, asked, |state, number, entry| {
                let seconds = entry["VisibilityTimeout"].as_u64().unwrap_or(0);
                state.extensions += 1;
                if let Some(kept) = state.messages.get_mut(&number) {
                    kept.visible_at = Instant::now() + Duration::from_secs(seconds);
                }
            }),
            other => panic!("nobody calls {other}"),
        };
        let kind = [("content-type", "application/x-amz-json-1.0")];
        answer(200, &kind, body.to_string())
    }

    fn attributes(&self) -> Value {
        let state = self.lock();
        let now = Instant::now();
        let visible = state
            .messages
            .values()
            .filter(|m| m.visible_at <= now)
            .count();
        let held = state.messages.len() - visible;
        let visibility = state.visibility.unwrap_or(VISIBILITY).as_secs();
        json!({"Attributes": {
            "VisibilityTimeout": visibility.to_string(),
            "RedrivePolicy": json!({"maxReceiveCount": state.max_receive_count.unwrap_or(20), "deadLetterTargetArn": "arn:aws:sqs:eu-central-1:1:d"}).to_string(),
            "ApproximateNumberOfMessages": visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible": held.to_string(),
            "ApproximateNumberOfMessagesDelayed": "0",
        }})
    }

    async fn receive(&self, asked: &Value) -> Value {
        let most = asked["MaxNumberOfMessages"].as_u64().unwrap_or(1) as usize;
        let until =
            Instant::now() + Duration::from_secs(asked["WaitTimeSeconds"].as_u64().unwrap_or(0));
        self.lock().receives += 1;
        loop {
            let messages = self.visible(most);
            if !messages.is_empty() || Instant::now() >= until {
                return json!({ "Messages": messages });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn visible(&self, at_most: usize) -> Vec<Value> {
        let now = Instant::now();
        let mut state = self.lock();
        let visibility = state.visibility.unwrap_or(VISIBILITY);
        let most = state.max_receive_count.unwrap_or(u32::MAX);
        let used_up = |_: &u64, m: &mut QueuedMessage| m.visible_at <= now && m.received >= most;
        let redriven: Vec<_> = state.messages.extract_if(.., used_up).collect();
        let bodies = redriven.into_iter().map(|(_, m)| m.body);
        state.redriven_bodies.extend(bodies);
        let visible = state
            .messages
            .iter_mut()
            .filter(|(_, m)| m.visible_at <= now);
        let messages = visible.take(at_most).map(|(number, kept)| {
            kept.visible_at = now + visibility;
            kept.received += 1;
            json!({
                "MessageId": format!("m{number}"),
                "ReceiptHandle": format!("{number}/{}", kept.received),
                "Body": kept.body,
                "Attributes": {"ApproximateReceiveCount": kept.received.to_string()},
            })
        });
        messages.collect()
    }

    fn entries(&self, call: &str, asked: &Value, done: fn(&mut State, u64, &Value)) -> Value {
        let mut state = self.lock();
        let refused = state.entries_refused.get(call).copied();
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in asked["Entries"].as_array().unwrap() {
            match refused {
                Some(code) => failed.push(
                    json!({"Id": entry["Id"], "Code": code, "SenderFault": true, "Message": "Access to the resource is denied."}),
                ),
                None => {
                    let handle = entry["ReceiptHandle"].as_str().unwrap();
                    let number = handle.split('/').next().unwrap().parse().unwrap();
                    done(&mut state, number, entry);
                    successful.push(json!({"Id": entry["Id"]}));
                }
            }
        }
        json!({"Successful": successful, "Failed": failed})
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: String) -> Answer {
    let header = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let headers = headers.iter().map(header).collect();
    (StatusCode::from_u16(status).unwrap(), headers, body.into())
}
