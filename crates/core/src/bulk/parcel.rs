/*! A parcel: documents of one object on their way, up to about a megabyte, as lines for `_bulk`. */

/// The position of a document in its parcel (or bulk), and of its event in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedDocument {
    /// Offset of the action line in bytes.
    pub start: usize,
    /// Offset of the source line in bytes.
    pub source: usize,
    /// Offset behind the line break of the source line.
    pub end: usize,
    /// Offset of the event in the decompressed object, in bytes; for a summary, of the last event in it.
    pub offset: u64,
    /// Whether the document is a summary, which is merged with a stored one.
    pub merge: bool,
}

/// The lines of documents, ready to send.
#[derive(Debug, Default)]
pub struct Parcel {
    /// Action line, source line, action line, … each with its line break.
    pub lines: Vec<u8>,
    /// The documents in the order of their lines.
    pub documents: Vec<PlacedDocument>,
}

impl Parcel {
    /// Whether the parcel has no documents.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Adds a document by its action line and its source line, both without line breaks.
    pub fn push(&mut self, action: &str, source: &str, offset: u64) {
        let start = self.lines.len();
        self.lines.extend_from_slice(action.as_bytes());
        self.lines.push(b'\n');
        let at = self.lines.len();
        self.lines.extend_from_slice(source.as_bytes());
        self.lines.push(b'\n');
        self.documents.push(PlacedDocument {
            start,
            source: at,
            end: self.lines.len(),
            offset,
            merge: false,
        });
    }
}
