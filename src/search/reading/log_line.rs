/*! A stored log document goes in; its level and its text as a person reads them come out, for the terminal and for the
page. The texts are as they were logged: whoever shows them makes them harmless. Pure. */

use crate::search::reading::amounts::{memory, ms};
use logferry_core::document::stored::{OptionalText, StoredLogDocument};

/// The fields of a log document that are shown.
pub const LOG_FIELDS: [&str; 6] = [
    "@timestamp",
    "message",
    "log.level",
    "lambda",
    "faas",
    "error",
];

/// How a level is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Failure,
    Warning,
    /// The platform wrote the line, not the function.
    Platform,
    Plain,
}

/// A log document as a person reads it.
pub struct LogLine<'a> {
    document: &'a StoredLogDocument<'a>,
}

impl<'a> LogLine<'a> {
    pub fn new(document: &'a StoredLogDocument<'a>) -> Self {
        Self { document }
    }

    /// The log level, or the kind of a platform line.
    pub fn level(&self) -> (&str, Tone) {
        let lambda = &self.document.lambda;
        let kind = lambda.line_type.as_deref().unwrap_or_default();
        match (&self.document.log.level, kind.strip_prefix("platform.")) {
            (Some(level), _) => match &**level {
                level @ ("ERROR" | "FATAL") => (level, Tone::Failure),
                level @ "WARN" => (level, Tone::Warning),
                level => (level, Tone::Plain),
            },
            (None, Some(kind @ ("timeout" | "fault"))) => (kind, Tone::Failure),
            (None, Some(kind)) if self.is_failure() => (kind, Tone::Failure),
            (None, Some(kind)) => (kind, Tone::Platform),
            (None, None) if self.document.error.error_type.is_some() => ("error", Tone::Failure),
            (None, None) => ("", Tone::Plain),
        }
    }

    /// The platform reports a failure.
    fn is_failure(&self) -> bool {
        let status = self.document.lambda.status.as_deref();
        self.document.lambda.error_type.is_some()
            || status.is_some_and(|status| status != "success")
    }

    /// The text in one line, without the stack trace.
    pub fn one_line(&self) -> String {
        if let Some(text) = self.platform_text() {
            return text;
        }
        let Some(error) = self.short_error() else {
            return joined(&self.document.message);
        };
        let first = self.document.message.lines().next().unwrap_or_default();
        if first.is_empty() || self.is_json_of_error() {
            error
        } else if self.contains_error(first) {
            joined(first)
        } else if self.contains_error(&self.document.message) {
            format!("{}: {error}", joined(first))
        } else {
            format!("{}: {error}", joined(&self.document.message))
        }
    }

    /// All lines of the text, with the error and the stack trace even if the message lacks them.
    pub fn all_lines(&self) -> Vec<String> {
        if let Some(text) = self.platform_text() {
            return vec![text];
        }
        let mut lines: Vec<String> = match self.short_error() {
            Some(error) if self.is_json_of_error() => vec![error],
            error => {
                let message = self.document.message.lines().map(without_tabs);
                let missing = error.filter(|_| !self.contains_error(&self.document.message));
                message.chain(missing).collect()
            }
        };
        if let Some(trace) = &self.document.error.stack_trace {
            let is_shown = |line: &str| lines.iter().any(|shown| shown.contains(line.trim()));
            let trace: Vec<String> = trace.lines().map(without_tabs).collect();
            if !trace.last().is_none_or(|line| is_shown(line)) {
                let repeats_head = trace.first().is_some_and(|line| is_shown(line));
                lines.extend(trace.into_iter().skip(usize::from(repeats_head)));
            }
        }
        lines
    }

    /// Whether a text contains the error's message, as it is or escaped as in JSON.
    fn contains_error(&self, text: &str) -> bool {
        let error = self.document.error.message.as_deref().or(self
            .document
            .error
            .error_type
            .as_deref());
        error.is_some_and(|error| {
            let escaped = serde_json::Value::from(error).to_string();
            text.contains(error) || text.contains(escaped.trim_matches('"'))
        })
    }

    /// Whether the message is the error as a JSON object, perhaps after a prefix of the runtime. The fields hold all of
    /// it and are easier to read.
    fn is_json_of_error(&self) -> bool {
        let object = self
            .document
            .message
            .find('{')
            .and_then(|at| self.document.message.get(at..));
        object.is_some_and(|object| {
            self.contains_error(object)
                && serde_json::from_str::<serde::de::IgnoredAny>(object).is_ok()
        })
    }

    fn short_error(&self) -> Option<String> {
        let both = match (
            &self.document.error.error_type,
            &self.document.error.message,
        ) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (Some(one), None) | (None, Some(one)) => one.to_string(),
            (None, None) => return None,
        };
        Some(joined(&both))
    }

    /// The facts of a platform line beyond its kind and request; `None` for other lines.
    fn platform_text(&self) -> Option<String> {
        let lambda = &self.document.lambda;
        let parts = match lambda.line_type.as_deref()? {
            "platform.start" => vec![
                self.document
                    .faas
                    .version
                    .as_ref()
                    .map(|v| format!("version {v}")),
            ],
            "platform.end" => vec![],
            "platform.initStart" => vec![text(&lambda.runtime_version)],
            "platform.fault" => vec![Some(self.short_error()?)],
            "platform.timeout" => vec![
                lambda
                    .timeout_seconds
                    .map(|s| format!("timed out after {s} s")),
            ],
            "platform.report" | "platform.initReport" | "platform.restoreReport" => vec![
                text(&lambda.status).filter(|status| status != "success"),
                text(&lambda.error_type),
                lambda.duration_ms.map(ms),
                lambda
                    .billed_duration_ms
                    .map(|billed| format!("billed {}", ms(billed))),
                lambda
                    .init_duration_ms
                    .map(|init| format!("init {}", ms(init))),
                lambda
                    .restore_duration_ms
                    .map(|restore| format!("restore {}", ms(restore))),
                memory(lambda),
                lambda.phase.as_ref().map(|phase| format!("phase {phase}")),
            ],
            _ => return None,
        };
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Some(parts.join(", "))
    }
}

fn text(field: &OptionalText<'_>) -> Option<String> {
    field.as_deref().map(str::to_owned)
}

/// Joins lines, and removes tabs and indents.
fn joined(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    line
}

/// One of several lines; its indent stays.
fn without_tabs(line: &str) -> String {
    line.trim_end().replace('\t', "    ")
}
