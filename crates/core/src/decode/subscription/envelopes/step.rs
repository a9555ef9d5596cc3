//! The result of one step of the decoder.

use crate::decode::event_span::EventSpan;

/// The result of a step.
pub(crate) enum EnvelopeStep {
    Event(EventSpan),
    /// The position has changed; take the next step.
    Again,
    /// More bytes are needed.
    More,
}

impl From<EventSpan> for EnvelopeStep {
    fn from(found: EventSpan) -> Self {
        EnvelopeStep::Event(found)
    }
}

impl From<Option<EventSpan>> for EnvelopeStep {
    fn from(found: Option<EventSpan>) -> Self {
        found.map_or(EnvelopeStep::More, EnvelopeStep::Event)
    }
}
