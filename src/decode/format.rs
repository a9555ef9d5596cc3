/*! The formats of objects, and how one is told from the others. */

use std::fmt;
use std::str::FromStr;

/// What an object's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CloudWatch export: lines that begin with a time and a blank.
    Export,
    /// CloudWatch subscription, as Firehose stores it: `DATA_MESSAGE` envelopes.
    Subscription,
    /// JSON objects, one after another, maybe with lines of text between them.
    JsonLines,
    /// What `aws logs tail` or `sam logs` printed.
    Tail,
    /// Lines of text.
    Text,
}

impl Format {
    /// All formats and their names.
    pub const NAMES: [(Format, &'static str); 5] = [
        (Format::Export, "export"),
        (Format::Subscription, "subscription"),
        (Format::JsonLines, "json-lines"),
        (Format::Tail, "tail"),
        (Format::Text, "text"),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Format::NAMES.iter().find(|(format, _)| format == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// No format has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no format is called {0:?}; there are export, subscription, json-lines, tail and text")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Format::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(format, _)| *format)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
