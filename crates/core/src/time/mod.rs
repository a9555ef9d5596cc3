/*! Times on the hot path: written as RFC 3339, read at the start of a line. `jiff` reads and writes all other times. */

pub(crate) mod line_start;
pub mod rfc3339;
