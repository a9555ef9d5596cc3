/*! JSON read by its structure only, in pieces: where values and members begin and end. */

pub(crate) mod members;
pub(crate) mod scanner;
