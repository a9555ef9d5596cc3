/*! Text lines: the platform's own, and those of runtimes and loggers. */

pub mod key_values;
pub(crate) mod known_platform_line;
pub mod logfmt;
pub mod logger_prefix;
pub mod node;
pub mod other_runtimes;
pub mod platform;
pub(crate) mod platform_fast_path;
pub mod python;
