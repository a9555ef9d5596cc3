/*! A stub of OpenSearch Dashboards' saved objects, in memory. It answers as the source of Dashboards says
(`src/core/server/saved_objects/import` and `routes`, with their tests): a real Dashboards was not to be had. */

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

pub struct DashboardsStub {
    pub state: Arc<Mutex<Store>>,
    pub url: String,
}

#[derive(Default)]
pub struct Store {
    /// `type:id` and the stored object.
    pub objects: BTreeMap<String, Value>,
    /// Types that an import refuses, as 3.7.0 does with some content.
    pub unsupported: Vec<&'static str>,
    /// The only `Authorization` that is let in.
    pub authorization: Option<&'static str>,
    /// Objects of each import, and its tenant.
    pub imports: Vec<(usize, String)>,
}

impl DashboardsStub {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Store::default()));
        let app = Router::new().fallback(answer).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Dashboards behind a base path, as on Amazon's domains.
        let url = format!("http://{}/_dashboards", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { state, url }
    }

    /// Changes a stored object as people do.
    pub fn change(&self, key: &str, change: impl FnOnce(&mut Value)) {
        change(self.state.lock().unwrap().objects.get_mut(key).unwrap());
    }

    pub fn object(&self, key: &str) -> Value {
        self.state.lock().unwrap().objects[key].clone()
    }

    /// Objects of each import, and its tenant, since the last call.
    pub fn imports(&self) -> Vec<(usize, String)> {
        std::mem::take(&mut self.state.lock().unwrap().imports)
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Store>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    };
    let mut store = state.lock().unwrap();
    let error = |status: u16, name: &str, message: &str| {
        (
            status,
            json!({"statusCode": status, "error": name, "message": message}),
        )
    };
    let path = uri.path().strip_prefix("/_dashboards").unwrap_or_default();
    let (status, answer) = if store
        .authorization
        .is_some_and(|a| a != header("authorization"))
    {
        error(401, "Unauthorized", "Authentication required")
    } else if method == Method::POST && header("osd-xsrf").is_empty() {
        error(
            400,
            "Bad Request",
            "Request must contain a osd-xsrf header.",
        )
    } else {
        match (method.as_str(), path) {
            ("GET", "/api/status") => {
                let version = json!({"number": "3.4.0", "build_hash": "x", "build_number": 1, "build_snapshot": false});
                (
                    200,
                    json!({"name": "stub", "uuid": "u", "version": version, "status": {}}),
                )
            }
            ("POST", "/api/saved_objects/_bulk_get") => {
                let wanted: Vec<Value> = serde_json::from_slice(&body).unwrap();
                let found: Vec<Value> = wanted.iter().map(|key| store.get(key)).collect();
                (200, json!({"saved_objects": found}))
            }
            ("POST", "/api/saved_objects/_import") => {
                let tenant = header("securitytenant").to_owned();
                match lines(header("content-type"), &body) {
                    Err(why) => error(400, "Bad Request", &why),
                    Ok(lines) => {
                        store.imports.push((lines.len(), tenant));
                        let overwrite = uri.query() == Some("overwrite=true");
                        (200, store.import(lines, overwrite))
                    }
                }
            }
            _ => error(404, "Not Found", "Not Found"),
        }
    };
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

/// The objects in the file of a multipart body.
fn lines(content_type: &str, body: &[u8]) -> Result<Vec<Value>, String> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=");
    let boundary = boundary.ok_or("Unsupported Media Type")?;
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    let part = text
        .strip_prefix(&format!("--{boundary}\r\n"))
        .ok_or("no first boundary")?;
    let (part, _) = part
        .split_once(&format!("\r\n--{boundary}--"))
        .ok_or("no last boundary")?;
    let (headers, file) = part.split_once("\r\n\r\n").ok_or("no headers")?;
    if !headers.contains("name=\"file\"") || !headers.contains(".ndjson\"") {
        return Err("Invalid file extension ".to_owned());
    }
    let lines = file.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).map_err(|e| e.to_string()))
        .collect()
}

fn key(object: &Value) -> String {
    format!(
        "{}:{}",
        object["type"].as_str().unwrap(),
        object["id"].as_str().unwrap()
    )
}

impl Store {
    fn get(&self, wanted: &Value) -> Value {
        self.objects.get(&key(wanted)).cloned().unwrap_or_else(|| {
            let message = format!("Saved object [{}] not found", key(wanted).replace(':', "/"));
            let error = json!({"statusCode": 404, "error": "Not Found", "message": message});
            json!({"type": wanted["type"], "id": wanted["id"], "error": error})
        })
    }

    fn import(&mut self, lines: Vec<Value>, overwrite: bool) -> Value {
        let mut errors = Vec::new();
        let mut failed = |object: &Value, error: Value| {
            let title = object["attributes"]["title"].clone();
            errors.push(json!({
                "id": object["id"], "type": object["type"], "title": title, "meta": {"title": title}, "error": error,
            }));
        };
        let mut collected = Vec::new();
        for object in lines {
            match self.unsupported.iter().any(|kind| object["type"] == **kind) {
                true => failed(&object, json!({"type": "unsupported_type"})),
                false => collected.push(object),
            }
        }
        let here: Vec<String> = collected.iter().map(key).collect();
        let mut good = Vec::new();
        for object in collected {
            // Dashboards looks at references to index patterns and searches only.
            let references = object["references"].as_array().unwrap().iter();
            let missing: Vec<Value> = references
                .filter(|r| r["type"] == "index-pattern" || r["type"] == "search")
                .filter(|r| !here.contains(&key(r)) && !self.objects.contains_key(&key(r)))
                .map(|r| json!({"type": r["type"], "id": r["id"]}))
                .collect();
            if !missing.is_empty() {
                failed(
                    &object,
                    json!({"type": "missing_references", "references": missing}),
                );
            } else if !overwrite && self.objects.contains_key(&key(&object)) {
                failed(&object, json!({"type": "conflict"}));
            } else {
                good.push(object);
            }
        }
        let resolvable = |e: &Value| e["error"]["type"] != "unsupported_type";
        let stores = !errors.iter().any(resolvable);
        let successes: Vec<Value> = (good.iter())
            .map(|o| json!({"type": o["type"], "id": o["id"], "meta": {"title": o["attributes"]["title"]}}))
            .collect();
        for object in good.into_iter().filter(|_| stores) {
            self.objects.insert(key(&object), object);
        }
        let mut answer = json!({"success": errors.is_empty(), "successCount": successes.len()});
        for (name, list) in [("successResults", successes), ("errors", errors)] {
            if !list.is_empty() {
                answer[name] = list.into();
            }
        }
        answer
    }
}
