/*! `prune` on a real node deletes the indices that it named, and no others. */

use std::collections::BTreeSet;

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::support::NODE;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn just_what_it_said() {
    let _node = NODE.read().await;
    let cluster = Cluster::new("prune");
    let prefix = &cluster.prefix;
    cluster.setup(&[]);
    let day = |ago: i64| {
        let day = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * ago);
        day.strftime("%Y.%m.%d").to_string()
    };
    let expired = [
        format!("{prefix}-logs-2020.01.01"),
        format!("{prefix}-logs-2020.02.29"),
        format!("{prefix}-logs-{}", day(40)),
        format!("{prefix}-invocations-2020.01.01"),
    ];
    let kept = [
        format!("{prefix}-logs-{}", day(0)),
        format!("{prefix}-logs-{}", day(29)),
        format!("{prefix}-logs-1970.01.01"),
        format!("{prefix}-invocations-{}", day(40)),
        format!("{prefix}-logs-2026.13.01"),
        format!("{prefix}-logs-2020.02.30"),
        format!("{prefix}-logs-2020.01.01-copy"),
        format!("{prefix}-logs-2020.01.01.1"),
        format!("{prefix}-logs-archive"),
        format!("{prefix}-metrics-2020.01.01"),
        format!("other{prefix}-logs-2020.01.01"),
        format!("{prefix}x-logs-2020.01.01"),
        format!(".{prefix}-logs-2020.01.01"),
    ];
    for index in expired.iter().chain(&kept) {
        let hidden = json!({"settings": {"index.hidden": index.starts_with('.')}});
        let made = cluster.call(Method::Put, index, Some(hidden)).await;
        assert_eq!(made["acknowledged"], true, "{index}: {made}");
    }
    // An alias that looks like one of ours, over an index that is nobody's.
    let alias = format!("{prefix}-logs-2020.01.05");
    let add = json!({"actions": [{"add": {"index": kept[9], "alias": alias}}]});
    assert_eq!(
        cluster.call(Method::Post, "_aliases", Some(add)).await["acknowledged"],
        true
    );
    // One without which no shard answers.
    cluster
        .call(Method::Post, &format!("{}/_close", expired[1]), None)
        .await;

    let before = indices(&cluster).await;
    let retain = ["--retain-logs", "30d", "--retain-invocations", "365d"];
    let output = cluster.run(&[&["prune"], &retain[..]].concat());
    assert!(
        !output.success && output.err.contains("give --yes"),
        "{}",
        output.err
    );
    for index in &expired {
        assert!(output.out.contains(index.as_str()), "{}", output.out);
    }
    let dry = cluster.run_well(&[&["prune", "--dry-run", "--yes"], &retain[..]].concat());
    assert!(
        dry.contains("DELETE /") && dry.contains("nothing was deleted"),
        "{dry}"
    );
    assert_eq!(indices(&cluster).await, before);

    let output = cluster.run_well(&[&["prune", "--yes", "--json"], &retain[..]].concat());
    let output: Value = serde_json::from_str(&output).unwrap();
    let named = output["expired"].as_array().unwrap().iter();
    let named: BTreeSet<String> = named
        .map(|e| e["index"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, expired.clone().into());
    assert_eq!(output["deleted"], 4);
    let after = indices(&cluster).await;
    let gone: BTreeSet<String> = before.difference(&after).cloned().collect();
    assert_eq!(gone, expired.into());
    assert_eq!(after.len(), kept.len());
    let again = cluster.run_well(&[&["prune", "--yes"], &retain[..]].concat());
    assert!(again.contains("Nothing has expired."), "{again}");

    for index in indices(&cluster).await {
        cluster.call(Method::Delete, &index, None).await;
    }
}

/// Every index whose name has the prefix in it, hidden ones too.
async fn indices(cluster: &Cluster) -> BTreeSet<String> {
    let path = "_cat/indices?format=json&h=index&expand_wildcards=all";
    let listed = cluster.call(Method::Get, path, None).await;
    let names = listed
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["index"].as_str());
    let ours = names.filter(|name| name.contains(&cluster.prefix));
    ours.map(str::to_owned).collect()
}
