//! A stub of S3 (ListObjectsV2, GetObject, PutObject with conditions) and of SQS (SendMessageBatch).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An error response: status, code, further headers.
#[derive(Clone)]
pub struct Refusal(
    pub u16,
    pub &'static str,
    pub &'static [(&'static str, &'static str)],
);

#[derive(Default)]
pub struct State {
    /// Bodies by bucket and key.
    pub objects: BTreeMap<(String, String), Vec<u8>>,
    /// How often each key was opened.
    pub opened: HashMap<String, usize>,
    pub pages: usize,
    pub list_refused: Option<Refusal>,
    pub get_refused: Option<Refusal>,
    /// Bodies of each call of SendMessageBatch.
    pub sent: Vec<Vec<String>>,
    /// So many calls of SendMessageBatch fail for their first entry.
    pub send_failures: usize,
}

#[derive(Clone)]
pub struct S3 {
    pub url: String,
    state: Arc<Mutex<State>>,
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

impl S3 {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let s3 = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let answering = s3.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            if parts.headers.contains_key("x-amz-target") {
                return answering.send(&serde_json::from_slice(&body).unwrap());
            }
            let query = parts.uri.query().unwrap_or_default();
            let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
            let query: HashMap<String, String> = query.collect();
            let path = percent_encoding::percent_decode_str(parts.uri.path());
            let path = path.decode_utf8().unwrap();
            let (bucket, key) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
            match parts.method.as_str() {
                "PUT" => answering.put(bucket, key, &parts.headers, body),
                _ if key.is_empty() => answering.list(bucket, &query),
                _ => answering.get(bucket, key),
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        s3
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts objects with one log line each.
    pub fn fill(&self, bucket: &str, keys: impl IntoIterator<Item = String>) {
        let mut state = self.lock();
        for key in keys {
            let text = format!("2026-11-27T10:00:00.000Z {key}\n").into_bytes();
            state.objects.insert((bucket.to_owned(), key), text);
        }
    }

    pub fn body(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let place = (bucket.to_owned(), key.to_owned());
        self.lock().objects.get(&place).cloned()
    }

    fn list(&self, bucket: &str, query: &HashMap<String, String>) -> Answer {
        let mut state = self.lock();
        state.pages += 1;
        if let Some(refusal) = &state.list_refused {
            return refused(refusal);
        }
        let prefix = query.get("prefix").cloned().unwrap_or_default();
        let after = query.get("start-after").cloned().unwrap_or_default();
        let from = (bucket.to_owned(), prefix.clone().max(after.clone()));
        let mut found = state.objects.range(from..).filter(|((b, key), _)| {
            b == bucket && key.starts_with(&prefix) && (after.is_empty() || *key > after)
        });
        let mut contents = String::new();
        for ((_, key), body) in found.by_ref().take(1000) {
            let key = key.replace('&', "&amp;").replace('<', "&lt;");
            write!(
                contents,
                "<Contents><Key>{key}</Key><LastModified>2026-11-27T10:00:00.000Z</LastModified>\
                 <ETag>&quot;0123&quot;</ETag><Size>{}</Size></Contents>",
                body.len()
            )
            .unwrap();
        }
        let more = found.next().is_some();
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>{bucket}</Name>\
             <IsTruncated>{more}</IsTruncated>{contents}</ListBucketResult>"
        );
        answer(
            200,
            &[("content-type", "application/xml")],
            xml.into_bytes(),
        )
    }

    fn get(&self, bucket: &str, key: &str) -> Answer {
        let mut state = self.lock();
        *state.opened.entry(key.to_owned()).or_default() += 1;
        if let Some(refusal) = &state.get_refused {
            return refused(refusal);
        }
        match state.objects.get(&(bucket.to_owned(), key.to_owned())) {
            Some(body) => answer(200, &[("etag", &etag(body))], body.clone()),
            None => refused(&Refusal(404, "NoSuchKey", &[])),
        }
    }

    fn put(&self, bucket: &str, key: &str, headers: &HeaderMap, body: Vec<u8>) -> Answer {
        let place = (bucket.to_owned(), key.to_owned());
        let mut state = self.lock();
        let there = state.objects.get(&place).map(|body| etag(body));
        let is_met = match (headers.get("if-match"), headers.get("if-none-match")) {
            (Some(wanted), _) => there.as_deref() == wanted.to_str().ok(),
            (None, Some(_)) => there.is_none(),
            (None, None) => panic!("a put without a condition"),
        };
        if !is_met {
            return refused(&Refusal(412, "PreconditionFailed", &[]));
        }
        let tag = etag(&body);
        state.objects.insert(place, body);
        answer(200, &[("etag", &tag)], Vec::new())
    }

    fn send(&self, asked: &Value) -> Answer {
        let mut state = self.lock();
        let entries = asked["Entries"].as_array().unwrap();
        let fails = state.send_failures > 0;
        state.send_failures = state.send_failures.saturating_sub(1);
        let (mut successful, mut failed, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for (at, entry) in entries.iter().enumerate() {
            if fails && at == 0 {
                failed.push(
                    json!({"Id": entry["Id"], "Code": "InternalError", "SenderFault": false}),
                );
                continue;
            }
            let body = entry["MessageBody"].as_str().unwrap().to_owned();
            successful.push(json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x"}));
            bodies.push(body);
        }
        state.sent.push(bodies);
        let body = json!({"Successful": successful, "Failed": failed}).to_string();
        answer(
            200,
            &[("content-type", "application/x-amz-json-1.0")],
            body.into_bytes(),
        )
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(body))
}

fn refused(Refusal(status, code, headers): &Refusal) -> Answer {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>refused</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>x</HostId></Error>"
    );
    answer(*status, headers, xml.into_bytes())
}

fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let header = |(name, value): &(&str, &str)| {
        let name: axum::http::HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    };
    let headers = headers.iter().map(header).collect();
    (StatusCode::from_u16(status).unwrap(), headers, body)
}
