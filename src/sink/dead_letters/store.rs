/*! The trait of a store of dead letters. */

use async_trait::async_trait;

use crate::sink::dead_letters::dead_letter_error::DeadLetterError;
use crate::sink::dead_letters::dead_letter_file::DeadLetterFile;

/// A store of dead letters.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Writes letters and replaces earlier ones of the same name. `Ok` confirms that the letters are stored.
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError>;
}
