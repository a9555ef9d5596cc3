/*! The trait of a store that can be tried out before the first dead letter. */

use async_trait::async_trait;

use crate::sink::dead_letters::dead_letter_error::DeadLetterError;
use crate::sink::dead_letters::dead_letter_file::DeadLetterFile;

/// Name of the test object. `dead-letters list` does not show it.
pub(super) const TRIAL: &str = "logferry-check";

/// What became of the test object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialEnd {
    Removed,
    /// It was written, and its removal is not allowed: the reason.
    Stays(String),
}

/// A store that takes a test object.
#[async_trait]
pub trait Trial: Send + Sync {
    /// Writes the test object as a letter is written, and removes it if that is allowed.
    async fn try_out(&self) -> Result<TrialEnd, DeadLetterError>;
}

/// The test object: a file without letters.
pub(super) fn trial_file() -> DeadLetterFile {
    DeadLetterFile {
        name: TRIAL.to_owned(),
        letters: Vec::new(),
    }
}
