/*! Lines of a durable function go in; what the summary of its invocation says about the durable execution comes out. */

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::invocation::summary::line_role::{TEXT, cut};
use crate::json::constant_keys::{end, put, text, text_if};
use crate::json::writer;
use crate::parse::{Durable, execution_name};

/// Most operations that a summary lists: the first in alphabetical order, so that the order of lines does not matter.
const OPERATIONS: usize = 32;
/// Longest ARN that is kept, in bytes. A function's name, a version and an execution's name have 64 characters each.
const ARN: usize = 1024;

/// The durable execution that an invocation is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DurableExecution {
    arn: Arc<str>,
    /// The name that the lines state, if the ARN states none.
    name: Option<Arc<str>>,
    /// Names of operations, sorted, each once.
    operations: Vec<Arc<str>>,
    /// The highest attempt.
    attempt: Option<u32>,
}

impl DurableExecution {
    /// What one line states; `None` if its ARN is too long to be one.
    pub fn of(durable: &Durable<'_>) -> Option<DurableExecution> {
        let arn = &*durable.execution_arn;
        let own_name = durable.execution_name.as_deref();
        let operation = durable.operation.as_deref();
        (arn.len() <= ARN).then(|| DurableExecution {
            arn: arn.into(),
            name: own_name
                .filter(|_| execution_name(arn).is_none())
                .map(|name| cut(name, TEXT).into()),
            operations: Vec::from_iter(operation.map(|name| cut(name, TEXT).into())),
            attempt: durable.attempt,
        })
    }

    /// Adds what a line states, without an allocation if it is known already.
    pub fn add(kept: &mut Option<Box<DurableExecution>>, durable: &Durable<'_>) {
        let is_known = kept.as_deref().is_some_and(|kept| {
            let is_listed = |name: &str| kept.operations.iter().any(|known| **known == *name);
            *kept.arn == *durable.execution_arn
                && kept.attempt >= durable.attempt
                && durable.operation.as_deref().is_none_or(is_listed)
                && (durable.execution_name.is_none() || execution_name(&kept.arn).is_some())
        });
        if !is_known && let Some(new) = DurableExecution::of(durable) {
            DurableExecution::merge(kept, &Some(Box::new(new)));
        }
    }

    /// The least upper bound of two states. Commutative, associative, idempotent.
    pub fn merge(ours: &mut Option<Box<DurableExecution>>, theirs: &Option<Box<DurableExecution>>) {
        let Some(theirs) = theirs else { return };
        let Some(ours) = ours else {
            *ours = Some(theirs.clone());
            return;
        };
        // A name belongs to its ARN.
        match ours.arn.cmp(&theirs.arn) {
            Ordering::Less => {}
            Ordering::Equal => {
                ours.name = [&ours.name, &theirs.name]
                    .into_iter()
                    .flatten()
                    .min()
                    .cloned();
            }
            Ordering::Greater => {
                ours.arn = Arc::clone(&theirs.arn);
                ours.name.clone_from(&theirs.name);
            }
        }
        ours.operations.extend(theirs.operations.iter().cloned());
        ours.operations.sort_unstable();
        ours.operations.dedup();
        ours.operations.truncate(OPERATIONS);
        ours.attempt = ours.attempt.max(theirs.attempt);
    }

    /// Appends `"durable":{…},`, the whole state: [`DurableExecution::read`] reads it from the document.
    pub fn write(&self, out: &mut Vec<u8>) {
        put(out, "\"durable\":{");
        text(out, "\"execution_arn\":\"", &self.arn);
        let name = execution_name(&self.arn).or(self.name.as_deref());
        text_if(out, "\"execution_name\":\"", name);
        match &self.operations[..] {
            [] => {}
            [operation] => text(out, "\"operation\":\"", operation),
            operations => {
                put(out, "\"operation\":[");
                for operation in operations {
                    text(out, "\"", operation);
                }
                end(out, b']');
            }
        }
        if let Some(attempt) = self.attempt {
            put(out, "\"attempt\":");
            writer::unsigned(out, u64::from(attempt));
            out.push(b',');
        }
        end(out, b'}');
    }

    /// The state in the member `lambda` of a document.
    pub fn read(lambda: &Map<String, Value>) -> Option<DurableExecution> {
        let durable = lambda.get("durable")?;
        let arn = durable.get("execution_arn")?.as_str()?;
        let name = durable.get("execution_name").and_then(Value::as_str);
        let operations = match durable.get("operation") {
            Some(Value::Array(operations)) => operations.iter().filter_map(Value::as_str).collect(),
            one => Vec::from_iter(one.and_then(Value::as_str)),
        };
        Some(DurableExecution {
            arn: arn.into(),
            name: name
                .filter(|_| execution_name(arn).is_none())
                .map(Arc::from),
            operations: operations.into_iter().map(Arc::from).collect(),
            attempt: (durable.get("attempt").and_then(Value::as_u64))
                .and_then(|attempt| attempt.try_into().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_execution() -> impl Strategy<Value = Option<Box<DurableExecution>>> {
        let arn = prop::sample::select(vec!["a", "b", "c/durable-execution/n/1"]);
        let name = prop::option::of(prop::sample::select(vec!["x", "y"]));
        let operations = prop::collection::vec(0..60_u8, 0..40);
        let execution = (arn, name, operations, prop::option::of(0..4_u32)).prop_map(
            |(arn, name, operations, attempt)| {
                let mut all = None;
                for operation in operations.iter().map(Some).chain([None]) {
                    DurableExecution::add(
                        &mut all,
                        &Durable {
                            execution_arn: arn.into(),
                            execution_name: name.map(Into::into),
                            operation: operation.map(|number| number.to_string().into()),
                            attempt,
                        },
                    );
                }
                all.expect("it has a line")
            },
        );
        prop::option::of(execution)
    }

    type State = Option<Box<DurableExecution>>;

    fn merged(a: &State, b: &State) -> State {
        let mut both = a.clone();
        DurableExecution::merge(&mut both, b);
        both
    }

    proptest! {
        #[test]
        fn merging_is_a_least_upper_bound(a in any_execution(), b in any_execution(), c in any_execution()) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(&merged(&a, &a), &a);
            prop_assert_eq!(merged(&merged(&a, &b), &a), merged(&a, &b));
        }

        #[test]
        fn a_written_execution_reads_back_unchanged(a in any_execution(), b in any_execution()) {
            if let Some(execution) = merged(&a, &b) {
                let mut out = b"{".to_vec();
                execution.write(&mut out);
                out.pop();
                out.push(b'}');
                let lambda: Map<String, Value> = serde_json::from_slice(&out).expect("JSON");
                prop_assert_eq!(DurableExecution::read(&lambda), Some(*execution));
            }
        }
    }

    #[test]
    fn what_is_no_execution_is_not_read() {
        for durable in [
            json!(null),
            json!(7),
            json!({}),
            json!({"execution_arn": []}),
        ] {
            let lambda = Map::from_iter([("durable".to_owned(), durable)]);
            assert_eq!(DurableExecution::read(&lambda), None);
        }
        assert_eq!(DurableExecution::read(&Map::new()), None);
    }
}
