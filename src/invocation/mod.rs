/*!
The records of one request become its summary, and summaries of the same request become one.

A [`Tracker`] watches the events of one object in their order and tells of each which invocation it lies in. What it
gathers per request is a [`Summary`]: a state that is merged, never overwritten. Its merge is commutative, associative
and idempotent, because everything in it is keyed by the identity of events, not by the objects they came in: parts of a
request from several objects, repeated deliveries and re-exports of overlapping windows end in the same state.
[`Summary::write`] makes the document, [`Summary::read`] takes the state out of it again, [`merged`] does both for a
document that is already stored.

What no merge can mend: a line that does not name its request counts only if its own object shows the request (its START
before the line or, in text logs, any line that names it on either side before the next START); and an INIT_START that is
alone in its object is known to no request.
*/

mod document;
mod facts;
mod field;
mod fields;
mod letters;
mod lines;
mod members;
mod merge;
mod price;
mod requests;
mod runs;
mod shown;
mod state;
mod status;
mod stored;
mod stream;
mod summary;
mod tracker;

#[cfg(test)]
mod tests;

pub use document::{Merged, ReadError, merged};
pub use price::{Architecture, PriceError, Prices};
pub use status::Status;
pub use summary::Summary;
pub use tracker::{Options, Tracker};

/// What the lines around an event tell about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surroundings<'a> {
    /// The request that a line without a request id lies in; `faas.invocation_id` with `faas.invocation_id_inferred`.
    pub request_id_inferred: Option<&'a str>,
    /// Whether the event's invocation is the first of its environment; `None` where the object does not tell.
    pub cold_start: Option<bool>,
    /// Function name, from the platform's lines on the stream, else from the origin.
    pub function_name: Option<&'a str>,
    /// Function version, likewise.
    pub function_version: Option<&'a str>,
}
