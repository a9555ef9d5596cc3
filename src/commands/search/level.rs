/*! A log line goes in; its level in the colour of the terminal comes out. Pure. */

use console::style;

use crate::commands::shared::table::harmless;
use crate::search::reading::{LogLine, Tone};

pub fn styled_level(line: &LogLine<'_>) -> String {
    let (level, tone) = line.level();
    let level = style(harmless(level));
    match tone {
        Tone::Failure => level.red().to_string(),
        Tone::Warning => level.yellow().to_string(),
        Tone::Platform => level.dim().to_string(),
        Tone::Plain => level.to_string(),
    }
}
