/*! A question about many invocations goes in; figures for each function, version, error or account come out, of one
aggregation request. `commands/report` prints them.

`question` is what is asked, `request` is its body, `response` is what OpenSearch answers, and `answer` is the typed
result: `read` makes it. `order` sorts rows, `time_steps` divides a `span`, `memory` finds smaller sizes. `ask` sends
the request. */

mod answer;
mod ask;
mod memory;
mod order;
mod question;
mod read;
mod request;
mod response;
mod span;
#[cfg(test)]
mod tests;
mod time_steps;

pub use answer::{
    ErrorExample, Figures, GroupCount, GroupKey, PriceCount, Quantiles, ReasonCount, Report, Row,
    StatusCounts, TimeBucket, TotalBucket,
};
pub use memory::{MemoryUse, SmallerSize};
pub use question::{GroupBy, ReportQuestion, SortKey};
pub use span::Span;
pub use time_steps::{bucket_count, bucket_index, nice_step};
