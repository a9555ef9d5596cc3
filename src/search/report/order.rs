/*! Rows go in; sorted rows come out. Pure. OpenSearch sorts only to choose the groups that it returns. */

use std::cmp::Ordering;

use crate::search::report::answer::Row;
use crate::search::report::question::SortKey;

/// The greatest first, unknown values last. Equal rows stand by invocations, then by name.
pub fn sort(rows: &mut [Row], key: SortKey) {
    rows.sort_by(|a, b| {
        descending(a.now.value(key), b.now.value(key))
            .then(b.now.invocations.cmp(&a.now.invocations))
            .then_with(|| a.key.cmp(&b.key))
    });
}

fn descending(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
