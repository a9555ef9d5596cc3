/*! A JSON line of a durable function goes in; its execution, operation and attempt come out.

A durable execution is many invocations with different request ids. The SDKs put the same keys into their lines, in the
spelling of their language: `executionArn` (JavaScript, C#, Go, Java from 2.0, Python), `execution_arn` (older Python),
`durableExecutionArn` (Java 1.x, plugins), `durable_execution_arn` (Rust); `operationId` and `operationName`, in Java
1.x also `contextId` and `contextName`; `attempt`, as a number or a text. They stand at the top, or where a logger nests
its context: `mdc`, `contextMap`, `context`, `fields`, `span`, `spans`, `Scopes`, `properties`. Step Functions has
execution ARNs too, of the service `states`: only ARNs of Lambda count. */

use std::borrow::Cow;

use memchr::memmem;

use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::keys::{Fields, Slot, Slots};
use crate::parse::record::Durable;

/// Objects, and arrays of objects, in which loggers nest the keys.
const NESTED: [Slot; 8] = [
    Slot::Mdc,
    Slot::Context,
    Slot::Fields,
    Slot::Span,
    Slot::Spans,
    Slot::Scopes,
    Slot::Properties,
    Slot::Log,
];
const ANY_NESTED: Slots = Slots::of(&NESTED);

/// Reads the keys of a line; `None` for a line of no durable execution.
pub fn read<'a>(fields: &Fields<'a>) -> Option<Durable<'a>> {
    if fields.get(Slot::ExecutionArn).is_some() {
        let mut found = Found::default();
        found.read_object(fields.text());
        if let Some(durable) = found.durable() {
            return Some(durable);
        }
    }
    if !fields.has(ANY_NESTED) || memmem::find(fields.text().as_bytes(), b"xecution").is_none() {
        return None;
    }
    let mut found = Found::default();
    for slot in NESTED {
        let Some(value) = fields.get(slot) else {
            continue;
        };
        match value.as_bytes().first() {
            Some(b'{') => found.read_object(value.text()),
            Some(b'[') => values::each_item(value.text(), |item| {
                if item.starts_with('{') {
                    found.read_object(item.text());
                }
            }),
            _ => {}
        }
    }
    found.read_object(fields.text());
    found.durable()
}

/// The values of the known keys. The first value of a key counts.
#[derive(Default)]
struct Found<'a> {
    arn: Option<Cow<'a, str>>,
    execution_name: Option<Cow<'a, str>>,
    operation_name: Option<Cow<'a, str>>,
    operation_id: Option<Cow<'a, str>>,
    context_name: Option<Cow<'a, str>>,
    context_id: Option<Cow<'a, str>>,
    attempt: Option<u32>,
}

impl<'a> Found<'a> {
    fn read_object(&mut self, object: &'a str) {
        values::each_field(object, |key, value| {
            let mut buffer = [0; LONGEST];
            let place = match normalized(key, &mut buffer) {
                b"executionarn" | b"durableexecutionarn" => {
                    if self.arn.is_none() {
                        self.arn = values::filled(value).filter(|arn| is_execution(arn));
                    }
                    return;
                }
                b"attempt" => {
                    self.attempt = self.attempt.or_else(|| attempt(value));
                    return;
                }
                b"executionname" | b"durableexecutionname" => &mut self.execution_name,
                b"operationname" => &mut self.operation_name,
                b"operationid" => &mut self.operation_id,
                b"contextname" => &mut self.context_name,
                b"contextid" => &mut self.context_id,
                _ => return,
            };
            if place.is_none() {
                *place = values::filled(value);
            }
        });
    }

    fn durable(self) -> Option<Durable<'a>> {
        let execution_arn = self.arn?;
        let execution_name = execution_name(&execution_arn)
            .map(|name| Cow::Owned(name.to_owned()))
            .or(self.execution_name);
        // Of a step in a child context, the step comes before the context.
        let operation = (self.operation_name)
            .or(self.operation_id)
            .or(self.context_name)
            .or(self.context_id);
        Some(Durable {
            execution_arn,
            execution_name,
            operation,
            attempt: self.attempt,
        })
    }
}

/// Longest known key without separators.
const LONGEST: usize = 20;

/// A key in lower case without separators; empty if it is too long for a known key.
fn normalized<'b>(key: &[u8], buffer: &'b mut [u8; LONGEST]) -> &'b [u8] {
    let mut len = 0;
    for byte in key
        .iter()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b'.'))
    {
        let Some(place) = buffer.get_mut(len) else {
            return &[];
        };
        *place = byte.to_ascii_lowercase();
        len += 1;
    }
    &buffer[..len]
}

/// Whether `arn` is the ARN of a durable execution of Lambda. AWS's own samples name the function alone.
fn is_execution(arn: &str) -> bool {
    let mut parts = arn.splitn(4, ':');
    parts.next() == Some("arn")
        && parts.next().is_some_and(|part| part.starts_with("aws"))
        && parts.next() == Some("lambda")
}

/// The name in `<function's ARN>:<version>/durable-execution/<name>/<id>`.
pub(crate) fn execution_name(arn: &str) -> Option<&str> {
    let (_, behind) = arn.split_once("/durable-execution/")?;
    let name = behind.split('/').next()?;
    (!name.is_empty()).then_some(name)
}

impl Durable<'_> {
    /// The function that the ARN names.
    pub fn function_name(&self) -> Option<&str> {
        let mut parts = self.execution_arn.split(':').skip(5);
        let function = parts
            .next()
            .filter(|kind| *kind == "function")
            .and(parts.next())?;
        function.split('/').next().filter(|name| !name.is_empty())
    }
}

