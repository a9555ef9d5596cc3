/*! A question about many log lines goes in; their number over time, what they can be filtered by and groups of errors
come out, each of bounded size. `serve/page` shows them.

`lines` counts lines, `errors` groups them, `hits` reads some of them without exceeding the longest answer. */

mod error_groups;
mod errors;
mod hits;
mod lines;

pub use error_groups::{ErrorExample, ErrorGroup, Errors};
pub use hits::MAX_WINDOW;
pub use lines::{Facet, LineBucket, Lines};
