/*! A parcel: up to about a megabyte of one object's documents, as lines for `_bulk`. */

/// Where a document stands in its parcel, and where its event stood in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedDocument {
    /// First byte of the action line.
    pub start: usize,
    /// First byte of the source line.
    pub source: usize,
    /// One past the line break after the source.
    pub end: usize,
    /// Offset of the event in the decompressed object; for a summary, of the last event it was told of.
    pub offset: u64,
    /// A summary: if one is there already, the two are merged.
    pub merge: bool,
}

/// Lines of documents, ready to be sent.
#[derive(Debug, Default)]
pub struct Parcel {
    /// Action line, source line, action line, … each with its line break.
    pub lines: Vec<u8>,
    pub documents: Vec<PlacedDocument>,
}

impl Parcel {
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Adds a document by its two lines, given without line breaks.
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
