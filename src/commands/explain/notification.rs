/*! `explain notification`: a message body goes in; the objects that it names are printed. */

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// Prints one JSON line for each object that a message body names, or the reason why it names none. `file` holds the
/// body; `-` reads standard input. Returns an error if the body cannot be read or the lines cannot be written.
pub fn print(file: &Path) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let mut out = std::io::stdout().lock();
    let lines = match String::from_utf8(bytes) {
        Ok(body) => logferry_core::notification::explain(&logferry_core::notification::read(&body)),
        Err(_) => vec![serde_json::json!({"invalid": "the body is not UTF-8"}).to_string()],
    };
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
