/*! Texts and hits go to standard output, notes for a person to standard error. */

use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

use crate::commands::search::lists::Screen;
use crate::search::Hit;

/// Columns of a terminal that reports no width.
const DEFAULT_COLUMNS: u16 = 120;

pub fn screen() -> Screen {
    let columns = || {
        let size = console::Term::stdout().size_checked();
        usize::from(size.map_or(DEFAULT_COLUMNS, |(_, columns)| columns))
    };
    let is_terminal = std::io::stdout().is_terminal();
    Screen {
        columns: is_terminal.then(columns),
    }
}

pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a sentence to standard error, ignoring errors: a closed standard error wants no notes.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "logferry: {text}");
}

/// Hits as JSON lines in the format of `ingest --to ndjson`.
pub fn json_lines(hits: &[Hit]) -> serde_json::Result<String> {
    let mut lines = String::new();
    for hit in hits {
        let index = serde_json::to_string(&hit.index)?;
        let id = serde_json::to_string(&hit.id)?;
        let source = hit.source_text();
        lines.push_str(&format!(
            "{{\"_index\":{index},\"_id\":{id},\"_source\":{source}}}\n"
        ));
    }
    Ok(lines)
}

pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Ends when the reader of standard output is gone. A command that has nothing to write would not learn it otherwise.
pub async fn reader_gone() {
    let out = std::io::stdout().as_fd().try_clone_to_owned();
    // The sender only watches the pipe. A file cannot be watched and has no reader.
    let Ok(out) = out.and_then(Sender::from_owned_fd_unchecked) else {
        return std::future::pending().await;
    };
    if out.ready(Interest::ERROR).await.is_err() {
        std::future::pending().await
    }
}
