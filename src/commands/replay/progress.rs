//! The state of a running replay goes in; a progress bar on a terminal, or log lines, and metrics come out.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::observe::{Metrics, ReplayState};
use crate::source::listing::feed::survey;
use crate::source::listing::{Lister, ListingQueue, Selection};

const BAR_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows the progress until it is told to end.
pub(super) struct Progress {
    tasks: [JoinHandle<()>; 3],
    bar: ProgressBar,
}

/// The number of objects, as far as it is counted.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    objects: u64,
    is_final: bool,
}

/// Never closed: each task has the sender.
type Counted = Arc<watch::Sender<Total>>;

impl Progress {
    pub(super) fn start(
        queue: Arc<ListingQueue>,
        metrics: Arc<Metrics>,
        lister: Arc<dyn Lister>,
        selection: &Selection,
    ) -> Self {
        let bar = bar();
        let total: Counted = Arc::default();
        let counting = count(queue.clone(), lister, selection.copy(), total.clone());
        let measuring = measure(queue.clone(), metrics.clone(), total.clone());
        let showing = show(queue, metrics, total, bar.clone());
        Self {
            tasks: [
                tokio::spawn(counting),
                tokio::spawn(measuring),
                tokio::spawn(showing),
            ],
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
    total: Counted,
) {
    let (now, unlisted) = queue.position();
    let known = now.settled + now.open as u64;
    let mut objects = known;
    let mut is_final = unlisted.is_none();
    if let Some(through) = unlisted {
        let counted = |counted| {
            objects = known + counted;
            total.send_modify(|total| total.objects = objects);
        };
        // A listing that fails stops the replay itself.
        let survey = survey(&*lister, &selection, through, 0, counted).await;
        is_final = survey.is_ok();
    }
    total.send_replace(Total { objects, is_final });
}

/// Keeps the metrics at the state of the queue.
async fn measure(queue: Arc<ListingQueue>, metrics: Arc<Metrics>, total: Counted) {
    let mut counted = total.subscribe();
    let resumed = queue.progress().settled;
    loop {
        let changed = queue.changed();
        let now = queue.progress();
        let total = *counted.borrow_and_update();
        let seen = now.settled + now.open as u64;
        metrics.replay.show(&ReplayState {
            listed: if total.is_final {
                total.objects
            } else {
                total.objects.max(seen)
            },
            is_counted: total.is_final,
            settled: now.settled,
            settled_bytes: now.settled_bytes,
            failed: now.given_up as u64,
            resumed,
        });
        tokio::select! {
            () = changed => {}
            _ = counted.changed() => {}
        }
    }
}

async fn show(queue: Arc<ListingQueue>, metrics: Arc<Metrics>, total: Counted, bar: ProgressBar) {
    let (started, before) = (Instant::now(), queue.progress().settled);
    let every = if bar.is_hidden() {
        LINE_EVERY
    } else {
        BAR_EVERY
    };
    loop {
        tokio::time::sleep(every).await;
        let now = queue.progress();
        let counted = *total.borrow();
        let of = counted.is_final.then_some(counted.objects);
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
        bar.set_length(counted.objects);
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
