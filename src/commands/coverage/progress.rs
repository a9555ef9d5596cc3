/*! Numbers of judged objects go in; a line on a terminal, or log lines, come out. */

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::commands::shared::table::grouped;

const LINE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    bar: ProgressBar,
    objects: AtomicU64,
    missing: AtomicU64,
    logged: Mutex<Instant>,
}

impl Progress {
    pub(super) fn start() -> Self {
        let bar = match std::io::stderr().is_terminal() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self {
            bar,
            objects: AtomicU64::new(0),
            missing: AtomicU64::new(0),
            logged: Mutex::new(Instant::now()),
        }
    }

    /// Adds the numbers of a page.
    pub(super) fn add(&self, group: &str, objects: u64, missing: u64) {
        let objects = self.objects.fetch_add(objects, Ordering::Relaxed) + objects;
        let missing = self.missing.fetch_add(missing, Ordering::Relaxed) + missing;
        if !self.bar.is_hidden() {
            let (objects, missing) = (grouped(objects), grouped(missing));
            self.bar
                .set_message(format!("{objects} objects, {missing} missing  {group}"));
            self.bar.tick();
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.elapsed() >= LINE_EVERY {
            *logged = Instant::now();
            tracing::info!(objects, missing, group, "looking");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
