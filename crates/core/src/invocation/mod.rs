/*!
The records of an object go in; one summary per request comes out. Summaries of the same request merge into one.

A [`Tracker`] reads the events of one object in order and returns, for each event, the invocation that the event belongs
to. Per request it collects a [`Summary`]: a state that is merged and never overwritten. The merge is commutative,
associative and idempotent, because the state is keyed by the identity of events and not by the objects that carried
them: parts of a request from several objects, repeated deliveries and re-exports of overlapping windows end in the same
state. [`Summary::write`] makes the document, [`Summary::read`] restores the state from it, [`merged`] does both for a
document that is already stored.

In a stream of one environment, the structure outweighs a word in a line: between a START and the next one, a line
belongs to the request, whatever id its own text names. Only the platform, the runtime's own prefix, and an id that the
stream has started name another request. Where requests run concurrently, the ids that lines name count. Where the
object's time runs backwards, nothing is inferred from neighbours.

Two losses remain after any merge. A line that does not name its request counts only if its own object shows the
request: by the START before the line or, in text logs, by any line of the platform or the runtime with the id on either
side before the next START. An INIT_START that is alone in its object belongs to no known request.
*/

pub(crate) mod codec;
pub mod line_context;
mod price;
pub(crate) mod summary;

#[cfg(test)]
mod tests;
pub(crate) mod tracker;

pub use codec::{Merged, ReadError, SharedByLines, merged};
pub use line_context::{LineContext, LinePlace};
pub use price::{Architecture, PriceError, Prices};
pub use summary::{FoldedId, FoldedLine, Status, Summary};
pub use tracker::{HeldDocument, Tracker, TrackerLimits};
