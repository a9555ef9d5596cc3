/*! JSON for the hot path: one writer, straight into a buffer, and one scanner that finds where values end. */

pub mod scan;
/// PURE: JSON text, written straight into a buffer.
pub mod writer;

pub use writer::*;
