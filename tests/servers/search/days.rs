/*! A range of times finds each document, whichever day's index it lies in: an invocation lies under its stream's first
day, a line without a time of its event under the day of its object or under 1970, and lines arrive late. */

use fastrand::Rng;
use jiff::Timestamp;
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use serde_json::json;

use super::{Indices, bulk, text};
use crate::support::NODE;

/// 2026-11-18T00:00:00Z in milliseconds since 1970.
const START: i64 = 1_794_960_000_000;
const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 6;
/// Seeds of this run; a failure names its seed.
const SEEDS: std::ops::Range<u64> = 0..4;

struct Document {
    id: String,
    /// Its duration too.
    number: usize,
    /// Milliseconds since 1970, different for each.
    time: i64,
    is_error: bool,
}

fn shown(time: i64) -> String {
    Timestamp::from_millisecond(time)
        .expect("a time")
        .to_string()
}

/// Documents of one kind, most of them in the index of their day, and the body of a bulk that creates them.
fn documents(
    rng: &mut Rng,
    indices: &Indices,
    kind: DocumentKind,
    count: usize,
) -> (Vec<Document>, String) {
    let (mut documents, mut body) = (Vec::new(), String::new());
    for number in 0..count {
        let time = START + rng.i64(0..DAYS * DAY_MS / 1000) * 1000 + number as i64;
        let day = match rng.u8(0..10) {
            0 => 0,
            1..4 => START / DAY_MS + rng.i64(-2..DAYS + 2),
            _ => time / DAY_MS,
        };
        let mut index = Vec::new();
        index_name::write(&mut index, &indices.prefix, kind, day);
        let index = text(&index);
        let id = format!("{}-{number}", kind.as_str());
        let is_error = rng.u8(0..5) == 0;
        let (level, status) = if is_error {
            ("ERROR", "error")
        } else {
            ("INFO", "success")
        };
        let mut source = json!({"@timestamp": shown(time), "faas": {"invocation_id": id}});
        match kind {
            DocumentKind::Log => {
                source["message"] = json!("line");
                source["log"] = json!({"level": level});
            }
            DocumentKind::Invocation => {
                source["lambda"] = json!({"duration_ms": number});
                source["invocation"] = json!({"status": status});
            }
        }
        let create = json!({"create": {"_index": index, "_id": id}});
        body.push_str(&format!("{create}\n{source}\n"));
        documents.push(Document {
            id,
            number,
            time,
            is_error,
        });
    }
    (documents, body)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_range_finds_the_documents_of_every_index() {
    let _node = NODE.read().await;
    for seed in SEEDS {
        let mut rng = Rng::with_seed(seed);
        let indices = Indices::new(&format!("days-{seed}"));
        let output = indices.logferry(&["setup"]).output().expect("setup runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let (mut lines, mut body) = documents(&mut rng, &indices, DocumentKind::Log, 300);
        let (mut invocations, more) = documents(&mut rng, &indices, DocumentKind::Invocation, 100);
        body.push_str(&more);
        let answer = bulk("/_bulk?refresh=true", body).await;
        assert_eq!(answer["errors"], false, "{answer}");
        lines.sort_by_key(|line| line.time);
        // The longest first: the duration is the number.
        invocations.sort_by_key(|one| std::cmp::Reverse(one.number));
        for _ in 0..12 {
            let since = START + rng.i64(-DAY_MS..DAYS * DAY_MS);
            let until = since + rng.i64(1..3 * DAY_MS);
            let range =
                ["--json", "--since", &shown(since), "--until", &shown(until)].map(str::to_owned);
            let inside = |one: &&Document| (since..until).contains(&one.time);
            let ids = |of: Vec<&Document>| of.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
            let found = |more: &[&str]| {
                let flags = range.iter().map(String::as_str).chain(more.iter().copied());
                indices.found(&flags.collect::<Vec<_>>())
            };

            let all: Vec<&Document> = lines.iter().filter(inside).collect();
            let newest = all[all.len() - all.len().min(20)..].to_vec();
            let errors = all.iter().copied().filter(|line| line.is_error).collect();
            let slowest: Vec<&Document> = invocations.iter().filter(inside).take(20).collect();
            let what = format!("seed {seed}, {range:?}");
            assert_eq!(found(&["--limit", "20"]), ids(newest), "{what}");
            assert_eq!(
                found(&["--errors", "--limit", "all"]),
                ids(errors),
                "{what}"
            );
            assert_eq!(found(&["--limit", "all", "line"]), ids(all), "{what}");
            assert_eq!(
                found(&["--slowest", "--limit", "20"]),
                ids(slowest),
                "{what}"
            );
        }
    }
}

/// The documents of two requests whose ids begin alike. The summary lies under the day of its stream, two days before;
/// lines lie under their days, and one without a time of its event under 1970.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn an_invocation_is_found_with_its_lines_wherever_they_lie() {
    let _node = NODE.read().await;
    let indices = Indices::new("request-days");
    let output = indices.logferry(&["setup"]).output().expect("setup runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let requests = [
        (
            "8f14e45f-0000-4000-8000-000000000001",
            "orders",
            "2026-11-20T23:59:59",
        ),
        (
            "8f14e45f-0000-4000-8000-000000000002",
            "invoices",
            "2026-11-21T23:59:59",
        ),
    ];
    let mut body = String::new();
    let mut add = |kind: &str, day: &str, id: String, source: serde_json::Value| {
        let index = format!("{}-{kind}-{day}", indices.prefix);
        let create = json!({"create": {"_index": index, "_id": id}});
        body.push_str(&format!("{create}\n{source}\n"));
    };
    for (number, (request, function, start)) in requests.iter().enumerate() {
        let faas = json!({"name": function, "invocation_id": request});
        let summary = json!({
            "@timestamp": format!("{start}.000Z"), "faas": faas, "invocation": {"status": "success"},
        });
        add("invocations", "2026.11.19", format!("s{number}"), summary);
        let start: Timestamp = format!("{start}Z").parse().expect("a time");
        for (line, index_day) in [(0, None), (1, Some("1970.01.01")), (2, None)] {
            let time = shown(start.as_millisecond() + line * 700);
            let day = time[..10].replace('-', ".");
            let source = json!({"@timestamp": time, "faas": faas, "message": "line"});
            add(
                "logs",
                index_day.unwrap_or(&day),
                format!("l{number}{line}"),
                source,
            );
        }
    }
    let answer = bulk("/_bulk?refresh=true", body).await;
    assert_eq!(answer["errors"], false, "{answer}");

    let [(first, ..), (second, ..)] = requests;
    let found = |flags: &[&str]| indices.found(&[&["--json"], flags].concat());
    let (of_first, of_second) = (["s0", "l00", "l01", "l02"], ["s1", "l10", "l11", "l12"]);
    assert_eq!(found(&["--request-id", first]), of_first);
    assert_eq!(found(&["--request-id", second]), of_second);
    assert_eq!(
        found(&["--request-id", "8f14e45f"]),
        [of_first, of_second].concat()
    );
    // One character less takes another way, with the same result.
    assert_eq!(
        found(&["--request-id", "8f14e45"]),
        [of_first, of_second].concat()
    );
    // Other flags select invocations, and all their lines are shown.
    for flags in [["--function", "invoices"], ["--since", "2026-11-21"]] {
        let flags = [&["--request-id", "8f14e45f"], &flags[..]].concat();
        assert_eq!(found(&flags), of_second, "{flags:?}");
    }
    assert!(found(&["--request-id", first, "--function", "invoices"]).is_empty());
    assert_eq!(
        found(&["--request-id", first, "--limit", "2"]),
        ["s0", "l00", "l01"]
    );
}
