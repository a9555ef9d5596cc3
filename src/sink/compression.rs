//! The compression of bulks that an operator asks for (`--bulk-compression`).

use std::str::FromStr;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BulkCompression {
    #[default]
    None,
    Gzip,
    Zstd,
    /// The best that the cluster takes.
    Auto,
}

impl BulkCompression {
    pub fn is_none(self) -> bool {
        self == Self::None
    }
}

/// The text is no compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCompression;

impl FromStr for BulkCompression {
    type Err = UnknownCompression;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "auto" => Self::Auto,
            _ => return Err(UnknownCompression),
        })
    }
}
