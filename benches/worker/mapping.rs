/*! The cost of documents in the index: the node's CPU seconds to index them and to merge them into one segment, and
their bytes on disk afterwards. Every round sends the same bodies to each variant in turn, on a warm node. */

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bytes::Bytes;
use opensearch::http::Method;
use serde_json::Value;

use crate::Options;
use crate::bodies::{self, captured_both, load, moved, prefix};
use crate::load::STREAMS;
use crate::node::Node;
use crate::servers::Ends;
use crate::table::{Table, median};
use crate::variants::{self, DYNAMIC, OURS, Variant};

const WARM_UPS: usize = 2;

/// Cost of one variant in one round.
#[derive(Debug)]
struct Cost {
    indexing: f64,
    merging: f64,
    /// Bytes on disk, with one segment per index.
    bytes: f64,
    /// Bytes by kind of file.
    files: BTreeMap<String, f64>,
}

pub async fn run(options: &Options, only: &[String], rounds: usize) -> Result<()> {
    let variants = chosen(only)?;
    let made = STREAMS.scaled(options.scale).objects()?;
    let ends = Ends::start(options).await?;
    let bodies = captured_both(&ends, options, &made).await?;
    drop(ends);
    let node = Node::start(options)?;
    eprintln!("bench: warming the node up");
    for number in 0..WARM_UPS {
        for variant in variants.iter().take(2) {
            cost(&node, variant, &bodies, &prefix(number)).await?;
        }
    }
    let mut costs: Vec<Vec<Cost>> = variants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (variant, costs) in variants.iter().zip(&mut costs) {
            let cost = cost(&node, variant, &bodies, &prefix(10 + round)).await?;
            eprintln!(
                "bench: {}/{rounds} {}: {:.2} + {:.2} CPU s, {:.2} MB",
                round + 1,
                variant.name,
                cost.indexing,
                cost.merging,
                cost.bytes / 1e6
            );
            costs.push(cost);
        }
    }
    let title = format!(
        "{} documents of {:.0} MB of logs, median of {rounds}",
        bodies::documents(&bodies[0]),
        made.bytes as f64 / 1e6
    );
    print(options, &title, &variants, &costs, made.bytes as f64 / 1e9);
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<Variant>> {
    let variants: Vec<_> = variants::all()
        .into_iter()
        .filter(|v| {
            [DYNAMIC, OURS].contains(&v.name.as_str()) || only.iter().any(|o| v.name.starts_with(o))
        })
        .collect();
    ensure!(
        only.is_empty() || variants.len() > 2,
        "no variant is called so; there are: {}",
        variants::all()
            .iter()
            .map(|v| v.name.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    );
    Ok(variants)
}

async fn cost(
    node: &Node,
    variant: &Variant,
    bodies: &[Vec<Bytes>; 2],
    prefix: &str,
) -> Result<Cost> {
    let bodies = moved(&variant.bodies(bodies), prefix);
    node.put(variant.templates(prefix)).await?;
    let start = node.cpu()?;
    load(node, bodies).await?;
    let post = async |what: &str| {
        node.call(Method::Post, &format!("/{prefix}-*/{what}"), None)
            .await
    };
    post("_refresh").await?;
    let indexed = node.cpu()?;
    post("_forcemerge?max_num_segments=1").await?;
    // The flush removes the files of merged segments.
    post("_flush?force=true").await?;
    post("_refresh").await?;
    let merged = node.cpu()?;
    // The figure of the store's statistics may be ten seconds old.
    let path = format!("/{prefix}-*/_stats/segments?include_segment_file_sizes=true");
    let stats = node.call(Method::Get, &path, None).await?;
    let path = format!("/{prefix}-*/_segments?filter_path=**.size_in_bytes");
    let segments = node.call(Method::Get, &path, None).await?;
    let files = stats["_all"]["primaries"]["segments"]["file_sizes"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    node.forget(prefix).await?;
    Ok(Cost {
        indexing: indexed - start,
        merging: merged - indexed,
        bytes: sum(&segments),
        files: files
            .into_iter()
            .map(|(name, file)| (name, file["size_in_bytes"].as_f64().unwrap_or(0.0)))
            .collect(),
    })
}

fn sum(value: &Value) -> f64 {
    match value {
        Value::Object(object) => object.values().map(sum).sum(),
        Value::Array(array) => array.iter().map(sum).sum(),
        number => number.as_f64().unwrap_or(0.0),
    }
}

/// Kinds of content, with the extensions of Lucene's files.
const KINDS: [(&str, &[&str]); 4] = [
    ("sources, MB", &["fdt", "fdx", "fdm"]),
    (
        "terms, MB",
        &["tim", "tip", "tmd", "doc", "pos", "pay", "psm"],
    ),
    ("doc values, MB", &["dvd", "dvm", "dvs"]),
    ("points, MB", &["kdd", "kdi", "kdm"]),
];

fn print(options: &Options, title: &str, variants: &[Variant], costs: &[Vec<Cost>], gb: f64) {
    let mut columns = vec![
        "CPU s indexing",
        "CPU s merging",
        "CPU s/GB",
        "CPU of dynamic %",
        "MB on disk",
        "disk of dynamic %",
    ];
    columns.extend(KINDS.map(|(name, _)| name));
    let mut table = Table::new(title, &columns);
    let total = |costs: &[Cost]| median(costs.iter().map(|c| c.indexing + c.merging));
    let disk = |costs: &[Cost]| median(costs.iter().map(|c| c.bytes));
    let mut rows: Vec<_> = variants.iter().zip(costs).collect();
    rows.sort_by(|a, b| total(a.1).total_cmp(&total(b.1)));
    for (variant, of) in rows {
        let mut figures = vec![
            median(of.iter().map(|c| c.indexing)),
            median(of.iter().map(|c| c.merging)),
            total(of) / gb,
            // Both figures of a ratio come from the same round, so that other load on the machine matters less.
            median(
                of.iter()
                    .zip(&costs[0])
                    .map(|(c, d)| 100.0 * (c.indexing + c.merging) / (d.indexing + d.merging)),
            ),
            disk(of) / 1e6,
            100.0 * disk(of) / disk(&costs[0]),
        ];
        figures.extend(KINDS.map(|(_, files)| {
            median(
                of.iter()
                    .map(|c| files.iter().filter_map(|f| c.files.get(*f)).sum::<f64>()),
            ) / 1e6
        }));
        table.row(&variant.name, &figures);
    }
    table.print(options.json);
}
