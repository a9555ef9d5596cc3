/*! Formats made of lines: CloudWatch exports, the output of `aws logs tail`, what the console copies and downloads,
plain text and JSON lines. */

pub(crate) mod csv;
pub(crate) mod export;
pub(crate) mod line_prefix;
pub(crate) mod lines;
pub(crate) mod multiline;
pub(crate) mod tail;
