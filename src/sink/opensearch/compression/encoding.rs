//! The encodings that bulks can be sent in.

/// A `Content-Encoding` of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// All, the one that saves most first.
    pub const BEST_FIRST: [Self; 2] = [Self::Zstd, Self::Gzip];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}
