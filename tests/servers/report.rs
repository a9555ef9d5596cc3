/*! `report` over a real index: each figure against the figures of the invocations that were written as logs. */

use std::process::Output;

use jiff::{SignedDuration, Timestamp};
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::search::{Indices, bulk, text};
use crate::support::{NODE, opensearch};

use logs::{End, Invocation, a_day, invoices, load};

mod logs;

fn report(indices: &Indices, args: &[&str]) -> Output {
    let mut command = indices.logferry(&["report"]);
    command.args(args).output().expect("report runs")
}

fn json_report(indices: &Indices, args: &[&str]) -> Value {
    let output = report(indices, &[args, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{args:?}: {}",
        text(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn close(found: &Value, wanted: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: {found}"));
    let error = (found - wanted).abs();
    assert!(
        error <= wanted.abs() * 1e-9 + 1e-12,
        "{what}: {found} for {wanted}"
    );
}

/// An estimate lies between the neighbours of the exact value.
fn near(found: &Value, values: &[f64], percent: f64, what: &str) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let rank = percent / 100.0 * (values.len() - 1) as f64;
    let least = values[(rank.floor() as usize).saturating_sub(1)];
    let most = values[(rank.ceil() as usize + 1).min(values.len() - 1)];
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: {found}"));
    assert!(
        (least..=most).contains(&found),
        "{what}: {found} of {least} to {most}"
    );
}

/// Compares figures with those of the invocations.
fn check(found: &Value, wanted: &[&Invocation], what: &str) {
    let count = |is: &dyn Fn(&Invocation) -> bool| wanted.iter().filter(|i| is(i)).count();
    let with = |end: End| count(&|i| i.end == end);
    let ended: Vec<&&Invocation> = wanted.iter().filter(|i| i.end != End::Unknown).collect();
    let statuses = json!({
        "success": with(End::Success), "error": with(End::Error), "timeout": with(End::Timeout),
        "out_of_memory": with(End::OutOfMemory), "incomplete": with(End::Unknown),
    });
    assert_eq!(found["statuses"], statuses, "{what}");
    for (name, count) in [
        ("invocations", wanted.len()),
        ("attempts", wanted.len()),
        ("errors", count(&Invocation::failed)),
        ("cold_starts", count(&|i| i.init_ms.is_some())),
        ("cold_start_known", ended.len()),
        ("measured", ended.len()),
        ("priced", ended.len()),
    ] {
        assert_eq!(found[name], json!(count), "{what}: {name}");
    }
    let ends = ended.len() as f64;
    close(
        &found["error_rate"],
        count(&Invocation::failed) as f64 / ends,
        what,
    );
    close(
        &found["cold_start_rate"],
        count(&|i| i.init_ms.is_some()) as f64 / ends,
        what,
    );
    close(
        &found["billed_ms"],
        ended.iter().map(|i| i.billed_ms as f64).sum(),
        what,
    );
    close(
        &found["cost_usd"],
        ended.iter().map(|i| i.cost()).sum(),
        what,
    );
    let durations: Vec<f64> = ended.iter().map(|i| i.duration_ms()).collect();
    for (name, percent) in [("p50", 50.0), ("p95", 95.0), ("p99", 99.0)] {
        near(
            &found["duration_ms"][name],
            &durations,
            percent,
            &format!("{what}: {name}"),
        );
    }
    close(
        &found["longest_ms"],
        durations.iter().copied().fold(0.0, f64::max),
        what,
    );
    let used: Vec<f64> = ended.iter().map(|i| i.used_mb as f64).collect();
    near(&found["memory_used_p99_mb"], &used, 99.0, what);
    close(
        &found["memory_used_max_mb"],
        used.iter().copied().fold(0.0, f64::max),
        what,
    );
    let inits: Vec<f64> = ended
        .iter()
        .filter_map(|i| Some(i.init_ms? as f64))
        .collect();
    if inits.is_empty() {
        assert_eq!(found["init_p95_ms"], Value::Null, "{what}");
    } else {
        near(&found["init_p95_ms"], &inits, 95.0, what);
    }
    let newest = wanted
        .iter()
        .map(|i| i.start)
        .max()
        .map(|start| start.to_string());
    assert_eq!(found["newest"], json!(newest), "{what}");
}

fn rows(report: &Value) -> &[Value] {
    report["rows"].as_array().expect("rows")
}

const DAY: [&str; 4] = ["--since", "2026-11-23T12:00", "--until", "2026-11-24T12:00"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn each_figure_is_that_of_the_logs() {
    let _node = NODE.read().await;
    let indices = Indices::new("report");
    let now = a_day("2026-11-23T12:00:00Z", 2);
    let mut before = a_day("2026-11-22T12:00:00Z", 1);
    before.retain(|invocation| invocation.function == "orders");
    before.push(invoices("2026-11-22T13:00:00Z"));
    let edges = [
        invoices("2026-11-24T12:00:00Z"),
        invoices("2026-11-22T11:59:59.999Z"),
    ];
    load(&indices, &[&now[..], &before, &edges].concat()).await;

    let report = json_report(
        &indices,
        &[&DAY[..], &["--compare", "24h", "--sort", "errors"]].concat(),
    );
    check(&report["total"], &now.iter().collect::<Vec<_>>(), "total");
    check(
        &report["before_total"],
        &before.iter().collect::<Vec<_>>(),
        "total before",
    );
    let names: Vec<&str> = rows(&report)
        .iter()
        .filter_map(|row| row["function"].as_str())
        .collect();
    assert_eq!(names, ["orders", "thumbnails", "invoices"]);
    for row in rows(&report) {
        let name = row["function"].as_str().unwrap();
        let of = |day: &'static str, all: &[Invocation], found: &Value| {
            let own: Vec<&Invocation> = all.iter().filter(|i| i.function == name).collect();
            match own.is_empty() {
                true => assert_eq!(found["invocations"], 0, "{name} {day}"),
                false => check(found, &own, &format!("{name} {day}")),
            }
        };
        of("now", &now, &row["now"]);
        of("before", &before, &row["before"]);
        // Time buckets.
        let buckets = row["over_time"].as_array().unwrap();
        assert_eq!((buckets.len(), &report["step_ms"]), (24, &json!(3_600_000)));
        for bucket in buckets {
            let start: Timestamp = bucket["start"].as_str().unwrap().parse().unwrap();
            let end = start + SignedDuration::from_hours(1);
            let inside = now
                .iter()
                .filter(|i| i.function == name && i.start >= start && i.start < end);
            let inside: Vec<&Invocation> = inside.collect();
            let failed = inside.iter().filter(|i| i.failed()).count();
            let wanted =
                json!({"start": bucket["start"], "invocations": inside.len(), "failed": failed});
            assert_eq!(*bucket, wanted, "{name}");
        }
    }
    let all: u64 = (report["over_time"].as_array().unwrap().iter())
        .flat_map(|bucket| bucket["statuses"].as_object().unwrap().values())
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(all, now.len() as u64);
    let orders = &rows(&report)[0];
    let reasons = json!([
        {"status": "error", "error_type": "Runtime.ExitError", "invocations": 4},
        {"status": "timeout", "error_type": null, "invocations": 4},
        {"status": "out_of_memory", "error_type": "Runtime.OutOfMemory", "invocations": 2},
    ]);
    assert_eq!(orders["reasons"], reasons);
    // One invocation took all of its memory: nothing smaller would hold it.
    assert_eq!(orders["memory"][0]["smaller"], Value::Null);
    let thumbnails = &rows(&report)[1]["memory"];
    let of_size = |size: i64| {
        now.iter().filter(move |i| {
            i.function == "thumbnails" && i.size_mb == size && i.end != End::Unknown
        })
    };
    for (index, size, used, smaller) in [(0, 512, 119.0, 192.0), (1, 1024, 123.0, 192.0)] {
        let found = &thumbnails[index];
        assert_eq!(found["size_mb"], json!(size as f64), "{thumbnails}");
        assert_eq!(found["invocations"], json!(of_size(size).count()));
        close(&found["used_mb"], used, "used");
        close(&found["smaller"]["size_mb"], smaller, "smaller");
        let gb_seconds: f64 = of_size(size)
            .map(|i| i.billed_ms as f64 / 1000.0 * i.size_mb as f64 / 1024.0)
            .sum();
        let saved = gb_seconds * 0.000_016_666_7 * (1.0 - smaller / size as f64);
        let found = found["smaller"]["saves_at_most_usd"].as_f64().unwrap();
        assert!((found / saved - 1.0).abs() < 1e-6, "{found} for {saved}");
    }
    assert_eq!(
        report["prices"],
        json!([{"price": "x86_64/any-region/2025-08", "invocations": now.len() - 1}])
    );
    let exact = json!({"read": 2, "about": null, "left_out_invocations": 0, "missing_at_most": 0});
    assert_eq!(report["groups"], exact);

    let by_version = json_report(
        &indices,
        &[&DAY[..], &["--by", "version", "--function", "ord*"]].concat(),
    );
    let versions: Vec<(&str, &Value)> = (rows(&by_version).iter())
        .map(|row| (row["version"].as_str().unwrap(), &row["now"]))
        .collect();
    assert_eq!(
        versions
            .iter()
            .map(|(version, _)| *version)
            .collect::<Vec<_>>(),
        ["8", "7"]
    );
    for (version, found) in versions {
        let own = now
            .iter()
            .filter(|i| i.function == "orders" && i.version == version);
        check(found, &own.collect::<Vec<_>>(), version);
    }
    let by_error = json_report(
        &indices,
        &[&DAY[..], &["--by", "error", "--sort", "p95"]].concat(),
    );
    assert_eq!(rows(&by_error).len(), 3);
    for row in rows(&by_error) {
        let (status, error_type) = (row["status"].as_str().unwrap(), row["error_type"].as_str());
        let end = match (status, error_type) {
            ("error", Some("Runtime.ExitError")) => End::Error,
            ("timeout", None) => End::Timeout,
            ("out_of_memory", Some("Runtime.OutOfMemory")) => End::OutOfMemory,
            other => panic!("{other:?}"),
        };
        let own: Vec<&Invocation> = now.iter().filter(|i| i.end == end).collect();
        check(&row["now"], &own, status);
        assert_eq!(row["functions"], 1);
        assert_eq!(row["example"]["function"], "orders");
    }
    // A text selects invocations, and the span shifts by the time of --compare.
    let slow = json_report(
        &indices,
        &[&DAY[..], &["lambda.duration_ms:>500", "--compare", "7d"]].concat(),
    );
    let own: Vec<&Invocation> = now
        .iter()
        .filter(|i| i.end != End::Unknown && i.duration_ms() > 500.0)
        .collect();
    check(&slow["total"], &own, "slow");
    assert_eq!(slow["before_total"]["invocations"], 0);
}

/// What is printed, on standard output and, marked by `!`, on standard error.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn reports_of_the_demo() {
    let _node = NODE.read().await;
    let indices = Indices::new("report-demo");
    indices.load_demo().await;
    let span = ["--since", "2026-11-21", "--until", "2026-11-23"];
    let mut shown = String::new();
    for args in [
        &[][..],
        &["--by", "version", "--sort", "cold"],
        &["--by", "error"],
        &["--by", "account"],
        &["--compare", "3d", "--sort", "cost", "--limit", "2"],
        &["--function", "nobody"],
        &["--since", "2026-11-01", "--until", "2026-11-02"],
        &["level:ERROR"],
        &["invocation.status:error AND ("],
        &["--index-prefix", "nobody-has-this"],
        &["--sort", "speed"],
    ] {
        let span = if args.contains(&"--since") {
            &[][..]
        } else {
            &span[..]
        };
        let output = report(&indices, &[span, args].concat());
        shown.push_str(&format!(
            "$ logferry report {}\n",
            [span, args].concat().join(" ")
        ));
        shown.push_str(&text(&output.stdout));
        for line in text(&output.stderr).lines() {
            shown.push_str(&format!("! {line}\n"));
        }
        shown.push_str(&format!("= {}\n\n", output.status.code().expect("a code")));
    }
    insta::assert_snapshot!(shown);
    let down = report(&indices, &["--opensearch-url", "http://127.0.0.1:9"]);
    assert_eq!(down.status.code(), Some(1));
    assert!(text(&down.stderr).contains("nothing listens at http://127.0.0.1:9/"));
}

/// More functions than one request reads, in several shards.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn more_functions_than_are_read_are_counted_and_said() {
    // Alone: three shards of so many functions are put together in the node's heap of 1 GB, which other tests fill.
    let _node = NODE.write().await;
    const MANY: u64 = 1500;
    let indices = Indices::new("report-many");
    let setup = indices
        .logferry(&["setup", "--shards", "3"])
        .output()
        .expect("setup runs");
    assert!(setup.status.success(), "{}", text(&setup.stderr));
    let mut body = String::new();
    let mut all = 0;
    for function in 0..MANY {
        for i in 0..1 + function % 3 + if function < 10 { 50 } else { 0 } {
            let document = json!({
                "@timestamp": format!("2026-11-23T{:02}:30:00Z", i % 24),
                "faas": {"name": format!("f{function:04}")},
                "lambda": {"duration_ms": function},
                "invocation": {"status": if i == 0 { "error" } else { "success" }},
            });
            body.push_str(&format!("{}\n{document}\n", json!({"create": {}})));
            all += 1;
        }
    }
    let index = format!("{}-invocations-2026.11.23", indices.prefix);
    let answer = bulk(&format!("/{index}/_bulk?refresh=true"), body).await;
    assert_eq!(answer["errors"], false, "{answer}");
    let day = ["--since", "2026-11-23", "--until", "2026-11-23"];
    for by in ["function", "version"] {
        let found = json_report(&indices, &[&day[..], &["--by", by]].concat());
        assert_eq!(found["total"]["invocations"], json!(all));
        let groups = &found["groups"];
        let read = groups["read"].as_u64().unwrap();
        assert!((500..1000).contains(&read), "{groups}");
        assert_eq!(rows(&found).len() as u64, read);
        let counted: u64 = rows(&found)
            .iter()
            .filter_map(|row| row["now"]["invocations"].as_u64())
            .sum();
        assert_eq!(
            counted + groups["left_out_invocations"].as_u64().unwrap(),
            all
        );
        // The greatest are complete.
        for row in &rows(&found)[..10] {
            assert!(row["now"]["invocations"].as_u64().unwrap() > 50, "{row}");
        }
        if by == "function" {
            let about = groups["about"].as_f64().unwrap();
            assert!((about / MANY as f64 - 1.0).abs() < 0.02, "{groups}");
        }
    }
    let sorted = json_report(
        &indices,
        &[&day[..], &["--sort", "p95", "--limit", "3"]].concat(),
    );
    let names: Vec<&str> = rows(&sorted)
        .iter()
        .filter_map(|row| row["function"].as_str())
        .collect();
    assert_eq!(names, ["f1499", "f1498", "f1497"]);
    let printed = report(&indices, &[&day[..], &["--limit", "2"]].concat());
    let printed = text(&printed.stdout);
    assert!(
        printed.contains("The first 2 of ") && printed.contains("of about 1,"),
        "{printed}"
    );

    // A shard that cannot answer, and an index that is closed.
    let strange = json!({"mappings": {"properties": {"faas": {"properties": {"name": {"type": "text"}}}, "@timestamp": {"type": "date"}}}});
    let path = format!("/{}-invocations-2026.11.22", indices.prefix);
    opensearch(Method::Put, &path, Some(strange)).await;
    let document = json!({"@timestamp": "2026-11-23T10:00:00Z", "faas": {"name": "x"}});
    opensearch(
        Method::Post,
        &format!("{path}/_doc?refresh=true"),
        Some(document),
    )
    .await;
    let partly = report(&indices, &day);
    let why = text(&partly.stderr);
    assert_eq!(partly.status.code(), Some(1), "{why}");
    assert!(why.contains("shards did not answer"), "{why}");
    assert!(text(&partly.stdout).contains("f0002"));
    opensearch(Method::Post, &format!("{path}/_close"), None).await;
    let closed = report(&indices, &day);
    let why = text(&closed.stderr);
    assert_eq!(closed.status.code(), Some(1), "{why}");
    assert!(
        why.contains("-invocations-2026.11.22 is closed and was not searched"),
        "{why}"
    );
}
