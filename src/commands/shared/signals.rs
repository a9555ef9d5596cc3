/*! Signals to end go in; a cancelled token comes out. */

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            int: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Cancels `stop` at the first signal. Further signals change nothing.
pub(crate) fn stop_at_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        stop.cancel();
    });
    Ok(())
}

/// Cancels `stop` at the first signal and logs `stopping`. The second signal ends the process at once, with `ending` in
/// the log if there is something to say.
pub(crate) fn drain_at_signal(
    stop: &CancellationToken,
    stopping: &'static str,
    ending: Option<&'static str>,
) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("{stopping}");
        stop.cancel();
        signals.next().await;
        if let Some(ending) = ending {
            tracing::warn!("{ending}");
        }
        #[expect(clippy::disallowed_methods, reason = "this is the second signal")]
        std::process::exit(130);
    });
    Ok(())
}
