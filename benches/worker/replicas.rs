/*! The cost of a replica: the CPU seconds of two data nodes for the same documents, with document and with segment
replication in turn, until the replica holds all of them. */

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use logferry_core::document::template::{Settings, templates};
use opensearch::http::Method;
use serde_json::Value;

use crate::Options;
use crate::bodies::{self, captured, load, moved, prefix};
use crate::load::STREAMS;
use crate::node::Node;
use crate::servers::Ends;
use crate::table::{Table, median};

const WARM_UPS: usize = 1;
const WAYS: [&str; 2] = ["DOCUMENT", "SEGMENT"];
/// Time between two questions whether the replica has caught up.
const POLL: Duration = Duration::from_millis(100);

/// CPU seconds of one round, of the first node and of the second.
type Cost = [f64; 2];

pub async fn run(options: &Options, rounds: usize) -> Result<()> {
    let made = STREAMS.scaled(options.scale).objects()?;
    let ends = Ends::start(options).await?;
    let bodies = captured(&ends, options, &made).await?;
    drop(ends);
    let nodes = Node::start_two(options)?;
    eprintln!("bench: warming the nodes up");
    for number in 0..WARM_UPS {
        for way in WAYS {
            cost(&nodes, way, &bodies, &prefix(number)).await?;
        }
    }
    let mut costs = WAYS.map(|_| Vec::new());
    for round in 0..rounds {
        for (way, costs) in WAYS.iter().zip(&mut costs) {
            let cost = cost(&nodes, way, &bodies, &prefix(10 + round)).await?;
            eprintln!("bench: {}/{rounds} {way}: {cost:.2?} CPU s", round + 1);
            costs.push(cost);
        }
    }
    let gb = made.bytes as f64 / 1e9;
    let title = format!(
        "two data nodes, one replica, {} documents of {:.0} MB of logs, median of {rounds}",
        bodies::documents(&bodies),
        made.bytes as f64 / 1e6
    );
    let mut table = Table::new(&title, &["node 1", "node 2", "CPU s/GB", "of document %"]);
    for (way, of) in WAYS.iter().zip(&costs) {
        let both = |cost: &Cost| cost.iter().sum::<f64>();
        let share = of.iter().zip(&costs[0]);
        let figures = [
            median(of.iter().map(|cost| cost[0])),
            median(of.iter().map(|cost| cost[1])),
            median(of.iter().map(both)) / gb,
            median(share.map(|(cost, document)| 100.0 * both(cost) / both(document))),
        ];
        table.row(way.to_lowercase(), &figures);
    }
    table.print(options.json);
    Ok(())
}

async fn cost(nodes: &[Node; 2], way: &str, bodies: &[Bytes], prefix: &str) -> Result<Cost> {
    let [first, second] = nodes;
    let bodies = moved(bodies, prefix);
    let settings = Settings {
        replicas: Some(1),
        replication: Some(way.to_owned()),
        ..Settings::default()
    };
    first.put(templates(prefix, &settings)).await?;
    let start = [first.cpu()?, second.cpu()?];
    load(first, bodies).await?;
    let refresh = format!("/{prefix}-*/_refresh");
    first.call(Method::Post, &refresh, None).await?;
    await_replicas(first, prefix).await?;
    let cost = [first.cpu()? - start[0], second.cpu()? - start[1]];
    first.forget(prefix).await?;
    Ok(cost)
}

/// Waits until each replica shows as many documents as its primary.
async fn await_replicas(node: &Node, prefix: &str) -> Result<()> {
    let path = format!("/{prefix}-*/_stats/docs");
    loop {
        let stats = node.call(Method::Get, &path, None).await?;
        let count = |of: &str| -> Result<u64> {
            let count: &Value = &stats["_all"][of]["docs"]["count"];
            count.as_u64().context("the number of documents")
        };
        if count("total")? == 2 * count("primaries")? {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}
