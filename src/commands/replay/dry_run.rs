//! `replay --dry-run`: the listing goes in; a count of its objects, and an estimate from a sample of them, come out.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::commands::replay::inputs::Inputs;
use crate::observe::Metrics;
use crate::pipeline;
use crate::pipeline::{Ends, PipelineConfig};
use crate::sink::ndjson::Ndjson;
use crate::source::listing::feed::{Survey, survey};
use crate::source::listing::{Checkpoint, ListingQueue, Page, Selection};

/// Larger objects are not read for the sample.
const MOST_BYTES: u64 = 32 << 20;

pub(super) async fn run(
    inputs: Inputs,
    selection: &Selection,
    start: Checkpoint,
    config: PipelineConfig,
    to_queue: bool,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    // Twice as many as are read at once, so that the sample is read at the replay's speed.
    let objects = if to_queue {
        0
    } else {
        2 * config.receive.objects_in_flight
    };
    let open = start.open.len() as u64;
    let counting = survey(&*inputs.lister, selection, start.through, objects, |_| {});
    let Some(survey) = stop.run_until_cancelled(counting).await else {
        anyhow::bail!("interrupted");
    };
    let mut survey = survey?;
    survey.objects += open;
    let estimate = match to_queue {
        true => None,
        false => sample(inputs, &mut survey, config, stop.clone()).await?,
    };
    let mut out = std::io::stdout().lock();
    let written = out.write_all(report(&survey, start.settled, estimate).as_bytes());
    Ok(written?)
}

/// Documents and time of the whole, by those of the sample.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Estimate {
    documents: f64,
    time: Duration,
}

/// Sends the sample through the pipeline into nothing. None: there is no sample.
async fn sample(
    inputs: Inputs,
    survey: &mut Survey,
    mut config: PipelineConfig,
    stop: CancellationToken,
) -> anyhow::Result<Option<Estimate>> {
    let mut objects = std::mem::take(&mut survey.sample);
    objects.retain(|listed| listed.object.size.is_none_or(|size| size <= MOST_BYTES));
    if objects.is_empty() {
        return Ok(None);
    }
    let (read, bytes) = (
        objects.len() as u64,
        objects
            .iter()
            .filter_map(|listed| listed.object.size)
            .sum::<u64>(),
    );
    tracing::info!(
        objects = read,
        bytes,
        "reading a sample; nothing is written"
    );
    let queue = Arc::new(ListingQueue::new(1));
    queue.add(Page {
        objects,
        through: None,
        more: false,
    });
    let ends = Ends {
        queue,
        store: inputs.store,
        index: Arc::new(Ndjson::new(std::io::sink())),
        dead_letters: None,
    };
    config.bulk.linger = Duration::from_millis(10);
    let metrics = Arc::new(Metrics::new());
    let started = Instant::now();
    pipeline::run(ends, config, metrics.clone(), stop).await?;
    let share = match bytes {
        0 => survey.objects as f64 / read as f64,
        bytes => survey.bytes as f64 / bytes as f64,
    };
    Ok(Some(Estimate {
        documents: metrics.counts().indexed as f64 * share,
        time: started.elapsed().mul_f64(share),
    }))
}

fn report(survey: &Survey, settled: u64, estimate: Option<Estimate>) -> String {
    let bytes = bytesize::ByteSize(survey.bytes).display().iec();
    let mut lines = format!("objects    {}\nstored     {bytes}\n", survey.objects);
    if settled > 0 {
        lines += &format!("settled    {settled} before, which are left out\n");
    }
    if let Some(Estimate { documents, time }) = estimate {
        let time = Duration::from_secs(time.as_secs_f64().ceil() as u64);
        let time = humantime::format_duration(time);
        lines += &format!(
            "documents  about {documents:.0}\ntime       at least {time}: reading and parsing, without the index\n"
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_four_lines() {
        let survey = Survey {
            objects: 1000,
            bytes: 5 << 20,
            ..Survey::default()
        };
        let estimate = Estimate {
            documents: 12_345.6,
            time: Duration::from_millis(61_100),
        };
        assert_eq!(
            report(&survey, 7, Some(estimate)),
            "objects    1000\nstored     5.0 MiB\nsettled    7 before, which are left out\n\
             documents  about 12346\ntime       at least 1m 2s: reading and parsing, without the index\n"
        );
    }
}
