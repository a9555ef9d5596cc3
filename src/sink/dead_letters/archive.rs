/*! The trait of a store whose dead letters are read and removed, with its data and errors. */

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;

use logferry_core::dead_letter::DeadLetter;

/// Where letters of one kind lie that are read and removed together: a file, an object of S3, documents of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterAddress {
    /// Path, URL or index, for messages.
    pub name: String,
    /// [`DeadLetter::DOCUMENT`] or [`DeadLetter::OBJECT`], as far as the address tells.
    pub kind: String,
    /// Ids of the documents of an index.
    pub(super) ids: Vec<String>,
}

/// A stored letter.
#[derive(Debug)]
pub struct StoredLetter {
    /// The document's id, or the name of the letter of an object.
    pub reference: String,
    /// The letter, or why it cannot be read.
    pub letter: Result<DeadLetter, String>,
    /// What a removal needs.
    pub(super) token: Token,
}

/// What a removal of a letter needs.
#[derive(Debug)]
pub(super) enum Token {
    /// The line as stored.
    Line(String),
    /// The document as it was read.
    Document {
        id: String,
        seq_no: u64,
        primary_term: u64,
    },
}

/// The letters at one address.
#[derive(Debug)]
pub struct LetterSet {
    pub address: LetterAddress,
    pub letters: Vec<StoredLetter>,
    /// The etag of an object of S3, or a hash of a file. Empty for an index.
    pub(super) version: String,
}

impl LetterSet {
    /// The lines of all letters but those at `positions`.
    pub(super) fn lines_without(&self, positions: &[usize]) -> Vec<u8> {
        let mut lines = Vec::new();
        for (position, letter) in self.letters.iter().enumerate() {
            if let Token::Line(line) = &letter.token
                && !positions.contains(&position)
            {
                lines.extend_from_slice(line.as_bytes());
                lines.push(b'\n');
            }
        }
        lines
    }
}

/// An error of reading or changing a store.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ArchiveError(pub String);

/// The result of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Removed,
    /// Some letters were written anew since they were read. They stay.
    Changed,
}

/// Addresses as the store lists them.
pub type Addresses<'a> =
    Pin<Box<dyn Stream<Item = Result<LetterAddress, ArchiveError>> + Send + 'a>>;

/// A store whose letters are read and removed. A worker may write to it meanwhile.
#[async_trait]
pub trait DeadLetterArchive: Send + Sync {
    /// The addresses of all letters, page by page. An error ends the list.
    fn addresses(&self) -> Addresses<'_>;

    /// Reads the letters at an address. `None` if they are gone.
    async fn read(&self, address: LetterAddress) -> Result<Option<LetterSet>, ArchiveError>;

    /// Removes the letters at these positions of the set, unless they were written anew since they were read.
    async fn remove(&self, set: &LetterSet, positions: &[usize]) -> Result<Removal, ArchiveError>;
}
