/*! Listings of exported objects go in; the coverage of each log group comes out.

The conclusions are pure (`logferry_core::coverage`); this folder gathers their evidence: pages of a listing, documents
that name the objects, dead letters, and a reading of the objects that nothing names. */

mod answered;
mod examine;
mod groups;
mod letters;
mod survey;

use answered::answered;
pub use examine::Examiner;
pub use groups::Groups;
pub use letters::KnownLetters;
pub use survey::{CoverageError, Surveyor};
