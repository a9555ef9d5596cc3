/*! Plain text goes in; the error that it reports comes out: type, message and stack trace.

The forms are the stack traces of Node, Java, .NET, Ruby, PHP and Python, the last words of programs that die, and lines
that begin with the type of an error. */

mod error_type;
mod find;
mod frames;
mod head;
mod last_words;
mod php;
mod readable;
mod ruby;
#[cfg(test)]
mod tests;

pub use find::{described_by, find, find_in, header_in};
pub use frames::is_likely;
pub use readable::{readable, readable_lines};
