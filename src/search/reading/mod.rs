/*! Stored documents go in; what a person reads of them comes out, without colours and markup: the terminal and the page
show the same. */

mod amounts;
mod clock;
mod hidden;
mod log_line;
mod summary;

pub use amounts::{cost, grouped, memory, ms, parse_time};
pub use clock::{Clock, Reading, signed_seconds};
pub use hidden::{harmless, is_hidden};
pub use log_line::{LOG_FIELDS, LogLine, Tone};
pub use summary::{
    Fact, FactName, SUMMARY_AND_LINE_FIELDS, SUMMARY_EXCLUDES, SUMMARY_FIELDS, facts, is_failed,
    status_text,
};
