/*! Letters and files that cannot be read: the first ones are kept with their reason, the others are counted. */

use serde::Serialize;

/// Reasons that are kept.
const KEPT: usize = 20;

#[derive(Debug, Default, Serialize)]
pub(crate) struct Unreadable {
    pub count: u64,
    pub first: Vec<String>,
}

impl Unreadable {
    pub fn add(&mut self, reason: String) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(reason);
        }
    }

    /// Lines for standard error.
    pub fn lines(&self) -> String {
        let mut lines = String::new();
        for reason in &self.first {
            lines.push_str(&format!("cannot be read, and stays as it is: {reason}\n"));
        }
        if self.count > self.first.len() as u64 {
            let more = self.count - self.first.len() as u64;
            lines.push_str(&format!("… and {more} more\n"));
        }
        lines
    }

    /// An error if there are any.
    pub fn result(&self) -> anyhow::Result<()> {
        match self.count {
            0 => Ok(()),
            1 => anyhow::bail!("1 letter or file could not be read"),
            n => anyhow::bail!("{n} letters or files could not be read"),
        }
    }
}
