/*! The summary of an invocation goes in; its facts come out, in the order in which a person reads them. Pure. */

use crate::search::reading::amounts::{cost, memory, ms};
use logferry_core::document::stored::{StoredInvocation, StoredInvocationFields};

/// The fields of a summary that its facts are made of.
pub const SUMMARY_FIELDS: [&str; 5] = ["@timestamp", "faas", "lambda", "aws", "invocation"];
/// Those, and the fields of log lines.
pub const SUMMARY_AND_LINE_FIELDS: [&str; 8] = [
    "@timestamp",
    "faas",
    "lambda",
    "aws",
    "invocation",
    "message",
    "log.level",
    "error",
];
/// Excluded from them: it is long and serves merging only.
pub const SUMMARY_EXCLUDES: [&str; 1] = ["invocation.merge"];

/// The name of a fact, and its value as it was logged: whoever shows it makes it harmless.
pub type Fact = (FactName, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactName {
    Function,
    Status,
    Time,
    Duration,
    Memory,
    ColdStart,
    Cost,
    Lines,
    FirstError,
    Execution,
    Operations,
    Trace,
    LogStream,
}

impl FactName {
    pub fn as_str(self) -> &'static str {
        match self {
            FactName::Function => "function",
            FactName::Status => "status",
            FactName::Time => "time",
            FactName::Duration => "duration",
            FactName::Memory => "memory",
            FactName::ColdStart => "cold start",
            FactName::Cost => "cost",
            FactName::Lines => "lines",
            FactName::FirstError => "first error",
            FactName::Execution => "execution",
            FactName::Operations => "operations",
            FactName::Trace => "trace",
            FactName::LogStream => "log stream",
        }
    }
}

/// The facts that a summary knows.
pub fn facts(summary: &StoredInvocation<'_>) -> Vec<Fact> {
    let StoredInvocation {
        timestamp,
        faas,
        lambda,
        invocation,
        aws,
    } = summary;
    let mut facts = Vec::new();
    let mut add = |name: FactName, value: Option<String>| facts.extend(value.map(|v| (name, v)));
    let version = faas.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!(", version {version}"));
    let name = faas.name.as_ref();
    add(
        FactName::Function,
        name.map(|name| format!("{name}{version}")),
    );
    let why = lambda.error_type.as_ref();
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    add(
        FactName::Status,
        Some(format!("{}{why}", status_text(invocation))),
    );
    let end = invocation.end.as_deref();
    let time = end.map_or_else(
        || timestamp.to_string(),
        |end| format!("{timestamp} to {end}"),
    );
    add(FactName::Time, Some(time));
    let billed = lambda
        .billed_duration_ms
        .map(|b| format!("billed {}", ms(b)));
    let duration = [lambda.duration_ms.map(ms), billed];
    let duration: Vec<String> = duration.into_iter().flatten().collect();
    let duration = (!duration.is_empty()).then(|| duration.join(", "));
    add(FactName::Duration, duration);
    add(FactName::Memory, memory(lambda));
    let init = lambda
        .init_duration_ms
        .map(|init| format!(", init {}", ms(init)));
    let restore = lambda.restore_duration_ms;
    let restore = restore.map(|restore| format!(", restore {}", ms(restore)));
    let cold = faas.cold_start.map(|cold| {
        let cold = if cold { "yes" } else { "no" };
        [
            cold,
            &init.unwrap_or_default(),
            &restore.unwrap_or_default(),
        ]
        .concat()
    });
    add(FactName::ColdStart, cold);
    let price = invocation.price.as_deref();
    let price = price.map_or_else(String::new, |price| format!(" ({price})"));
    let usd = invocation.estimated_cost_usd;
    add(
        FactName::Cost,
        usd.map(|usd| format!("{}{price}", cost(usd))),
    );
    let lines = (invocation.log_count, invocation.error_count);
    add(
        FactName::Lines,
        Some(format!("{}, of them {} with an error", lines.0, lines.1)),
    );
    let error = invocation.first_error.as_deref();
    add(FactName::FirstError, error.map(str::to_owned));
    let durable = &lambda.durable;
    let execution = (durable.execution_name.as_ref()).or(durable.execution_arn.as_ref());
    add(FactName::Execution, execution.map(ToString::to_string));
    let attempt = durable.attempt.filter(|attempt| *attempt > 1);
    let attempt = attempt.map_or_else(String::new, |attempt| format!(", up to attempt {attempt}"));
    let operations = (!durable.operation.is_empty()).then(|| durable.operation.join(", "));
    add(
        FactName::Operations,
        operations.map(|operations| operations + &attempt),
    );
    let trace = aws.xray.trace_id.as_deref();
    add(FactName::Trace, trace.map(str::to_owned));
    let stream = aws.log.stream.name.as_deref();
    add(FactName::LogStream, stream.map(str::to_owned));
    facts
}

/// The status, and the number of attempts if there were several.
pub fn status_text(invocation: &StoredInvocationFields<'_>) -> String {
    match invocation.attempts {
        0 | 1 => invocation.status.to_string(),
        attempts => format!("{} ({attempts} attempts)", invocation.status),
    }
}

/// Whether the invocation failed, by its status.
pub fn is_failed(status: &str) -> bool {
    !matches!(status, "success" | "incomplete")
}
