/*! CloudWatch subscriptions: `DATA_MESSAGE` envelopes → the log events in them. */

pub(crate) mod envelope_start;
pub(crate) mod envelopes;
pub(crate) mod log_event;
pub(crate) mod nested;
pub(crate) mod origins;
