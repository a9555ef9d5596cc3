/*! The worker with a real OpenSearch, compared with a bare loader that sends the same ready-made bodies. */

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;

use crate::Options;
use crate::bodies::{self, captured, load, moved, prefix};
use crate::load::{Objects, TYPICAL};
use crate::node::Node;
use crate::process::Running;
use crate::servers::Ends;
use crate::table::{Table, median};

/// Fraction of the typical load; a larger one takes minutes per round.
const PART: f64 = 0.03;
const WARM_UPS: usize = 3;

/// Figures of one load of all documents.
struct Round {
    documents_a_second: f64,
    node_cpu: f64,
    worker_cpu: f64,
}

pub async fn run(options: &Options, rounds: usize) -> Result<()> {
    let ends = Ends::start(options).await?;
    let made = TYPICAL.scaled(PART * options.scale).objects()?;
    let bodies = captured(&ends, options, &made).await?;
    let documents = bodies::documents(&bodies) as u64;
    let node = Node::start(options)?;
    eprintln!("bench: warming the node up");
    for number in 0..WARM_UPS {
        bare(&node, &bodies, documents, number).await?;
    }
    let (mut by_worker, mut by_loader) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        eprintln!("bench: round {} of {rounds}", round + 1);
        let number = WARM_UPS + 2 * round;
        // Worker and loader go first in alternation.
        if round % 2 == 0 {
            by_worker.push(worker(&ends, options, &node, &made, documents, number).await?);
        }
        by_loader.push(bare(&node, &bodies, documents, number + 1).await?);
        if round % 2 == 1 {
            by_worker.push(worker(&ends, options, &node, &made, documents, number).await?);
        }
    }
    let mb = made.bytes as f64 / 1e6;
    let title = format!("{documents} documents of {mb:.0} MB, median of {rounds}");
    let mut table = Table::new(
        title,
        &[
            "documents/s",
            "node CPU s",
            "worker CPU s",
            "worker CPU of node CPU %",
        ],
    );
    for (name, rounds) in [("worker", &by_worker), ("bare loader", &by_loader)] {
        let of = |f: fn(&Round) -> f64| median(rounds.iter().map(f));
        let (node, worker) = (of(|r| r.node_cpu), of(|r| r.worker_cpu));
        table.row(
            name,
            &[
                of(|r| r.documents_a_second),
                node,
                worker,
                100.0 * worker / node,
            ],
        );
    }
    let ratio = |f: fn(&Round) -> f64| {
        median(
            by_worker
                .iter()
                .zip(&by_loader)
                .map(|(w, l)| 100.0 * f(w) / f(l)),
        )
    };
    table.row(
        "worker of bare loader, %",
        &[
            ratio(|r| r.documents_a_second),
            ratio(|r| r.node_cpu),
            f64::NAN,
            f64::NAN,
        ],
    );
    table.print(options.json);
    Ok(())
}

async fn worker(
    ends: &Ends,
    options: &Options,
    node: &Node,
    made: &Objects,
    documents: u64,
    number: usize,
) -> Result<Round> {
    let prefix = prefix(number);
    let queue = ends.create_queue(&prefix).await?;
    ends.notify(&queue, &made.objects).await?;
    let mut command = ends.worker(options, &queue, &node.url());
    command.args(["--until-empty", "--index-prefix", &prefix]);
    node.set_up(&prefix).await?;
    let before = node.cpu()?;
    let running = Running::start(command, "node")?;
    let documents_a_second = watch(node, &prefix, documents).await?;
    let used = running.finish().await?;
    let node_cpu = node.cpu()? - before;
    node.forget(&prefix).await?;
    Ok(Round {
        documents_a_second,
        node_cpu,
        worker_cpu: used.cpu,
    })
}

async fn bare(node: &Node, bodies: &[Bytes], documents: u64, number: usize) -> Result<Round> {
    let prefix = prefix(number);
    let bodies = moved(bodies, &prefix);
    node.set_up(&prefix).await?;
    let before = node.cpu()?;
    let (loaded, documents_a_second) =
        tokio::join!(load(node, bodies), watch(node, &prefix, documents));
    loaded?;
    let documents_a_second = documents_a_second?;
    let node_cpu = node.cpu()? - before;
    node.forget(&prefix).await?;
    Ok(Round {
        documents_a_second,
        node_cpu,
        worker_cpu: 0.0,
    })
}

/// Documents per second, from the first indexed document to the last.
async fn watch(node: &Node, prefix: &str, documents: u64) -> Result<f64> {
    let started = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut first = None;
    loop {
        tick.tick().await;
        let taken = node.taken(prefix).await?;
        let now = Instant::now();
        match first {
            None if taken > 0 => first = Some((now, taken)),
            Some((since, already)) if taken >= documents => {
                return Ok((taken - already) as f64 / (now - since).as_secs_f64());
            }
            _ => {}
        }
        ensure!(
            started.elapsed() < Duration::from_secs(900),
            "{taken} of {documents} documents in 15 minutes"
        );
    }
}