/// The number of an attempt, which Java's logging context writes as a text.
fn attempt(value: RawValue<'_>) -> Option<u32> {
    match value.starts_with('"') {
        true => values::string(value)?.trim().parse().ok(),
        false => value.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Record, parse};

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:my-func:1/durable-execution/my-execution/550e8400-e29b-41d4-a716-446655440004";

    fn durable<'a>(record: &'a Record<'_>) -> Option<&'a Durable<'a>> {
        record.platform.as_deref()?.durable.as_deref()
    }

    /// Name of the execution, operation and attempt, if the line is of [`ARN`].
    fn seen(line: &str) -> Option<(String, Option<String>, Option<u32>)> {
        let record = parse(line);
        let durable = durable(&record)?;
        assert_eq!(durable.execution_arn, ARN, "{line}");
        let name = durable.execution_name.clone().expect("it is in the ARN");
        let operation = durable.operation.as_deref().map(str::to_owned);
        Some((name.into_owned(), operation, durable.attempt))
    }

    #[test]
    fn every_sdks_spelling() {
        for line in [
            r#"{"executionArn":"ARN","operationId":"c4ca","operationName":"process","attempt":2,"message":"m"}"#,
            r#"{"message":"m","execution_arn":"ARN","operation_id":"c4ca","operation_name":"process","attempt":2}"#,
            r#"{"durableExecutionArn":"ARN","contextId":"c4ca","contextName":"process","attempt":"2"}"#,
            r#"{"durableExecutionArn":"ARN","contextId":"1","contextName":"child","operationName":"process","attempt":"2"}"#,
            r#"{"ExecutionArn":"ARN","OperationName":"process","Attempt":2,"LogLevel":"Information"}"#,
            r#"{"level":"INFO","fields":{"message":"m","durable_execution_arn":"ARN","operation_name":"process","attempt":2}}"#,
            r#"{"level":"INFO","fields":{"message":"m"},"spans":[{"name":"invocation","durable_execution_arn":"ARN"},{"operation_name":"process","attempt":2}]}"#,
            r#"{"level":"INFO","fields":{"message":"m"},"span":{"name":"step","durable_execution_arn":"ARN","operation_name":"process","attempt":2}}"#,
            r#"{"level":"INFO","message":"m","mdc":{"executionArn":"ARN","operationName":"process","attempt":"2"}}"#,
            r#"{"instant":{"epochSecond":1},"level":"INFO","contextMap":{"durableExecutionArn":"ARN","contextName":"process","attempt":"2"}}"#,
            r#"{"LogLevel":"Information","Message":"m","Scopes":[{"Message":"s","executionArn":"ARN"},{"operationName":"process","attempt":2}]}"#,
            "2026-04-07T15:20:59.866Z\ta8220e1b-1f9b-4529-a40f-9e3419bc494f\tINFO\t{\"executionArn\":\"ARN\",\"operationName\":\"process\",\"attempt\":2}",
        ] {
            let line = line.replace("ARN\"", &format!("{ARN}\""));
            let expected = (
                "my-execution".to_owned(),
                Some("process".to_owned()),
                Some(2),
            );
            assert_eq!(seen(&line), Some(expected), "{line}");
        }
        let line = format!(r#"{{"executionArn":"{ARN}","operationId":"c4ca"}}"#);
        let expected = ("my-execution".to_owned(), Some("c4ca".to_owned()), None);
        assert_eq!(seen(&line), Some(expected));
    }

    #[test]
    fn an_execution_of_another_service_is_none() {
        for line in [
            r#"{"executionArn":"arn:aws:states:us-east-1:123456789012:execution:orders:1","attempt":1}"#,
            r#"{"executionArn":"","attempt":1}"#,
            r#"{"executionArn":7}"#,
            r#"{"executionArn":null,"operationId":"x"}"#,
            r#"{"operationName":"x","attempt":1}"#,
            r#"{"fields":{"execution":"arn:aws:lambda:us-east-1:123456789012:function:x"}}"#,
            r#"{"message":"executionArn arn:aws:lambda:us-east-1:123456789012:function:x"}"#,
        ] {
            assert_eq!(durable(&parse(line)), None, "{line}");
        }
    }

    #[test]
    fn what_is_no_attempt_is_left_out() {
        for (value, attempt) in [
            ("1", Some(1)),
            ("\"3\"", Some(3)),
            ("-1", None),
            ("1.5", None),
            ("\"first\"", None),
            ("null", None),
            ("{}", None),
        ] {
            let line = format!(r#"{{"executionArn":"{ARN}","attempt":{value}}}"#);
            let record = parse(&line);
            assert_eq!(
                durable(&record).expect("durable").attempt,
                attempt,
                "{value}"
            );
        }
    }

    #[test]
    fn names_of_executions() {
        assert_eq!(execution_name(ARN), Some("my-execution"));
        for (arn, name) in [
            (
                "arn:aws:lambda:us-east-1:1:function:f/durable-execution/test",
                Some("test"),
            ),
            (
                "arn:aws:lambda:us-east-1:1:function:f/durable-execution/",
                None,
            ),
            ("arn:aws:lambda:us-east-1:1:function:f", None),
        ] {
            assert_eq!(execution_name(arn), name, "{arn}");
        }
        for (arn, function) in [
            (ARN, Some("my-func")),
            (
                "arn:aws:lambda:us-east-1:1:function:f/durable-execution/test",
                Some("f"),
            ),
            ("arn:aws:lambda:us-east-1:1:function:f", Some("f")),
            ("arn:aws:lambda:us-east-1:1:layer:f", None),
            ("arn:aws:lambda:...", None),
        ] {
            let durable = Durable {
                execution_arn: arn.into(),
                ..Durable::default()
            };
            assert_eq!(durable.function_name(), function, "{arn}");
        }
    }
}
