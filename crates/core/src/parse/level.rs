/*! A logger's name or number of a level goes in; one of the six [`Level`]s comes out, or `None` if it is unknown.

A line may have two levels: that of the channel through which it was printed (`console.log` is INFO) and that of the
logger that wrote it. The logger's own word is more exact, so it counts, in both directions: `INFO⇥{"level":"error"}` is
an error, and `ERROR⇥info: done` is not. The channel's level counts where the logger's is not certain. */

use crate::parse::record::Level;

/// The level of a name, in any case: `Information`, `WARNING`, `crit`, `SEVERE` …
pub fn from_name(name: &str) -> Option<Level> {
    let mut lower = [0u8; 13];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trce" | b"trc" | b"trac" | b"verbose" | b"vrb" | b"silly" | b"finer"
        | b"finest" => Level::Trace,
        b"debug" | b"dbug" | b"dbg" | b"debu" | b"fine" | b"config" | b"http" => Level::Debug,
        b"info" | b"information" | b"informational" | b"inf" | b"notice" | b"success" | b"log" => {
            Level::Info
        }
        b"warn" | b"warning" | b"wrn" => Level::Warn,
        b"error" | b"err" | b"eror" | b"erro" | b"fail" | b"severe" => Level::Error,
        b"fatal" | b"ftl" | b"fata" | b"critical" | b"crit" | b"emergency" | b"emerg"
        | b"alert" | b"panic" | b"pani" | b"dpanic" => Level::Fatal,
        other => return from_slog(other),
    })
}

/// The level of Go's slog between two of its names: `ERROR+2`, `DEBUG-4`. The distance counts as in OpenTelemetry's
/// bridge, where four steps are one level.
fn from_slog(lower: &[u8]) -> Option<Level> {
    let sign = lower.iter().position(|byte| matches!(byte, b'+' | b'-'))?;
    let (name, distance) = lower.split_at(sign);
    let base = match name {
        b"debug" => -4,
        b"info" => 0,
        b"warn" => 4,
        b"error" => 8,
        _ => return None,
    };
    let distance: i16 = std::str::from_utf8(distance).ok()?.parse().ok()?;
    Some(match base + i32::from(distance) {
        ..-4 => Level::Trace,
        -4..0 => Level::Debug,
        0..4 => Level::Info,
        4..8 => Level::Warn,
        8..12 => Level::Error,
        12.. => Level::Fatal,
    })
}

/// The level of a word of a text line that stands where a logger's pattern has its level, in any case.
pub fn from_pattern(word: &str) -> Option<Level> {
    let prose = ["config", "http", "log"];
    let prose = prose.iter().any(|prose| prose.eq_ignore_ascii_case(word));
    from_name(word).filter(|_| !prose)
}

/// The level of a word before a colon that begins a text line, as winston (`error: boom`) and .NET (`fail: App[0]`)
/// write it: in small letters. `Error: boom` is an error's type, `http: …` is Go's prose.
pub fn from_first_word(word: &str) -> Option<Level> {
    const WORDS: [&str; 16] = [
        "trce", "dbug", "info", "warn", "fail", "crit", "error", "debug", "warning", "verbose",
        "silly", "trace", "fatal", "critical", "notice", "emerg",
    ];
    WORDS.contains(&word).then(|| from_name(word)).flatten()
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

/// The level of OpenTelemetry's `severityNumber`: four numbers for each level, from 1 to 24.
pub fn from_opentelemetry(number: f64) -> Option<Level> {
    let level = match number as i64 {
        1..=4 => Level::Trace,
        5..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warn,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => return None,
    };
    Some(level)
}

/// The level of a severity of syslog, where a smaller number is more severe.
pub fn from_syslog(number: f64) -> Option<Level> {
    [
        Level::Fatal,
        Level::Fatal,
        Level::Fatal,
        Level::Error,
        Level::Warn,
        Level::Info,
        Level::Info,
        Level::Debug,
    ]
    .into_iter()
    .enumerate()
    .find_map(|(severity, level)| (number == severity as f64).then_some(level))
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
            ("ERROR+2", Level::Error),
            ("ERROR+4", Level::Fatal),
            ("WARN+1", Level::Warn),
            ("INFO+2", Level::Info),
            ("DEBUG-4", Level::Trace),
        ] {
            assert_eq!(from_name(name), Some(level), "{name}");
        }
        for name in [
            "",
            "contracts",
            "NR_EXT",
            "informationalism",
            "error+x",
            "a+1",
            "INFO-",
        ] {
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
        assert_eq!(from_opentelemetry(17.0), Some(Level::Error));
        assert_eq!(from_opentelemetry(0.0), None);
        assert_eq!(from_syslog(3.0), Some(Level::Error));
        assert_eq!(from_syslog(7.0), Some(Level::Debug));
        assert_eq!(from_syslog(0.5), None);
    }
}
