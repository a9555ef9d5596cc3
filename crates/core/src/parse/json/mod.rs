/*! JSON lines: platform events, and what functions log in the JSON forms of their loggers. */

pub mod application;
pub mod durable;
pub mod emf;
pub mod errors;
mod frames;
pub mod keys;
pub(crate) mod known_platform_event;
pub(crate) mod levels;
pub mod line;
pub(crate) mod nested;
pub mod platform;
pub(crate) mod typed_values;
