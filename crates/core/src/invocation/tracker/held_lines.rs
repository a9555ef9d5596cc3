/*! Lines of an init go in, with the documents that they would have; the lines come out with the invocation that follows
the init, or their documents without one. */

use crate::invocation::summary::FoldedLine;

/// Most lines that are held in one stream.
const PER_STREAM: usize = 8;
/// Most lines that are held in one object. Further ones are documents.
pub(crate) const PER_OBJECT: usize = 256;

/// The document of a line that no summary took.
#[derive(Debug, PartialEq, Eq)]
pub struct HeldDocument {
    /// The two lines of the document, and where the second begins.
    pub lines: Vec<u8>,
    pub source: usize,
    /// Offset of the event in its object.
    pub offset: u64,
}

/// Lines of the init of one stream.
#[derive(Debug, Default)]
pub(crate) struct HeldLines {
    held: Vec<(FoldedLine, HeldDocument)>,
    /// Documents of lines whose init is over without an invocation.
    released: Vec<HeldDocument>,
}

impl HeldLines {
    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn has_room(&self) -> bool {
        self.held.len() < PER_STREAM
    }

    pub fn hold(&mut self, line: FoldedLine, document: HeldDocument) {
        self.held.push((line, document));
    }

    /// An invocation follows the init: its summary takes the lines.
    pub fn take(&mut self) -> impl Iterator<Item = FoldedLine> + use<> {
        std::mem::take(&mut self.held)
            .into_iter()
            .map(|(line, _)| line)
    }

    /// No invocation follows the init.
    pub fn release(&mut self) {
        let held = self.held.drain(..).map(|(_, document)| document);
        self.released.extend(held);
    }

    /// The documents that were released since the last call.
    pub fn released(&mut self) -> std::vec::Drain<'_, HeldDocument> {
        self.released.drain(..)
    }
}
