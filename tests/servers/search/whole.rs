/*! No index and no shard is silently left out. */

use opensearch::http::Method;
use serde_json::{Value, json};

use super::{Indices, bulk, text};
use crate::support::{NODE, opensearch};

/// Days with as many lines each.
async fn days(indices: &Indices, days: &[u32], lines: usize) {
    let mut body = String::new();
    for day in days {
        let index = format!("{}-logs-2026.11.{day}", indices.prefix);
        for i in 0..lines {
            let time = format!("2026-11-{day}T10:{:02}:{:02}Z", i / 60, i % 60);
            let create = json!({"create": {"_index": index, "_id": format!("{day}-{i}")}});
            body.push_str(&format!(
                "{create}\n{}\n",
                json!({"@timestamp": time, "message": "line"})
            ));
        }
    }
    let answer = bulk("/_bulk?refresh=true", body).await;
    assert_eq!(answer["errors"], false, "{answer}");
}

/// A point in time needs a context for each shard. A node that has no more contexts silently leaves shards out.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_list_of_more_shards_than_contexts_is_refused_and_not_cut() {
    // The setting is the whole node's.
    let _node = NODE.write().await;
    let indices = Indices::new("contexts");
    days(&indices, &[20, 21, 22, 23], 600).await;
    let limit = |most: Value| {
        let setting = json!({"transient": {"search.max_open_pit_context": most}});
        opensearch(Method::Put, "/_cluster/settings", Some(setting))
    };
    limit(json!(2)).await;
    let all = indices.search(&["--json", "--limit", "all"]);
    let some = indices.search(&["--json", "--limit", "all", "--since", "2026-11-22"]);
    let left = opensearch(Method::Get, "/_search/point_in_time/_all", None).await;
    limit(Value::Null).await;
    let why = text(&all.stderr);
    assert_eq!(
        (all.status.code(), text(&all.stdout).as_str()),
        (Some(1), ""),
        "{why}"
    );
    assert_eq!(why.lines().count(), 1, "{why}");
    assert!(
        why.contains("search.max_open_pit_context") && !why.contains('{'),
        "{why}"
    );
    // Only indices with hits need a context.
    assert_eq!(some.status.code(), Some(0), "{}", text(&some.stderr));
    assert_eq!(text(&some.stdout).lines().count(), 1200);
    assert_eq!(left["pits"].as_array().map_or(0, Vec::len), 0, "{left}");
    assert_eq!(indices.found(&["--json", "--limit", "all"]).len(), 2400);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn no_index_is_left_out_without_a_word() {
    let _node = NODE.read().await;
    let indices = Indices::new("left-out");
    days(&indices, &[20, 21, 22], 3).await;
    let index = |day: u32| format!("{}-logs-2026.11.{day}", indices.prefix);
    let set = |day: u32, setting: Value| {
        let path = format!("/{}/_settings", index(day));
        async move { opensearch(Method::Put, &path, Some(setting)).await }
    };
    set(22, json!({"index.hidden": true})).await;
    assert_eq!(
        indices.found(&["--json"]).len(),
        9,
        "a hidden index is searched"
    );

    opensearch(Method::Post, &format!("/{}/_close", index(20)), None).await;
    let partly = indices.search(&["--json"]);
    let why = text(&partly.stderr);
    assert_eq!(
        (partly.status.code(), text(&partly.stdout).lines().count()),
        (Some(1), 6),
        "{why}"
    );
    let begin = format!(
        "logferry: there may be more than was found: {} is closed and was not searched",
        index(20)
    );
    assert!(why.starts_with(&begin), "{why}");
    assert_eq!(indices.found(&["--json", "--since", "2026-11-21"]).len(), 6);
    opensearch(Method::Post, &format!("/{}/_close", index(21)), None).await;
    opensearch(Method::Post, &format!("/{}/_close", index(22)), None).await;
    let none = indices.search(&["--json", "line"]);
    let why = text(&none.stderr);
    assert_eq!(
        (none.status.code(), text(&none.stdout).as_str()),
        (Some(1), ""),
        "{why}"
    );
    assert!(
        why.contains(&index(22)) && why.contains("are closed"),
        "{why}"
    );

    for day in [20, 21, 22] {
        opensearch(
            Method::Post,
            &format!("/{}/_open?wait_for_active_shards=1", index(day)),
            None,
        )
        .await;
    }
    set(21, json!({"index.blocks.read": true})).await;
    for args in [&["--json"][..], &["--json", "level:ERROR"]] {
        let blocked = indices.search(args);
        let why = text(&blocked.stderr);
        assert_eq!(
            (blocked.status.code(), text(&blocked.stdout).as_str()),
            (Some(1), ""),
            "{why}"
        );
        assert!(
            why.contains("index read (api)") && !why.contains("query_string"),
            "{why}"
        );
    }
    set(21, json!({"index.blocks.read": null})).await;
}
