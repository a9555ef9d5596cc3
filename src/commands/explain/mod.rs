/*! `explain`: how logferry reads a log file, and what a message body names. */

pub mod file;
pub mod notification;
