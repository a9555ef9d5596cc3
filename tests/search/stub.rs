/*! A stub of OpenSearch that can fail, and the built `search` run against it. */

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::{Value, json};

/// The answer to one request: status and body. None: the connection is closed.
pub type Answer = Option<(u16, Value)>;

/// Unless a test sets other answers, requests other than searches are answered as by 3.4.0.
pub struct Stub {
    /// The answers to `_search` in order; the last one repeats.
    pub searches: Vec<Answer>,
    /// To `_validate/query`, where it is asked so that a pattern without an index is no error.
    pub validate: (u16, Value),
    /// The answer to `_settings` of closed indices.
    pub closed: (u16, Value),
    /// The answer to a search that includes closed indices; `None` if there are no closed indices: it is a search.
    pub open_and_closed: Option<(u16, Value)>,
    /// The answer to the creation of a point in time.
    pub point_in_time: (u16, Value),
}

impl Stub {
    pub fn new(searches: Vec<Answer>) -> Self {
        Self {
            searches,
            validate: (200, valid("#ConstantScore(message:a)")),
            closed: (200, json!({})),
            open_and_closed: None,
            point_in_time: (500, json!({"error": "nobody should ask for it"})),
        }
    }

    /// Starts the stub; returns its URL and a receiver of each request's first line.
    pub fn start(mut self) -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = std::sync::mpsc::channel();
        self.searches.reverse();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let first = read_request(&connection);
                let answer = self.answer(&first);
                // Not every test listens.
                let _ = sender.send(first);
                if let Some((status, body)) = answer {
                    let body = body.to_string();
                    let head = "content-type: application/json\r\nconnection: close";
                    // The client may have closed the connection.
                    let _ = write!(
                        connection,
                        "HTTP/1.1 {status} X\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                }
            }
        });
        (url, asked)
    }

    fn answer(&mut self, request: &str) -> Answer {
        let path = request.split(' ').nth(1).unwrap();
        if path.contains("/_validate/query") {
            return Some(if path.contains("allow_no_indices=true") {
                self.validate.clone()
            } else {
                // 2.19.4, 3.4.0 and 3.8.0, wherever no index matches what is excluded.
                (404, no_such_index("logferry-logs-*-*"))
            });
        }
        if path.contains("/_settings") {
            return Some(self.closed.clone());
        }
        if path.contains("/_search/point_in_time") {
            return Some(self.point_in_time.clone());
        }
        if path.contains("expand_wildcards=open,closed") && self.open_and_closed.is_some() {
            return self.open_and_closed.clone();
        }
        match self.searches.len() {
            1 => self.searches[0].clone(),
            _ => self.searches.pop().unwrap(),
        }
    }
}

/// Starts a stub with these answers to searches; returns its URL.
pub fn server(searches: Vec<Answer>) -> String {
    Stub::new(searches).start().0
}

/// The answer of `_validate/query?explain=true` for a query that can be parsed.
pub fn valid(explanation: &str) -> Value {
    json!({
        "_shards": {"total": 1, "successful": 1, "failed": 0}, "valid": true,
        "explanations": [{"index": "logferry-logs-2026.11.27", "valid": true, "explanation": explanation}],
    })
}

pub fn no_such_index(name: &str) -> Value {
    let cause = json!({
        "type": "index_not_found_exception", "reason": format!("no such index [{name}]"), "index": name,
        "resource.id": name, "resource.type": "index_or_alias", "index_uuid": "_na_",
    });
    error(404, &cause)
}

pub fn error(status: u16, cause: &Value) -> Value {
    let mut error = cause.clone();
    error["root_cause"] = json!([cause]);
    json!({"error": error, "status": status})
}

/// The answer of 3.4.0 to a search of closed indices.
pub fn refused_for_closed(name: &str) -> (u16, Value) {
    let cause = json!({
        "type": "index_closed_exception", "reason": "closed", "index": name,
        "index_uuid": "MuMFI4rXSm2RqDicElg4DQ",
    });
    (400, error(400, &cause))
}

/// The answer of the security plugin to a missing privilege.
pub fn forbidden(privilege: &str) -> (u16, Value) {
    let reason = format!(
        "no permissions for [{privilege}] and User [name=reader, backend_roles=[], requestedTenant=null]"
    );
    let cause = json!({"type": "security_exception", "reason": reason});
    (403, error(403, &cause))
}

/// Reads one request; returns its first line.
pub fn read_request(connection: &TcpStream) -> String {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    first
}

pub fn hits(ids: &[&str], failed: u32) -> Answer {
    let hits: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({"_index": "logferry-logs-2026.11.23", "_id": id, "_source": {"message": id}, "sort": [4_000_000_000_000_i64, "k", 1]})
        })
        .collect();
    let failures = [json!({"reason": {"reason": "the disk is gone. And more of that"}})];
    let answer = json!({
        "timed_out": false,
        "_shards": {"total": 3, "failed": failed, "failures": failures[..failed as usize]},
        "hits": {"total": {"value": ids.len(), "relation": "eq"}, "hits": hits},
    });
    Some((200, answer))
}

/// Runs a search: its standard output, standard error, and exit code.
pub fn answered(url: &str, args: &[&str]) -> (String, String, i32) {
    let output = search(url, args).output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
        output.status.code().unwrap(),
    )
}

pub fn search(url: &str, args: &[&str]) -> Command {
    let mut command = plain(url, args);
    command.arg("--json");
    command
}

/// The same with output for people.
pub fn plain(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
    command
        .args(["search", "--opensearch-url", url])
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
