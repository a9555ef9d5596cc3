/*! The invocations of durable executions go in; they come out by execution, with a head for each. Pure. */

use std::collections::BTreeSet;

use console::style;
use jiff::Timestamp;

use crate::commands::shared::table::{Table, harmless};
use crate::search::reading::{cost, is_failed, ms, parse_time};
use logferry_core::document::stored::StoredInvocation;

/// A durable execution, and its invocations by their starts.
#[derive(Debug)]
pub struct Execution<'r, 'd, R> {
    /// Empty if no summary names it: the invocations were found by their lines.
    pub arn: String,
    pub invocations: Vec<Invocation<'r, 'd, R>>,
}

/// A request, and its summaries.
pub type Invocation<'r, 'd, R> = (&'r R, Vec<StoredInvocation<'d>>);

/// Puts the invocations of each execution together, in the order of their first starts.
pub fn by_execution<'r, 'd, R>(
    invocations: impl IntoIterator<Item = Invocation<'r, 'd, R>>,
) -> Vec<Execution<'r, 'd, R>> {
    let mut executions: Vec<Execution<'r, 'd, R>> = Vec::new();
    for invocation in invocations {
        let summary = invocation.1.first();
        let arn = summary.and_then(|summary| summary.lambda.durable.execution_arn.as_deref());
        let arn = arn.unwrap_or_default();
        match executions.iter_mut().find(|known| known.arn == arn) {
            Some(known) => known.invocations.push(invocation),
            None => executions.push(Execution {
                arn: arn.to_owned(),
                invocations: vec![invocation],
            }),
        }
    }
    executions
}

impl<R> Execution<'_, '_, R> {
    fn summaries(&self) -> impl Iterator<Item = &StoredInvocation<'_>> {
        self.invocations.iter().flat_map(|(_, summaries)| summaries)
    }

    /// Start of the first invocation.
    pub fn start(&self) -> Option<Timestamp> {
        (self
            .summaries()
            .filter_map(|summary| parse_time(&summary.timestamp)))
        .min()
    }

    /// Name, times and sums over all invocations.
    pub fn head(&self, asked: &str) -> String {
        let names = self.summaries().map(|summary| &summary.lambda.durable);
        let name = names
            .filter_map(|durable| durable.execution_name.as_deref())
            .next()
            .unwrap_or(asked);
        let mut out = format!(
            "{}\n",
            style(format!("Execution {}", harmless(name))).bold()
        );
        let mut table = Table::new(&["", ""]);
        let mut add_row = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                table.row([style(name).dim().to_string(), value]);
            }
        };
        add_row(
            "arn",
            Some(harmless(&self.arn)).filter(|arn| !arn.is_empty()),
        );
        let failed = self.summaries().filter(|s| is_failed(&s.invocation.status));
        let failed = failed.count();
        let failed = match failed {
            0 => String::new(),
            failed => format!(", of them {failed} failed"),
        };
        add_row(
            "invocations",
            Some(format!("{}{failed}", self.invocations.len())),
        );
        let ends = self.summaries().filter_map(|summary| {
            parse_time(
                summary
                    .invocation
                    .end
                    .as_deref()
                    .unwrap_or(&summary.timestamp),
            )
        });
        let times = self.start().zip(ends.max());
        add_row(
            "time",
            times.map(|(start, end)| format!("{start:.3} to {end:.3}")),
        );
        let billed = self.summaries().filter_map(|s| s.lambda.billed_duration_ms);
        let costs = self
            .summaries()
            .filter_map(|s| s.invocation.estimated_cost_usd);
        add_row("billed", sum(billed).map(ms));
        add_row("cost", sum(costs).map(cost));
        let operations: BTreeSet<&str> = (self.summaries())
            .flat_map(|summary| &summary.lambda.durable.operation)
            .map(|operation| &**operation)
            .collect();
        let operations = Vec::from_iter(operations).join(", ");
        add_row(
            "operations",
            (!operations.is_empty()).then(|| harmless(&operations)),
        );
        table.write(&mut out, usize::MAX);
        out.push('\n');
        out
    }
}

/// The sum; `None` if there is nothing to add.
fn sum(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.fold(None, |sum, number| Some(sum.unwrap_or(0.0) + number))
}
