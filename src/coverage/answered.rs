/*! A request that only reads goes in; its answer comes out, after some attempts if need be. */

use std::time::Duration;

use crate::retry::Delays;

/// Repeats a request to OpenSearch that only reads, until it is answered or six attempts failed.
pub async fn answered<T, E>(
    request: impl AsyncFn() -> Result<T, E>,
    is_retryable: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut delays = Delays::new(Duration::from_millis(500), Duration::from_secs(10), 6);
    loop {
        match request().await {
            Err(error) if is_retryable(&error) => match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}
