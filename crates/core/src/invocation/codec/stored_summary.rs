/*! A summary as a stored document's source, and the way back. */

use serde::Deserialize;

use crate::invocation::codec::document_fields;
use crate::invocation::codec::state_reader::Document;
use crate::invocation::price::Prices;
use crate::invocation::summary::request_summary::Summary;

/// Version of the state: of its form, and of the event ids that name its lines.
pub(crate) const VERSION: i64 = 3;

/// Why no state could be taken from a stored document.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("stored invocation cannot be merged: {0}")]
    Form(#[from] serde_json::Error),
    #[error("stored invocation has merge state of version {0}, this version reads {VERSION}")]
    Version(i64),
}

/// What came of a merge with a stored document.
#[derive(Debug)]
pub enum Merged {
    /// The document knows all of it already.
    Same,
    /// The document's new source.
    Changed(Vec<u8>),
    /// The document's new source, ours alone: the stored state is older than this version or damaged, and cannot be read. When
    /// the request's other objects are read again, their parts are merged into ours.
    Replaced(Vec<u8>, ReadError),
    /// A newer logferry wrote the stored state: only a newer one can merge it.
    Newer(ReadError),
}

/// Merges a summary into a stored document of the same `_id`, which is given as its `_source`.
pub fn merged(existing: &[u8], ours: &Summary, prices: &Prices) -> Merged {
    let stored = match Summary::read(existing) {
        Ok(stored) => stored,
        Err(error @ ReadError::Version(version)) if version > VERSION => {
            return Merged::Newer(error);
        }
        Err(error) => return Merged::Replaced(ours.write(prices), error),
    };
    let mut both = stored.clone();
    both.merge(ours);
    if both == stored {
        Merged::Same
    } else {
        Merged::Changed(both.write(prices))
    }
}

/// As much of a document as tells the version of its state.
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

    /// Appends what [`Summary::write`] gives.
    pub fn write_to(&self, prices: &Prices, out: &mut Vec<u8>) {
        document_fields::write(self, prices, VERSION, out);
    }

    /// The state in a source that [`Summary::write`] made, exactly as it was.
    pub fn read(source: &[u8]) -> Result<Summary, ReadError> {
        let error = match serde_json::from_slice::<Document>(source) {
            Ok(stored) if stored.version() != VERSION => {
                return Err(ReadError::Version(stored.version()));
            }
            Ok(stored) => return Ok(stored.summary()?),
            Err(error) => error,
        };
        // Of another form altogether: then its version says more than its first odd field.
        match serde_json::from_slice::<Versioned>(source) {
            Ok(stored) if stored.invocation.merge.v != VERSION => {
                Err(ReadError::Version(stored.invocation.merge.v))
            }
            _ => Err(ReadError::Form(error)),
        }
    }
}
