/*! A summary as a stored document's source, and the way back. */

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::fields;
use super::price::Prices;
use super::summary::Summary;

/// Version of the state's form.
const VERSION: u32 = 1;

/// Why no state could be taken from a stored document.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("stored invocation cannot be merged: {0}")]
    Form(#[from] serde_json::Error),
    #[error("stored invocation has merge state of version {0}, this version reads {VERSION}")]
    Version(u32),
}

/// What came of a merge with a stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// The document knows all of it already.
    Same,
    /// The document's new source.
    Changed(Vec<u8>),
}

/// Merges a summary into a stored document of the same `_id`, which is given as its `_source`.
pub fn merged(existing: &[u8], ours: &Summary, prices: &Prices) -> Result<Merged, ReadError> {
    let stored = Summary::read(existing)?;
    let mut both = stored.clone();
    both.merge(ours);
    Ok(if both == stored {
        Merged::Same
    } else {
        Merged::Changed(both.write(prices))
    })
}

#[derive(Deserialize)]
struct Stored<S> {
    invocation: StoredInvocation<S>,
}

#[derive(Deserialize)]
struct StoredInvocation<S> {
    merge: Merge<S>,
}

/// `invocation.merge`, stored and not indexed: the state and the version of its form.
#[derive(Deserialize)]
struct Merge<S> {
    v: u32,
    state: S,
}

impl Summary {
    /// The document's `_source`: one line of JSON without its line break, the same bytes for the same state and prices.
    pub fn write(&self, prices: &Prices) -> Vec<u8> {
        let mut source = Vec::with_capacity(2048);
        self.write_to(prices, &mut source);
        source
    }

    /// Appends what [`Summary::write`] gives.
    pub fn write_to(&self, prices: &Prices, out: &mut Vec<u8>) {
        fields::write(self, prices, VERSION, out);
    }

    /// The state in a source that [`Summary::write`] made, exactly as it was.
    pub fn read(source: &[u8]) -> Result<Summary, ReadError> {
        let error = match serde_json::from_slice::<Stored<Summary>>(source) {
            Ok(stored) if stored.invocation.merge.v == VERSION => {
                let mut state = stored.invocation.merge.state;
                state.restore_order();
                return Ok(state);
            }
            Ok(stored) => return Err(ReadError::Version(stored.invocation.merge.v)),
            Err(error) => error,
        };
        // Of another form altogether: then its version says more than its first odd field.
        match serde_json::from_slice::<Stored<IgnoredAny>>(source) {
            Ok(stored) if stored.invocation.merge.v != VERSION => {
                Err(ReadError::Version(stored.invocation.merge.v))
            }
            _ => Err(ReadError::Form(error)),
        }
    }

    /// A document that others wrote into keeps no promise of order.
    fn restore_order(&mut self) {
        for runs in [&mut self.starts, &mut self.reports] {
            runs.sort_unstable();
            runs.dedup();
        }
        self.latest.sort_unstable_by_key(|latest| latest.role);
        self.latest.dedup_by_key(|latest| latest.role);
    }
}
