/*! Times on the hot path: `iso8601` reads them at the start of a line, `rfc3339` writes them, and both count days with
the one `calendar`. `jiff` reads and writes all other times. */

pub mod calendar;
pub(crate) mod iso8601;
pub mod rfc3339;
