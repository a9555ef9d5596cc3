/*! Documents as a person reads them. Pure. */

use console::style;
use jiff::Timestamp;
use serde::Deserialize;

use crate::commands::table::harmless;

/// What is asked for of a log document.
pub const FIELDS: [&str; 6] = [
    "@timestamp",
    "message",
    "log.level",
    "lambda",
    "faas",
    "error",
];

/// A log document, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Line {
    #[serde(rename = "@timestamp")]
    pub time: String,
    pub message: String,
    log: Log,
    pub lambda: Lambda,
    pub faas: Faas,
    error: ErrorFields,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Log {
    level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lambda {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub duration_ms: Option<f64>,
    pub billed_duration_ms: Option<f64>,
    pub init_duration_ms: Option<f64>,
    pub restore_duration_ms: Option<f64>,
    pub memory_size_mb: Option<f64>,
    pub max_memory_used_mb: Option<f64>,
    pub timeout_seconds: Option<f64>,
    pub status: Option<String>,
    pub error_type: Option<String>,
    pub phase: Option<String>,
    pub runtime_version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Faas {
    pub name: Option<String>,
    pub version: Option<String>,
    pub invocation_id: Option<String>,
    pub coldstart: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorFields {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
    stack_trace: Option<String>,
}

impl Line {
    /// Log level, or what kind of line of the platform's it is.
    pub fn level(&self) -> String {
        let kind = self.lambda.kind.as_deref().unwrap_or_default();
        match (&self.log.level, kind.strip_prefix("platform.")) {
            (Some(level), _) => match level.as_str() {
                "ERROR" | "FATAL" => style(level).red().to_string(),
                "WARN" => style(level).yellow().to_string(),
                level => harmless(level),
            },
            (None, Some(kind @ ("timeout" | "fault"))) => style(kind).red().to_string(),
            (None, Some(kind)) if self.failed() => style(harmless(kind)).red().to_string(),
            (None, Some(kind)) => style(harmless(kind)).dim().to_string(),
            (None, None) if self.error.kind.is_some() => style("error").red().to_string(),
            (None, None) => String::new(),
        }
    }

    /// The platform says that it ended badly.
    fn failed(&self) -> bool {
        let status = self.lambda.status.as_deref();
        self.lambda.error_type.is_some() || status.is_some_and(|status| status != "success")
    }

    /// In one line: without the stack trace, if there is one.
    pub fn said(&self) -> String {
        if let Some(said) = self.platform() {
            return said;
        }
        let Some(error) = self.error_in_short() else {
            return one_line(&self.message);
        };
        let first = self.message.lines().next().unwrap_or_default();
        if first.is_empty() || self.is_json_of_error() {
            error
        } else if self.tells_error(first) {
            one_line(first)
        } else if self.tells_error(&self.message) {
            format!("{}: {error}", one_line(first))
        } else {
            format!("{}: {error}", one_line(&self.message))
        }
    }

    /// In all its lines, with the error and the stack trace even where the message lacks them.
    pub fn told(&self) -> Vec<String> {
        if let Some(said) = self.platform() {
            return vec![said];
        }
        let mut told: Vec<String> = match self.error_in_short() {
            Some(error) if self.is_json_of_error() => vec![error],
            error => {
                let lines = self.message.lines().map(harmless_line);
                let missing = error.filter(|_| !self.tells_error(&self.message));
                lines.chain(missing).collect()
            }
        };
        if let Some(trace) = &self.error.stack_trace {
            let shown = |line: &str| told.iter().any(|told| told.contains(line.trim()));
            let trace: Vec<String> = trace.lines().map(harmless_line).collect();
            if !trace.last().is_none_or(|line| shown(line)) {
                let head = trace.first().is_some_and(|line| shown(line));
                told.extend(trace.into_iter().skip(usize::from(head)));
            }
        }
        told
    }

    /// Whether a text has the error's own message, as it is or as JSON has it.
    fn tells_error(&self, text: &str) -> bool {
        let error = self.error.message.as_deref().or(self.error.kind.as_deref());
        error.is_some_and(|error| {
            let escaped = serde_json::Value::from(error).to_string();
            text.contains(error) || text.contains(escaped.trim_matches('"'))
        })
    }

    /// The message is the error as a JSON object, perhaps behind a word of the runtime's: all of it is in the fields, and
    /// easier to read there.
    fn is_json_of_error(&self) -> bool {
        let object = self.message.find('{').and_then(|at| self.message.get(at..));
        object.is_some_and(|object| {
            self.tells_error(object)
                && serde_json::from_str::<serde::de::IgnoredAny>(object).is_ok()
        })
    }

    fn error_in_short(&self) -> Option<String> {
        let both = match (&self.error.kind, &self.error.message) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => return None,
        };
        Some(one_line(&both))
    }

    /// What a line of the platform's says beyond its kind and request; text and JSON alike.
    fn platform(&self) -> Option<String> {
        let lambda = &self.lambda;
        let facts = match lambda.kind.as_deref()? {
            "platform.start" => vec![self.faas.version.as_ref().map(|v| format!("version {v}"))],
            "platform.end" => vec![],
            "platform.initStart" => vec![lambda.runtime_version.clone()],
            "platform.fault" => vec![Some(self.error_in_short()?)],
            "platform.timeout" => vec![
                lambda
                    .timeout_seconds
                    .map(|s| format!("timed out after {s} s")),
            ],
            "platform.report" | "platform.initReport" | "platform.restoreReport" => vec![
                lambda.status.clone().filter(|status| status != "success"),
                lambda.error_type.clone(),
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
        let facts: Vec<String> = facts.into_iter().flatten().map(|f| harmless(&f)).collect();
        Some(facts.join(", "))
    }
}

/// `74 of 128 MB`.
pub fn memory(lambda: &Lambda) -> Option<String> {
    match (lambda.max_memory_used_mb, lambda.memory_size_mb) {
        (Some(used), Some(size)) => Some(format!("{used} of {size} MB")),
        (None, Some(size)) => Some(format!("of {size} MB")),
        (Some(used), None) => Some(format!("{used} MB")),
        (None, None) => None,
    }
}

pub fn ms(value: f64) -> String {
    format!("{value} ms")
}

/// A time of a document; none where it is none.
pub fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Without line breaks, tabs and indents, which only cost columns here.
fn one_line(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    harmless(&line)
}

/// One of several lines: its indent stays.
fn harmless_line(line: &str) -> String {
    harmless(&line.replace('\t', "    "))
}
