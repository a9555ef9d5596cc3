//! What follows a word of a prefix, where it decides whether the word belongs to a prefix.

use crate::parse::level;

/// Whether the process and the name of Ruby's semantic_logger follow a level: `E [1149:main] Rails -- message`.
pub fn is_semantic_logger(behind: &str) -> bool {
    let process = behind.strip_prefix(" [");
    process.is_some_and(|process| {
        process.starts_with(|first: char| first.is_ascii_digit()) && process.contains(" -- ")
    })
}

/// Whether a level that ends a bracket follows: ` ERROR] message`.
pub fn closes_level(behind: &str) -> bool {
    let level = behind
        .strip_prefix(' ')
        .and_then(|rest| rest.split_once(']'));
    level.is_some_and(|(level, _)| level::from_capitals(level).is_some())
}

/// Whether the next word is a level.
pub fn followed_by_level(behind: &str) -> bool {
    let next = behind.trim_start_matches(' ');
    let end = next.find([' ', ':']).unwrap_or(next.len());
    level::from_capitals(&next[..end]).is_some()
}
