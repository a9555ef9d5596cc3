/*! Memory over time: objects of all sizes for a given time; resident bytes are sampled every few seconds. */

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::Instant;

use crate::Options;
use crate::load::{LARGE, Load, Objects, TINY, TYPICAL};
use crate::process::{self, Running};
use crate::servers::Ends;
use crate::stub::Stub;
use crate::table::Table;

const EVERY: Duration = Duration::from_secs(5);
/// Number of messages that wait in the queue.
const DEPTH: usize = 400;

pub async fn run(options: &Options, minutes: f64) -> Result<()> {
    let ends = Ends::start(options).await?;
    let mix = mixture(options.scale)?;
    ends.upload(&mix.objects).await?;
    let queue = ends.create_queue("soak").await?;
    let (stub, index) = Stub::start().await?;
    let mut running = Running::start(ends.worker(options, &queue, &index), "soak")?;
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(minutes * 60.0);
    let mut next = mix.objects.iter().cycle();
    // Pairs of minutes since the start and resident kB.
    let mut samples = Vec::new();
    let mut sampled = started;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    while Instant::now() < end {
        second.tick().await;
        ensure!(
            !running.ended(),
            "the worker ended: see target/bench/soak.log"
        );
        let [waiting, _] = ends.depth(&queue).await?;
        let more: Vec<_> = next
            .by_ref()
            .take(DEPTH.saturating_sub(waiting))
            .cloned()
            .collect();
        ends.notify(&queue, &more).await?;
        if sampled.elapsed() >= EVERY {
            sampled = Instant::now();
            if let Some(resident) = process::memory(running.pid(), "VmRSS:") {
                samples.push((
                    started.elapsed().as_secs_f64() / 60.0,
                    resident as f64 / 1000.0,
                ));
                eprintln!(
                    "bench: {:5.1} min {:7.0} kB",
                    started.elapsed().as_secs_f64() / 60.0,
                    resident as f64 / 1000.0
                );
            }
        }
    }
    running.terminate()?;
    let used = running.finish().await?;
    let half = &samples[samples.len() / 2..];
    let mut table = Table::new(
        "soak",
        &[
            "minutes",
            "GB of bodies",
            "documents",
            "peak MB",
            "mean MB of the second half",
            "slope of it, kB/min",
        ],
    );
    let counts = stub.counts();
    let mean = half.iter().map(|(_, kb)| kb).sum::<f64>() / half.len() as f64 / 1000.0;
    table.row(
        "all sizes",
        &[
            minutes,
            counts.bytes as f64 / 1e9,
            counts.documents as f64,
            used.peak as f64 / 1e6,
            mean,
            slope(half),
        ],
    );
    table.print(options.json);
    Ok(())
}

/// A mixture in which each size matters: hundreds of objects of 3 kB, some of 4 MB, one large one.
fn mixture(scale: f64) -> Result<Objects> {
    let part = |load: Load, objects| Load { objects, ..load }.objects();
    let mut mix = part(TINY, 400)?;
    let large = Load {
        objects: 1,
        ..LARGE
    }
    .scaled(scale)
    .objects()?;
    for more in [part(TYPICAL, 20)?, large] {
        mix.objects.extend(more.objects);
        mix.bytes += more.bytes;
        mix.events += more.events;
        mix.packed += more.packed;
    }
    fastrand::Rng::with_seed(1).shuffle(&mut mix.objects);
    Ok(mix)
}

/// Slope of the best-fitting straight line.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let rise: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    rise / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}
