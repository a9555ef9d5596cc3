/*! `dead-letters redrive`: the queue goes in; the messages of its dead-letter queue are moved back, with progress. */

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::commands::shared::aws_clients::{aws_config, has_own_endpoint, sqs_client};
use crate::commands::shared::table::grouped;
use crate::config::RedriveConfig;
use crate::source::QueueError;
use crate::source::sqs::redrive::{MoveTask, Redrive, TaskError};

/// Time between two looks at a task.
const POLL: Duration = Duration::from_secs(1);
/// Time between two log lines.
const LOG: Duration = Duration::from_secs(10);

pub async fn run(config: RedriveConfig) -> anyhow::Result<()> {
    let aws = aws_config("the queue's region").await?;
    let client = sqs_client(&aws, Duration::from_secs(15));
    let redrive = Redrive::find(client, &config.queue_url).await?;
    let result = if config.dry_run {
        Outcome::new(0, "dry run")
    } else if config.cancel {
        cancel(&redrive).await?
    } else {
        match task(&redrive, config.rate).await {
            Ok(outcome) => outcome?,
            Err(TaskError::Unknown(error)) if has_own_endpoint() => {
                tracing::info!(%error, "the server has no tasks that move messages: they are moved by hand");
                by_hand(&redrive).await?
            }
            Err(TaskError::Unknown(error) | TaskError::Failed(error)) => return Err(error.into()),
        }
    };
    let left = depth(&redrive).await?;
    let mut out = std::io::stdout();
    let Outcome { moved, status } = &result;
    if config.json {
        let all = json!({"dead_letter_queue": redrive.dead_url, "status": status, "moved": moved, "left": left});
        writeln!(out, "{all}")?;
    } else {
        let (moved, left) = (grouped(*moved), grouped(left));
        writeln!(
            out,
            "{}: {status}: {moved} moved, about {left} left.",
            redrive.dead_url
        )?;
    }
    match &**status {
        "failed" => bail!("the task failed: run it again"),
        "cancelled" if !config.cancel => bail!("the task was cancelled: run it again"),
        _ => Ok(()),
    }
}

/// How a redrive ended.
struct Outcome {
    moved: u64,
    status: String,
}

impl Outcome {
    fn new(moved: u64, status: &str) -> Self {
        let status = status.to_lowercase();
        Self { moved, status }
    }
}

/// Starts a task, or finds the one that is running, and watches it to its end.
async fn task(redrive: &Redrive, rate: Option<i32>) -> Result<anyhow::Result<Outcome>, TaskError> {
    let running = redrive.latest().await?.filter(MoveTask::is_running);
    let before = depth(redrive).await.map_err(TaskError::Failed)?;
    if running.is_some() {
        tracing::info!("a task is running already: it is watched");
    } else {
        if before == 0 {
            return Ok(Ok(Outcome::new(0, "nothing to move")));
        }
        redrive.start(rate).await?;
        tracing::info!(
            queue = redrive.dead_url,
            "the task is started; --cancel ends it"
        );
    }
    watch(redrive, before).await
}

/// Messages in the dead-letter queue.
async fn depth(redrive: &Redrive) -> Result<u64, QueueError> {
    let depth = redrive.depth().await?;
    Ok(depth.visible + depth.in_flight + depth.delayed)
}

/// `before`: messages in the dead-letter queue at the start.
async fn watch(redrive: &Redrive, before: u64) -> Result<anyhow::Result<Outcome>, TaskError> {
    let mut progress = Progress::new();
    loop {
        tokio::time::sleep(POLL).await;
        let latest = redrive.latest().await?;
        match latest {
            Some(task) if task.is_running() => {
                progress.show(task.moved, task.of);
            }
            Some(task) => {
                progress.clear();
                if let Some(failure) = &task.failure {
                    return Ok(Err(anyhow::anyhow!("the task failed: {failure}")));
                }
                return Ok(Ok(Outcome::new(task.moved, &task.status)));
            }
            // An emulator has forgotten the task: it has ended.
            None => {
                progress.clear();
                let left = depth(redrive).await.map_err(TaskError::Failed)?;
                let moved = before.saturating_sub(left);
                return Ok(Ok(Outcome::new(moved, "completed")));
            }
        }
    }
}

async fn cancel(redrive: &Redrive) -> anyhow::Result<Outcome> {
    let latest = match redrive.latest().await {
        Ok(latest) => latest,
        Err(TaskError::Unknown(error) | TaskError::Failed(error)) => return Err(error.into()),
    };
    let handle = latest
        .filter(MoveTask::is_running)
        .and_then(|task| task.handle);
    let Some(handle) = handle else {
        bail!("no task is running on {}", redrive.dead_url);
    };
    match redrive.cancel(&handle).await {
        Ok(moved) => Ok(Outcome::new(moved, "cancelled")),
        Err(TaskError::Unknown(error) | TaskError::Failed(error)) => Err(error.into()),
    }
}

/// Moves at most as many messages as the queue held at the start: the worker may send some of them back.
async fn by_hand(redrive: &Redrive) -> anyhow::Result<Outcome> {
    let most = depth(redrive).await?;
    let mut progress = Progress::new();
    let mut moved = 0;
    while moved < most {
        let (received, now) = redrive.move_by_hand().await?;
        moved += now as u64;
        if received == 0 {
            break;
        }
        if now < received {
            bail!("SQS took {now} of {received} messages; {moved} were moved: run it again");
        }
        progress.show(moved, Some(most));
    }
    progress.clear();
    Ok(Outcome::new(moved, "completed"))
}

/// A bar on a terminal, log lines elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    logged: Instant,
}

impl Progress {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} messages  {elapsed}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        Self {
            bar,
            logged: Instant::now(),
        }
    }

    fn show(&mut self, moved: u64, of: Option<u64>) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(of.unwrap_or(moved));
                bar.set_position(moved);
            }
            None if self.logged.elapsed() >= LOG => {
                self.logged = Instant::now();
                tracing::info!(moved, of, "messages are moved");
            }
            None => {}
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
