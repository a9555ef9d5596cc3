/*! An index prefix goes in; the saved objects of OpenSearch Dashboards come out: index patterns with the fields of the
schema, visualizations, saved searches and four dashboards. Pure: `setup` imports them, a test writes them to
`deploy/dashboards`. */

mod aggregation;
mod board;
mod errors;
mod index_pattern;
mod layout;
mod one_invocation;
mod overview;
mod panel;
mod pipeline;
mod saved_object;
mod vis_state;

pub use board::{Board, boards, saved_objects};
pub use index_pattern::missing_fields;
pub use saved_object::{ObjectKind, Ownership, Reference, SavedObject, fingerprint, ownership};
