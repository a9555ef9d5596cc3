//! The state of a running replay goes in; a progress bar on a terminal, or log lines, come out.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::observe::Metrics;
use crate::source::listing::feed::survey;
use crate::source::listing::{Lister, ListingQueue, Selection};

const BAR_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows the progress until it is told to end.
pub(super) struct Progress {
    tasks: [JoinHandle<()>; 2],
    bar: ProgressBar,
}

/// The number of objects, as far as it is counted.
#[derive(Default)]
struct Total {
    objects: AtomicU64,
    is_final: AtomicBool,
}

impl Progress {
    pub(super) fn start(
        queue: Arc<ListingQueue>,
        metrics: Arc<Metrics>,
        lister: Arc<dyn Lister>,
        selection: &Selection,
    ) -> Self {
        let bar = bar();
        let total = Arc::new(Total::default());
        let counting = count(queue.clone(), lister, selection.copy(), total.clone());
        let showing = show(queue, metrics, total, bar.clone());
        Self {
            tasks: [tokio::spawn(counting), tokio::spawn(showing)],
            bar,
        }
    }

    pub(super) fn end(self) {
        for task in self.tasks {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} objects  {msg}  {elapsed}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Lists ahead of the replay: only that tells how much is left.
async fn count(
    queue: Arc<ListingQueue>,
    lister: Arc<dyn Lister>,
    selection: Selection,
    total: Arc<Total>,
) {
    let now = queue.progress();
    let known = now.settled + now.open as u64;
    let through = queue.through();
    if queue.is_listed() {
        total.objects.store(known, Ordering::Relaxed);
        total.is_final.store(true, Ordering::Relaxed);
        return;
    }
    let counted = |objects| total.objects.store(known + objects, Ordering::Relaxed);
    // A listing that fails stops the replay itself.
    let survey = survey(&*lister, &selection, through, 0, counted).await;
    total.is_final.store(survey.is_ok(), Ordering::Relaxed);
}

async fn show(
    queue: Arc<ListingQueue>,
    metrics: Arc<Metrics>,
    total: Arc<Total>,
    bar: ProgressBar,
) {
    let (started, before) = (Instant::now(), queue.progress().settled);
    let every = if bar.is_hidden() {
        LINE_EVERY
    } else {
        BAR_EVERY
    };
    loop {
        tokio::time::sleep(every).await;
        let now = queue.progress();
        let of = total.objects.load(Ordering::Relaxed);
        let of = total.is_final.load(Ordering::Relaxed).then_some(of);
        let rate = (now.settled - before) as f64 / started.elapsed().as_secs_f64();
        let eta = of.and_then(|of| eta(of.saturating_sub(now.settled), rate));
        let documents = metrics.counts().indexed;
        if bar.is_hidden() {
            tracing::info!(
                objects = now.settled,
                of,
                bytes = now.settled_bytes,
                documents,
                objects_per_second = rate.round() as u64,
                eta_seconds = eta.map(|eta| eta.as_secs()),
                given_up = (now.given_up > 0).then_some(now.given_up),
                "replaying"
            );
            continue;
        }
        bar.set_length(of.unwrap_or_else(|| total.objects.load(Ordering::Relaxed)));
        bar.set_position(now.settled);
        let left = match eta {
            Some(eta) => format!("{} left", humantime::format_duration(eta)),
            None => "counting".to_owned(),
        };
        bar.set_message(format!("{documents} documents  {rate:.0}/s  {left}"));
    }
}

/// The time that `left` objects take, in whole seconds.
fn eta(left: u64, rate: f64) -> Option<Duration> {
    (rate > 0.0).then(|| Duration::from_secs((left as f64 / rate).ceil() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_the_rate() {
        assert_eq!(eta(100, 10.0), Some(Duration::from_secs(10)));
        assert_eq!(eta(1, 10.0), Some(Duration::from_secs(1)));
        assert_eq!(eta(0, 10.0), Some(Duration::ZERO));
        assert_eq!(eta(100, 0.0), None);
    }
}
