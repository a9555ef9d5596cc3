/*! Three loads through a real queue, a real store and a stub of the index. */

use anyhow::{Context, Result, ensure};

use crate::Options;
use crate::load::{LARGE, Load, TINY, TYPICAL};
use crate::process::{self, Running};
use crate::servers::Ends;
use crate::stub::Stub;
use crate::table::Table;

/// Default of `--bulk-size`, in bytes.
const BULK: f64 = 5_000_000.0;

pub async fn run(options: &Options, only: &[String]) -> Result<()> {
    let ends = Ends::start(options).await?;
    let mut table = Table::new(
        "load",
        &[
            "CPU s/GB",
            "MB/s",
            "events/s",
            "objects/s",
            "CPU ms/object",
            "peak MB",
            "bulk fill %",
            "bytes sent %",
            "worker's share of the cores %",
            "machine busy %",
        ],
    );
    for load in [LARGE, TYPICAL, TINY] {
        if only.is_empty() || only.iter().any(|name| name == load.name) {
            let (name, figures) = measure(&ends, options, load.scaled(options.scale)).await?;
            table.row(name, &figures);
        }
    }
    drop(ends);
    table.print(options.json);
    Ok(())
}

async fn measure(ends: &Ends, options: &Options, load: Load) -> Result<(String, [f64; 10])> {
    let made = load.objects()?;
    eprintln!("bench: {}: uploading", load.name);
    ends.upload(&made.objects).await?;
    let queue = ends.create_queue(load.name).await?;
    ends.notify(&queue, &made.objects).await?;
    let (stub, index) = Stub::start().await?;
    let mut command = ends.worker(options, &queue, &index);
    command.arg("--until-empty");
    eprintln!("bench: {}: working", load.name);
    let busy_before = process::machine_busy()?;
    let started = std::time::Instant::now();
    let used = Running::start(command, load.name)?.finish().await?;
    let counts = stub.counts();
    ensure!(
        ends.depth(&queue).await? == [0, 0],
        "{}: the queue is not empty at the end",
        load.name
    );
    ensure!(
        counts.documents >= made.events,
        "{}: {} documents of {} events",
        load.name,
        counts.documents,
        made.events
    );
    // Afterwards the worker waits until the queue stays empty: that time is no part of the load.
    let end = counts.last.context("no bulk came")?;
    let (last, busy) = (
        end.at.duration_since(started).as_secs_f64(),
        end.busy - busy_before,
    );
    let (gb, objects) = (made.bytes as f64 / 1e9, made.objects.len() as f64);
    let name = format!(
        "{}: {objects} × {:.3} MB, gzip 1 : {:.1}",
        load.name,
        load.bytes as f64 / 1e6,
        made.bytes as f64 / made.packed as f64
    );
    let figures = [
        used.cpu / gb,
        gb * 1000.0 / last,
        made.events as f64 / last,
        objects / last,
        used.cpu * 1000.0 / objects,
        used.peak as f64 / 1e6,
        100.0 * counts.bytes as f64 / counts.bodies as f64 / BULK,
        100.0 * counts.wire as f64 / counts.bytes as f64,
        100.0 * used.cpu / last / process::cores(),
        100.0 * busy / last / process::cores(),
    ];
    Ok((name, figures))
}
