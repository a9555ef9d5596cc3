/*! `search` and an OpenSearch that is not always there, played by a few lines. */

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What is answered to one request; none: the connection ends.
type Answer = Option<Value>;

/// Answers one request after the other, the last answer for ever; the URL to ask.
fn server(mut answers: Vec<Answer>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    answers.reverse();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            read_request(&connection);
            let answer = match answers.len() {
                1 => answers[0].clone(),
                _ => answers.pop().unwrap(),
            };
            if let Some(answer) = answer {
                let body = answer.to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                // Whoever asks may be gone by now.
                let _ = write!(
                    connection,
                    "{head}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        }
    });
    url
}

/// Its first line.
fn read_request(connection: &TcpStream) -> String {
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

fn hits(ids: &[&str], failed: u32) -> Answer {
    let hits: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({"_index": "logferry-logs-2026.11.23", "_id": id, "_source": {"message": id}, "sort": [4_000_000_000_000_i64, "k", 1]})
        })
        .collect();
    let failures = [json!({"reason": {"reason": "the disk is gone. And more of that"}})];
    Some(json!({
        "timed_out": false,
        "_shards": {"total": 3, "failed": failed, "failures": failures[..failed as usize]},
        "hits": {"total": {"value": ids.len(), "relation": "eq"}, "hits": hits},
    }))
}

fn search(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
    command
        .args(["search", "--json", "--opensearch-url", url])
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn following_outlives_an_outage() {
    let url = server(vec![
        hits(&["one"], 0),
        hits(&["one"], 0),
        None,
        None,
        hits(&["two", "one"], 0),
    ]);
    let mut child = search(&url, &["--follow"]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for id in ["one", "two"] {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("\"_id\":\"{id}\"")), "{line}");
    }
    drop(out);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), 2, "once, however long it takes: {said:?}");
    assert!(
        said[0].contains("does not answer") && said[0].ends_with("; asking on"),
        "{said:?}"
    );
    assert_eq!(said[1], "logferry: OpenSearch answers again");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn following_loses_nothing_where_a_round_breaks_off() {
    // Three in all, of which two are told: the third has to be looked for.
    let mut deeper = hits(&["two", "one"], 0).unwrap();
    deeper["hits"]["total"]["value"] = json!(3);
    let url = server(vec![
        hits(&["one"], 0),
        Some(deeper),
        None,
        hits(&["three", "two", "one"], 0),
    ]);
    let mut child = search(&url, &["--follow"]).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut lines = out.lines();
    for id in ["one", "two", "three"] {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"_id\":\"{id}\"")), "{line}");
    }
    drop(lines);
    child.wait().unwrap();
}

#[test]
fn what_is_found_is_shown_even_where_a_shard_fails() {
    let url = server(vec![hits(&["one"], 1)]);
    let output = search(&url, &[]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "logferry: there may be more than was found: 1 of 3 shards did not answer (the disk is gone)\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn neither_copies_nor_indices_of_a_longer_prefix_are_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut search = search(&url, &["--index-prefix", "app"]).spawn().unwrap();
    let (connection, _) = listener.accept().unwrap();
    let first = read_request(&connection);
    assert!(
        first.starts_with("POST /app-logs-*,-app-logs-*-*/_search "),
        "{first}"
    );
    drop((connection, listener));
    search.wait().unwrap();
}

#[test]
fn numbers_are_printed_as_they_are_stored() {
    let great = "{\"app\":{\"n\":123456789012345678901234567890.10}}";
    let mut answer = hits(&["one"], 0).unwrap().to_string();
    answer = answer.replace("{\"message\":\"one\"}", great);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        read_request(&connection);
        write!(
            connection,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
    });
    let output = search(&url, &[]).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains(great), "{line}");
}
