/*! `search` over a stub of OpenSearch that fails in part. */

mod execution;
mod follow;
mod requests;
mod stub;
mod text;
mod whole;

use std::io::Write;
use std::net::TcpListener;

use stub::{Stub, answered, hits, read_request, search, server};

#[test]
fn hits_are_shown_even_if_a_shard_fails() {
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
    let (url, asked) = Stub::new(vec![hits(&["one"], 0)]).start();
    let (_, stderr, code) = answered(&url, &["--index-prefix", "app", "word"]);
    assert_eq!((stderr.as_str(), code), ("", 0));
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(
        asked.iter().any(|request| request.contains("/_search"))
            && asked
                .iter()
                .all(|request| request.contains(" /app-logs-*,-app-logs-*-*/_")),
        "{asked:?}"
    );
}

#[test]
fn numbers_are_printed_as_they_are_stored() {
    let great = "{\"app\":{\"n\":123456789012345678901234567890.10}}";
    let mut answer = hits(&["one"], 0).unwrap().1.to_string();
    answer = answer.replace("{\"message\":\"one\"}", great);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let closed = read_request(&connection).contains("/_settings");
            let answer = if closed { "{}" } else { &answer };
            write!(
                connection,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    let output = search(&url, &[]).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains(great), "{line}");
}
