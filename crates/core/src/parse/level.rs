/*! A logger's name or number of a level goes in; one of the six [`Level`]s comes out, or `None` if it is unknown. */

use crate::parse::record::Level;

/// The level of a name, in any case: `Information`, `WARNING`, `crit`, `SEVERE` …
pub fn from_name(name: &str) -> Option<Level> {
    let mut lower = [0u8; 13];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trce" | b"trc" | b"verbose" | b"vrb" | b"silly" | b"finer" | b"finest" => {
            Level::Trace
        }
        b"debug" | b"dbug" | b"dbg" | b"fine" | b"config" | b"http" => Level::Debug,
        b"info" | b"information" | b"informational" | b"inf" | b"notice" | b"success" => {
            Level::Info
        }
        b"warn" | b"warning" | b"wrn" => Level::Warn,
        b"error" | b"err" | b"eror" | b"fail" | b"severe" => Level::Error,
        b"fatal" | b"ftl" | b"critical" | b"crit" | b"emergency" | b"emerg" | b"alert"
        | b"panic" | b"dpanic" => Level::Fatal,
        _ => return None,
    })
}

/// The level of a word of a text line: it must be in capitals, and a word that does not begin prose.
pub fn from_capitals(word: &str) -> Option<Level> {
    match word {
        "TRACE" => Some(Level::Trace),
        "DEBUG" => Some(Level::Debug),
        "INFO" => Some(Level::Info),
        "WARN" | "WARNING" => Some(Level::Warn),
        "ERROR" | "SEVERE" => Some(Level::Error),
        "FATAL" | "CRITICAL" => Some(Level::Fatal),
        _ => None,
    }
}

/// The level of a word that stands in brackets or between dividers in a text line, in any case. It knows fewer words
/// than [`from_name`], because many of those are prose there.
pub fn from_text(word: &str) -> Option<Level> {
    const WORDS: [(&str, Level); 10] = [
        ("info", Level::Info),
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("warning", Level::Warn),
        ("debug", Level::Debug),
        ("information", Level::Info),
        ("trace", Level::Trace),
        ("verbose", Level::Trace),
        ("fatal", Level::Fatal),
        ("critical", Level::Fatal),
    ];
    WORDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, level)| *level)
}

/// The level of a number of pino or bunyan (10 trace … 60 fatal) or of logback (5000 … 40000).
pub fn from_pino(number: f64) -> Option<Level> {
    let level = match number as i64 {
        10..=19 | 5_000 => Level::Trace,
        20..=29 | 10_000 => Level::Debug,
        30..=39 | 20_000 => Level::Info,
        40..=49 | 30_000 => Level::Warn,
        50..=59 | 40_000 => Level::Error,
        60..=100 => Level::Fatal,
        _ => return None,
    };
    Some(level)
}

/// The level of a number of Python's `logging` (10 debug … 50 critical).
pub fn from_python(number: f64) -> Option<Level> {
    let level = match number as i64 {
        1..=9 => Level::Trace,
        10..=19 => Level::Debug,
        20..=29 => Level::Info,
        30..=39 => Level::Warn,
        40..=49 => Level::Error,
        50..=100 => Level::Fatal,
        _ => return None,
    };
    Some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for (name, level) in [
            ("Information", Level::Info),
            ("WARNING", Level::Warn),
            ("crit", Level::Fatal),
            ("SEVERE", Level::Error),
            ("FINE", Level::Debug),
            ("FINEST", Level::Trace),
            ("dpanic", Level::Fatal),
        ] {
            assert_eq!(from_name(name), Some(level), "{name}");
        }
        for name in ["", "contracts", "NR_EXT", "informationalism"] {
            assert_eq!(from_name(name), None, "{name}");
        }
    }

    #[test]
    fn text_knows_fewer_level_words() {
        assert_eq!(from_text("Information"), Some(Level::Info));
        assert_eq!(from_text("CRITICAL"), Some(Level::Fatal));
        for word in [
            "config",
            "http",
            "alert",
            "panic",
            "emergency",
            "success",
            "notice",
            "fine",
            "fail",
            "",
        ] {
            assert_eq!(from_text(word), None, "{word}");
            assert_eq!(from_name(word).is_some(), !word.is_empty(), "{word}");
        }
    }

    #[test]
    fn pino_and_python_number_levels_differently() {
        assert_eq!(from_pino(30.0), Some(Level::Info));
        assert_eq!(from_python(30.0), Some(Level::Warn));
        assert_eq!(from_pino(3.0), None);
        assert_eq!(from_python(f64::NAN), None);
    }
}
