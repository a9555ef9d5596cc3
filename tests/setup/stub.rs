/*! A stub of OpenSearch's administration, as far as `setup` and `prune` use it. Its state is in memory. */

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use serde_json::{Value, json};

pub struct Stub {
    pub state: Arc<Mutex<Cluster>>,
    url: String,
}

#[derive(Default)]
pub struct Cluster {
    pub distribution: Option<&'static str>,
    pub version: &'static str,
    pub plugins: Vec<&'static str>,
    /// `action.auto_create_index`, if it was set.
    pub auto_create: Option<&'static str>,
    /// The engine whose indices are columnar.
    pub columnar: bool,
    /// `_component_template/NAME` and so on.
    pub kept: BTreeMap<String, Value>,
    /// The answer to `GET`, by index.
    pub indices: BTreeMap<String, Value>,
    /// Policies with their sequence numbers.
    pub policies: BTreeMap<String, (u64, Value)>,
    /// The policy of an index, and its sequence number at that time.
    pub managed: BTreeMap<String, (String, u64)>,
    /// Every request that changes something: method, path with query, body.
    pub changes: Vec<(String, String, Value)>,
    /// A role without permissions for the cluster's settings.
    pub settings_forbidden: bool,
    /// Answers for paths that begin like this.
    pub refused: Option<(&'static str, u16, Value)>,
}

impl Stub {
    pub async fn start(version: &'static str) -> Self {
        let cluster = Cluster {
            distribution: Some("opensearch"),
            version,
            ..Cluster::default()
        };
        let state = Arc::new(Mutex::new(cluster));
        let app = Router::new().fallback(answer).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { state, url }
    }

    /// Runs the built binary against it.
    pub async fn run(&self, args: &[&str]) -> CommandOutput {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .args(args)
            .env_clear()
            .env("LOGFERRY_OPENSEARCH_URL", &self.url)
            .env("LOGFERRY_QUEUE_URL", "http://127.0.0.1:9/1/q")
            .env("LOGFERRY_LISTEN", "127.0.0.1:0")
            .env("LOGFERRY_INDEX_PREFIX", "lf")
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output());
        CommandOutput::new(output.await.unwrap().unwrap())
    }

    /// The changes since the last call.
    pub fn changes(&self) -> Vec<(String, String, Value)> {
        std::mem::take(&mut self.state.lock().unwrap().changes)
    }

    /// Methods and paths of the changes since the last call.
    pub fn requests(&self) -> Vec<String> {
        let changes = self.changes();
        changes
            .into_iter()
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect()
    }
}

