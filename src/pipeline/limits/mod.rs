/*! How many objects are read at once, and how much one object may inflate to. */

mod object_limits;
mod reader_places;

pub use object_limits::ObjectLimits;
pub(crate) use reader_places::{ReaderPermit, ReaderPlaces, SMALL_CONTENT, SMALL_STORED};
