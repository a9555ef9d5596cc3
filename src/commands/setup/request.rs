/*! Limits of the requests that `setup` and `prune` send. */

use std::time::Duration;

/// Timeout of one request.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Names for one request: OpenSearch takes request lines of up to 4,096 bytes.
pub(crate) fn batches<S: AsRef<str>>(names: &[S]) -> impl Iterator<Item = String> {
    names.chunks(20).map(|names| {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.join(",")
    })
}
