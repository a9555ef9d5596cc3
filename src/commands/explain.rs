/*! `explain`: what logferry makes of something, for a person. */

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

/// Prints the objects that a message body names, a JSON line each, or why there are none.
pub fn notification(file: &Path) -> anyhow::Result<()> {
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
        Ok(body) => crate::notification::explain(&crate::notification::read(&body)),
        Err(_) => vec![serde_json::json!({"invalid": "the body is not UTF-8"}).to_string()],
    };
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
