/*! Queue policies: a policy document and a sender go in; whether the sender may send comes out. */

mod condition;
mod document;
mod pattern;
mod question;
mod sender;
#[cfg(test)]
mod tests;

pub use document::{Policy, PolicyError};
pub use question::{PolicyVerdict, asked, judge};
pub use sender::{Sender, Source};
