/*! The events of one object, in order → which invocation each event lies in, and a summary for each invocation that
closed. */

pub(crate) mod held_lines;
pub(crate) mod object_tracker;
pub(crate) mod requests;
pub(crate) mod stream_state;

pub use held_lines::HeldDocument;
pub use object_tracker::{Tracker, TrackerLimits};
