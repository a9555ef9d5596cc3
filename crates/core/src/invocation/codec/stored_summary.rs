/*! A summary ↔ the source of its stored document, and the merge of a summary into a stored document. */

use serde::Deserialize;

use crate::invocation::codec::document_fields;
use crate::invocation::codec::folded_lines::SharedByLines;
use crate::invocation::codec::state_reader::Document;
use crate::invocation::price::Prices;
use crate::invocation::summary::folded;
use crate::invocation::summary::request_summary::Summary;

/// Version of the state: of its format, and of the event ids that name its lines. States with folded lines have it.
pub(crate) const VERSION: i64 = 4;
/// Version of a state without folded lines: what an older logferry merges without loss.
pub(crate) const WITHOUT_FOLDED_LINES: i64 = 3;

/// Why a stored document has no readable state.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("stored invocation cannot be merged: {0}")]
    Form(#[from] serde_json::Error),
    #[error("stored invocation has merge state of version {0}, this version reads {VERSION}")]
    Version(i64),
}

/// The result of a merge into a stored document.
#[derive(Debug)]
pub enum Merged {
    /// The document contains the summary already.
    Same,
    /// The document's new source.
    Changed(Vec<u8>),
    /// The document's new source from this summary alone: the stored state is damaged or of an older version. When the
    /// request's other objects are read again, their parts are merged into it.
    Replaced(Vec<u8>, ReadError),
    /// A newer logferry wrote the stored state, which this version cannot merge.
    Newer(ReadError),
    /// Both together hold this number of folded lines, which are more than a document may hold.
    TooManyLines(usize),
}

fn is_read(version: i64) -> bool {
    (WITHOUT_FOLDED_LINES..=VERSION).contains(&version)
}

/// Merges a summary into a stored document of the same `_id`, which is given as its `_source`.
pub fn merged(existing: &[u8], ours: &Summary, prices: &Prices) -> Merged {
    let stored = match Summary::read(existing) {
        Ok(stored) => stored,
        Err(error @ ReadError::Version(version)) if version > VERSION => {
            return Merged::Newer(error);
        }
        Err(error) => {
            let mut ours = ours.clone();
            // The stored document may be all that is left of these lines.
            if let Ok((_, lines)) = SharedByLines::read(existing) {
                ours.folded.merge(&lines.into_iter().collect());
            }
            return Merged::Replaced(ours.write(prices), error);
        }
    };
    let mut both = stored.clone();
    both.merge(ours);
    if both == stored {
        Merged::Same
    } else if both.folded.all().len() > folded::MOST {
        Merged::TooManyLines(both.folded.all().len())
    } else {
        Merged::Changed(both.write(prices))
    }
}

/// The part of a document with the version of its state.
#[derive(Deserialize)]
struct Versioned {
    invocation: VersionedInvocation,
}

#[derive(Deserialize)]
struct VersionedInvocation {
    merge: VersionedMerge,
}

#[derive(Deserialize)]
struct VersionedMerge {
    v: i64,
}

impl Summary {
    /// The document's `_source`: one line of JSON without its line break, the same bytes for the same state and prices.
    pub fn write(&self, prices: &Prices) -> Vec<u8> {
        let mut source = Vec::with_capacity(1536);
        self.write_to(prices, &mut source);
        source
    }

    /// Appends the result of [`Summary::write`].
    pub fn write_to(&self, prices: &Prices, out: &mut Vec<u8>) {
        let version = match self.folded.all() {
            [] => WITHOUT_FOLDED_LINES,
            _ => VERSION,
        };
        document_fields::write(self, prices, version, out);
    }

    /// The state in a source that [`Summary::write`] made, unchanged. Fails with [`ReadError`] for other sources.
    pub fn read(source: &[u8]) -> Result<Summary, ReadError> {
        let error = match serde_json::from_slice::<Document>(source) {
            Ok(stored) if !is_read(stored.version()) => {
                return Err(ReadError::Version(stored.version()));
            }
            Ok(stored) => return Ok(stored.summary()?),
            Err(error) => error,
        };
        // The format may differ entirely. Then the version explains the failure better than the first unknown field.
        match serde_json::from_slice::<Versioned>(source) {
            Ok(stored) if !is_read(stored.invocation.merge.v) => {
                Err(ReadError::Version(stored.invocation.merge.v))
            }
            _ => Err(ReadError::Form(error)),
        }
    }
}