pub struct CommandOutput {
    pub success: bool,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    fn new(output: Output) -> Self {
        Self {
            success: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The last line on standard error, without the program's name.
    pub fn sentence(&self) -> &str {
        let last = self.err.trim_end().lines().last().unwrap_or_default();
        last.strip_prefix("logferry: ").unwrap_or(last)
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Cluster>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, String) {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = uri.path().trim_start_matches('/');
    let mut cluster = state.lock().unwrap();
    let (status, answer) = match &cluster.refused {
        Some((begin, status, answer)) if path.starts_with(begin) && method != Method::GET => {
            (*status, answer.clone())
        }
        _ => {
            // An empty bulk asks which encodings are taken.
            if method != Method::GET && path != "_bulk" {
                let whole = uri.path_and_query().map_or("", |p| p.as_str()).to_owned();
                let change = (method.to_string(), whole, body.clone());
                cluster.changes.push(change);
            }
            cluster.answer(&method, path, uri.query().unwrap_or_default(), body)
        }
    };
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

impl Cluster {
    fn answer(&mut self, method: &Method, path: &str, query: &str, body: Value) -> (u16, Value) {
        let done = (200, json!({"acknowledged": true}));
        let parts: Vec<&str> = path.split('/').collect();
        let get = *method == Method::GET;
        match parts[..] {
            [""] => {
                let mut version = json!({"number": self.version});
                if let Some(distribution) = self.distribution {
                    version["distribution"] = distribution.into();
                }
                (200, json!({ "version": version }))
            }
            ["_cluster", "settings"] if self.settings_forbidden => (
                403,
                json!({"error": {"type": "security_exception", "reason": "no permissions for [cluster:monitor/state] and User [name=u]"}}),
            ),
            // As 3.4.0 answers for this path and query.
            ["_cluster", "settings"] if query.contains("include_defaults=true") => {
                let (scope, value) = match self.auto_create {
                    Some(value) => ("persistent", value),
                    None => ("defaults", "true"),
                };
                let mut settings = json!({scope: {"action": {"auto_create_index": value}}});
                if self.columnar {
                    settings["persistent"]["cluster"]["pluggable"] =
                        json!({"dataformat": "composite", "dataformat.enabled": "true"});
                }
                (200, settings)
            }
            ["_nodes", "http"] => (
                200,
                json!({"nodes": {"a": {"name": "a", "version": self.version}}}),
            ),
            // As 3.4.0 answers an empty bulk, plain or in an encoding that it reads.
            ["_bulk"] => {
                let reason = "Validation Failed: 1: no requests added;";
                let error =
                    json!({"type": "action_request_validation_exception", "reason": reason});
                (400, json!({"error": error, "status": 400}))
            }
            ["_cat", "plugins"] => {
                let rows = self.plugins.iter().map(|name| json!({"component": name}));
                (200, rows.collect())
            }
            ["_cat", "indices", _] => {
                let rows = self.indices.keys().map(|name| json!({"index": name}));
                (200, rows.collect())
            }
            [names] if *method == Method::DELETE => {
                self.indices
                    .retain(|name, _| !names.split(',').any(|gone| gone == name));
                done
            }
            [api @ ("_component_template" | "_index_template"), ..] if get => {
                let one = api.trim_start_matches('_');
                let wanted = parts.get(1);
                let all: Vec<Value> = self
                    .kept
                    .iter()
                    .filter_map(|(key, body)| {
                        let name = key.strip_prefix(api)?.strip_prefix('/')?;
                        wanted
                            .is_none_or(|wanted| *wanted == name)
                            .then(|| json!({"name": name, one: body}))
                    })
                    .collect();
                match wanted {
                    Some(_) if all.is_empty() => (404, json!({"status": 404})),
                    _ => (200, json!({ format!("{one}s"): all })),
                }
            }
            ["_component_template" | "_index_template", _] => {
                self.kept.insert(path.to_owned(), body);
                done
            }
            ["_plugins", "_ism", "policies", name] if get => match self.policies.get(name) {
                Some((seq_no, policy)) => {
                    let policy = &policy["policy"];
                    let answer = json!({"_id": name, "_seq_no": seq_no, "_primary_term": 1, "policy": policy});
                    (200, answer)
                }
                None => (404, json!({"status": 404})),
            },
            ["_plugins", "_ism", "policies", name] => self.put_policy(name, query, body),
            ["_plugins", "_ism", "explain", names] => {
                let about = |name: &str| {
                    let (policy, seq_no) = match self.managed.get(name) {
                        Some((policy, seq_no)) => (json!(policy), json!(seq_no)),
                        None => (Value::Null, Value::Null),
                    };
                    let id = "index.plugins.index_state_management.policy_id";
                    (
                        name.to_owned(),
                        json!({id: policy, "policy_seq_no": seq_no}),
                    )
                };
                let mut all: serde_json::Map<_, _> = names.split(',').map(about).collect();
                all.insert("total_managed_indices".into(), json!(self.managed.len()));
                (200, Value::Object(all))
            }
            ["_plugins", "_ism", verb, names] => self.attach(verb, names, &body),
            ["_aliases"] => done,
            [names, "_mapping"] if !names.is_empty() => done,
            [_] if get => (200, json!(self.indices)),
            _ => (
                400,
                json!({"error": format!("the stub does not know {method} {path}")}),
            ),
        }
    }

    /// As the plugin does: a policy is replaced only with its sequence number, and the plugin adds values of its own.
    fn put_policy(&mut self, name: &str, query: &str, mut body: Value) -> (u16, Value) {
        let seen = self.policies.get(name).map(|(seq_no, _)| *seq_no);
        let expected = seen.map_or(String::new(), |n| {
            format!("if_seq_no={n}&if_primary_term=1")
        });
        if query != expected {
            return (
                409,
                json!({"error": {"type": "version_conflict_engine_exception"}}),
            );
        }
        body["policy"]["policy_id"] = name.into();
        body["policy"]["last_updated_time"] = 1_795_428_672_345_u64.into();
        body["policy"]["error_notification"] = Value::Null;
        body["policy"]["ism_template"][0]["last_updated_time"] = 1_795_428_672_345_u64.into();
        body["policy"]["states"][1]["actions"][0]["retry"] =
            json!({"count": 3, "backoff": "exponential", "delay": "1m"});
        let seq_no = seen.map_or(7, |n| n + 4);
        self.policies.insert(name.to_owned(), (seq_no, body));
        (
            201,
            json!({"_id": name, "_seq_no": seq_no, "_primary_term": 1}),
        )
    }

    fn attach(&mut self, verb: &str, names: &str, body: &Value) -> (u16, Value) {
        let policy = body["policy_id"].as_str().unwrap();
        let seq_no = self.policies[policy].0;
        let mut failed = Vec::new();
        for name in names.split(',') {
            let managed = self.managed.contains_key(name);
            match (verb, managed) {
                ("add", false) | ("change_policy", true) => {
                    let now = (policy.to_owned(), seq_no);
                    self.managed.insert(name.to_owned(), now);
                }
                _ => failed.push(json!({"index_name": name, "reason": "no"})),
            }
        }
        let answer = json!({
            "updated_indices": 1, "failures": !failed.is_empty(), "failed_indices": failed,
        });
        (200, answer)
    }
}
