/*! JSON on the hot path, read and written without a tree.

To read: [`scan`] finds where values end, [`values`] gives the members of an object as slices, [`unescape`] decodes
strings, [`plain`] checks whether OpenSearch accepts an object as it is written, [`repair`] makes JSON of a text that is
nearly JSON. To write: [`writer`] appends members
that may be missing, `constant_keys` appends the members of summaries.

`decode::json_structure` reads values that are cut anywhere. `serde_json` reads JSON wherever speed does not matter. */

pub(crate) mod constant_keys;
pub mod plain;
pub mod repair;
pub mod scan;
pub mod special_bytes;
pub mod unescape;
pub mod values;
pub mod writer;

pub use writer::*;
