/*! A question and a limit go in; its answer, or the reason why there is none, comes out. */

use std::fmt::Display;
use std::time::Duration;

pub(super) async fn within<T, E: Display>(
    limit: Duration,
    question: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(limit, question).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(no_answer(limit)),
    }
}

pub(super) fn no_answer(limit: Duration) -> String {
    format!("no answer within {}", humantime::format_duration(limit))
}
