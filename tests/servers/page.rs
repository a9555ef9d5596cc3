/*! `serve` over a real index: each view in a real Chromium, the pipeline's parts, slow and dead ends, its speed. */

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::search::Indices;
use crate::support::{NODE, Stage, Watched, server, signal};

mod load;

/// Two invocations of one trace; the second one fails.
const TRACE: &str = "1-6b04ffff-0123456789abcdef01234567";
const TRACED: [&str; 2] = [
    "7aced000-0000-4000-8000-000000000001",
    "7aced000-0000-4000-8000-000000000002",
];
const KEY: &str = "0f0f0f0f-1111-4222-8333-444444444444/2026-11-22-[$LATEST]0123456789abcdef0123456789abcdef/000000.gz";

/// A page that is served until it is dropped.
struct Page {
    child: Child,
    base: String,
}

impl Page {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("serve starts");
        let mut first = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut first).expect("a line");
        if first.is_empty() {
            let output = child.wait_with_output().expect("an end");
            panic!("no URL: {}", String::from_utf8_lossy(&output.stderr));
        }
        Self {
            child,
            base: first.trim().to_owned(),
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("{}{path}", self.base.trim_end_matches('/')))
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            answer.text().await.expect("a text"),
        )
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(prefix: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("LOGFERRY_SERVE_TIMEOUT", "30s")
        .env(
            "LOGFERRY_OPENSEARCH_URL",
            server("LOGFERRY_TEST_OPENSEARCH"),
        )
        .env("LOGFERRY_INDEX_PREFIX", prefix)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Invocations of one trace, and lines that a hostile function printed.
async fn load_more(indices: &Indices) {
    let mut traced = String::new();
    for (number, id) in TRACED.iter().enumerate() {
        let time = format!("2026-11-22T09:00:0{number}");
        let text = if number == 1 {
            "ERROR\tError: no stock"
        } else {
            "INFO\tall is well"
        };
        traced.push_str(&format!(
            "{time}.000Z START RequestId: {id} Version: $LATEST\n\n\
             {time}.100Z {time}.100Z\t{id}\t{text}\n\n\
             {time}.200Z END RequestId: {id}\n\n\
             {time}.200Z REPORT RequestId: {id}\tDuration: 200.00 ms\tBilled Duration: 200 ms\tMemory Size: 128 MB\tMax \
             Memory Used: 60 MB\tXRAY TraceId: {TRACE}\tSegmentId: 0123456789abcdef\tSampled: true\n\n"
        ));
    }
    let huge = "<b>\u{202e}huge</b> ".repeat(20_000);
    let hostile = format!(
        "2026-11-22T08:00:00.000Z <script>window.hacked=1</script>\n\n\
         2026-11-22T08:00:01.000Z <img src=x onerror=\"window.hacked=1\"> \u{1b}[2J\u{1b}]8;;http://evil.example/\u{7}click\u{8}\u{8}\n\n\
         2026-11-22T08:00:02.000Z \u{202e}drowssap\u{2066} 'onmouseover=\"window.hacked=1\n\n\
         2026-11-22T08:00:03.000Z {huge}\n\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    for (function, text) in [("traced", traced), ("hostile", hostile)] {
        let path = folder.path().join(format!("exports/{function}/{KEY}"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let mut ingest = indices.logferry(&["ingest"]);
    ingest
        .arg(folder.path())
        .args(["--log-group-pattern", "exports/{function}/"]);
    let output = ingest.output().expect("ingest runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    indices.refresh().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_page_in_a_real_browser() {
    let _node = NODE.read().await;
    let stage = Stage::new("page").await;
    let indices = Indices {
        prefix: stage.prefix.clone(),
    };
    indices.load_demo().await;
    load_more(&indices).await;
    let page = Page::start(&mut serve(&stage.prefix));
    let facts = json!({
        "since": "2026-11-20",
        "until": "2026-11-24",
        "request": "ca516543-d0c3-46e0-a2d4-3a62f460dfff",
        "traced": TRACED[0],
        "trace": TRACE,
    });
    // Named here if they are missing; the script reads them itself.
    for name in ["LOGFERRY_TEST_CHROMIUM", "LOGFERRY_TEST_BROWSER"] {
        server(name);
    }
    let mut browser = Command::new("node");
    browser
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/run.mjs"))
        .env("BASE", &page.base)
        .env("FACTS", facts.to_string());
    if std::env::var_os("LOGFERRY_UPDATE_SCREENSHOTS").is_some() {
        browser.env(
            "SCREENSHOTS",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images"),
        );
    }
    let output = tokio::task::spawn_blocking(move || browser.output());
    let output = output.await.expect("no panic").expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_pipeline_shows_the_parts_that_it_knows() {
    let _node = NODE.read().await;
    let stage = Stage::new("pipeline").await;
    let mut worker = Watched::start(&mut stage.endless_worker());
    let started = worker.until("logferry starts");
    let started: serde_json::Value = serde_json::from_str(&started).expect("JSON");
    let metrics = format!(
        "http://{}/metrics",
        started["listen"].as_str().expect("an address")
    );
    worker.until("the index answers");
    // A message of this queue waits: nobody receives it.
    let other = Stage::new("waiting").await;
    other.send("{}").await;
    let letters = tempfile::tempdir().expect("a folder");
    let page = Page::start(
        serve(&stage.prefix)
            .args([
                "--queue-url",
                &other.queue_url,
                "--worker-metrics",
                &metrics,
            ])
            .args(["--worker-metrics", "http://127.0.0.1:9/metrics"])
            .arg("--dead-letters")
            .arg(format!("file://{}", letters.path().display()))
            .env("AWS_ENDPOINT_URL_SQS", server("LOGFERRY_TEST_SQS"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1"),
    );
    let (status, html) = page.get("/pipeline").await;
    assert_eq!(status, 200);
    for shown in [
        "<dt>Waiting</dt><dd>1</dd>",
        "<dt>Workers that answer</dt><dd>1 of 2</dd>",
        "<dt>Messages in flight</dt><dd>0</dd>",
        "<dt>Letters</dt><dd>0</dd>",
        "Not configured: give serve --checkpoints",
        "there is no index",
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    signal(worker.pid(), "TERM");
    let mut page = page;
    signal(page.child.id(), "TERM");
    let status = page.child.wait().expect("an end");
    assert!(status.success(), "{status}");
}

/// A request that is under way when the signal comes is answered.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_signal_lets_answers_end() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = silent.local_addr().expect("an address");
    let mut command = serve("t-drain");
    command.args([
        "--timeout",
        "2s",
        "--opensearch-url",
        &format!("http://{address}"),
    ]);
    let mut page = Page::start(&mut command);
    let asked = tokio::spawn(reqwest::get(page.base.clone()));
    // The page asks OpenSearch now, which stays silent.
    let (_held, _) = silent.accept().await.expect("a connection");
    signal(page.child.id(), "TERM");
    let answer = asked.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status().as_u16(), 504);
    assert!(
        answer
            .text()
            .await
            .expect("a text")
            .contains("OpenSearch is too slow")
    );
    assert!(page.child.wait().expect("an end").success());
}

/// Longest time that a view may take, and its markup.
const LONGEST_VIEW: Duration = Duration::from_millis(300);
const LONGEST_MARKUP: f64 = 20.0;
const MOST_MEMORY: u64 = 60 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make bench-page"]
async fn views_of_a_million_lines_are_fast() {
    if std::env::var_os("LOGFERRY_BENCH_PAGE").is_none() {
        return;
    }
    let _node = NODE.write().await;
    let indices = Indices::new("million");
    let request = load::a_million_lines(&indices).await;
    let page = Page::start(&mut serve(&indices.prefix));
    let days = "since=2026-11-20&until=2026-11-24";
    let mut slow = Vec::new();
    for (name, path) in [
        ("functions", format!("/?{days}")),
        ("search, all", format!("/search?{days}")),
        ("search, a word", format!("/search?{days}&q=payment")),
        ("search, errors", format!("/search?{days}&errors=1")),
        ("errors", format!("/errors?{days}")),
        ("invocation", format!("/invocation?request={request}")),
        ("pipeline", "/pipeline".to_owned()),
    ] {
        let url = format!("{}{path}", page.base.trim_end_matches('/'));
        let (mut times, mut markup, mut size) = (Vec::new(), Vec::new(), 0);
        for round in 0..9 {
            let start = Instant::now();
            let answer = reqwest::get(&url).await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200, "{path}");
            let timing = answer.headers()["server-timing"]
                .to_str()
                .expect("ASCII")
                .to_owned();
            size = answer.text().await.expect("a text").len();
            // The first two warm the node.
            if round >= 2 {
                times.push(start.elapsed());
                let render = timing.split_once("render;dur=").expect("a time").1;
                markup.push(render.parse::<f64>().expect("a number"));
            }
        }
        times.sort_unstable();
        markup.sort_by(f64::total_cmp);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{name}: median {} ms, worst {} ms, of them markup {:.1} ms, {} kB",
            median.as_millis(),
            worst.as_millis(),
            markup[markup.len() / 2],
            size / 1000
        );
        if median > LONGEST_VIEW || markup[markup.len() / 2] > LONGEST_MARKUP {
            slow.push(name);
        }
    }
    let memory = load::resident(page.child.id());
    println!("resident memory of the server: {} MB", memory / 1_000_000);
    assert!(slow.is_empty(), "slower than wanted: {slow:?}");
    assert!(memory <= MOST_MEMORY, "{memory} bytes");
}
