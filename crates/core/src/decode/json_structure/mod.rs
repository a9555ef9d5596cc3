/*! Bytes of JSON that may end anywhere go in; the ends of values and the members of objects come out.

Unlike [`crate::json`], this reader can stop and continue, and it is lenient: a log file may hold JSON with line breaks
in strings, invalid UTF-8 or unknown words, and its bytes must not get lost for that. */

pub(crate) mod members;
pub(crate) mod scanner;
