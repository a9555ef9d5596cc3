/*!
The records of one request become its summary, and summaries of the same request become one.

A [`Tracker`] watches the events of one object in their order and tells of each which invocation it lies in. What it
gathers per request is a [`Summary`]: a state that is merged, never overwritten. Its merge is commutative, associative
and idempotent, because everything in it is keyed by the identity of events, not by the objects they came in: parts of a
request from several objects, repeated deliveries and re-exports of overlapping windows end in the same state.
[`Summary::write`] makes the document, [`Summary::read`] takes the state out of it again, [`merged`] does both for a
document that is already stored.

No merge can mend two cases. A line that does not name its request counts only if its own object shows the request (its
START before the line or, in text logs, any line that names it on either side before the next START). An INIT_START that
is alone in its object is known to no request.
*/

pub(crate) mod codec;
pub mod line_context;
mod price;
pub(crate) mod summary;
/// PURE: records of one request → its summary.

#[cfg(test)]
mod tests;
pub(crate) mod tracker;

pub use codec::{Merged, ReadError, merged};
pub use line_context::LineContext;
pub use price::{Architecture, PriceError, Prices};
pub use summary::{Status, Summary};
pub use tracker::{Tracker, TrackerLimits};
