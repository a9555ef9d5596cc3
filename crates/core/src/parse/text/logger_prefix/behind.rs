//! What follows a word of a prefix, where it decides whether the word belongs to a prefix.

use crate::parse::level;
use crate::parse::text::logger_prefix::words::{is_path, is_plain_name};

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

/// Whether a level between dividers follows: Chalice's `- ERROR - message`.
pub fn divides_level(after: &str) -> bool {
    let level = after.trim_start_matches(['-', '|', ' ']);
    let end = level.find([' ', ':', '|']).unwrap_or(level.len());
    let behind = level[end..].trim_start_matches(' ');
    level::from_capitals(&level[..end]).is_some() && behind.starts_with(['-', '|', ':'])
}

/// Whether a label follows a level: swift-log's `error app : [Module] message`, winston's `error [label]: message`.
pub fn before_label(behind: &str) -> bool {
    let after = behind.trim_start_matches(' ');
    if let Some(label) = after.strip_prefix('[') {
        let end = label.find(']').map_or("", |end| &label[end + 1..]);
        return end.trim_start_matches(' ').starts_with(':');
    }
    let end = after.find([' ', ':']).unwrap_or(after.len());
    let colon = &after[end..];
    is_plain_name(&after[..end])
        && (colon.starts_with(" :")
            || colon.starts_with(": [")
            || colon.starts_with(':') && is_path(&after[..end]))
}
