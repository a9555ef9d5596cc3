/*! A log event and its record → its log document. */

pub(crate) mod app;
pub(crate) mod document_times;
pub(crate) mod faas;
pub(crate) mod folded_document;
pub(crate) mod line_time;
pub(crate) mod log_document;
pub(crate) mod origin_json;
