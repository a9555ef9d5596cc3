/*! Summaries that the index has already go in; each is merged with its stored state and comes out to be sent again. */

use crate::observe::Metrics;
use crate::sink::{Index, IndexError};
use logferry_core::bulk::{Bulk, DocumentTarget, DocumentToResend};
use logferry_core::invocation::{Merged, Prices, Summary, merged};

/// What to do with one summary.
pub(crate) enum MergeResult {
    /// Send it again: merged, on condition that no concurrent write intervened; or as it is, if the stored one is gone.
    Resend(DocumentToResend),
    /// The stored summary holds all of it.
    AlreadyThere,
    Rejected(String),
    Unsettled(String),
}

/// Fetches the stored summaries of these documents of the bulk and merges them. One result per document, in order.
pub(crate) async fn merge_summaries(
    index: &dyn Index,
    prices: &Prices,
    metrics: &Metrics,
    bulk: &Bulk,
    documents: &[usize],
) -> Result<Vec<MergeResult>, IndexError> {
    let targets: Vec<(String, String)> = documents
        .iter()
        .map(|i| {
            let DocumentTarget { index, id } = bulk.target(&bulk.documents()[*i]);
            (index.to_owned(), id.to_owned())
        })
        .collect();
    let stored = index.fetch(&targets).await?;
    let mut results = Vec::with_capacity(documents.len());
    let (mut replaced, mut first) = (0, None);
    for ((document, stored), (index, id)) in documents.iter().zip(stored).zip(targets) {
        let source = bulk.source(&bulk.documents()[*document]);
        let resend = |action: serde_json::Value, source: Vec<u8>| {
            MergeResult::Resend(DocumentToResend {
                document: *document,
                lines: Some((action.to_string().into(), source)),
            })
        };
        let Some(stored) = stored else {
            // The stored summary was deleted since: this one can be created.
            let action = serde_json::json!({"create": {"_index": index, "_id": id}});
            results.push(resend(action, source.to_vec()));
            continue;
        };
        let summary = match Summary::read(source) {
            Ok(summary) => summary,
            Err(reason) => {
                results.push(MergeResult::Rejected(reason.to_string()));
                continue;
            }
        };
        let source = match merged(&stored.source, &summary, prices) {
            Merged::Same => {
                results.push(MergeResult::AlreadyThere);
                continue;
            }
            Merged::Newer(reason) => {
                let reason = format!("{index}/{id}: {reason}: left to a newer logferry");
                results.push(MergeResult::Unsettled(reason));
                continue;
            }
            Merged::TooManyLines(lines) => {
                let reason = format!(
                    "the summary would hold {lines} lines of the platform, which are more than one may hold"
                );
                results.push(MergeResult::Rejected(reason));
                continue;
            }
            Merged::Changed(source) => {
                metrics.summaries_merged.inc();
                source
            }
            Merged::Replaced(source, reason) => {
                replaced += 1;
                first.get_or_insert_with(|| format!("{index}/{id}: {reason}"));
                source
            }
        };
        let action = serde_json::json!({"index": {
            "_index": index, "_id": id,
            "if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term,
        }});
        results.push(resend(action, source));
    }
    if let Some(first) = first {
        metrics.summaries_replaced.inc_by(replaced);
        tracing::warn!(
            replaced,
            first,
            "stored summaries cannot be read and are written anew: \
             they are whole when all objects of their requests are read again"
        );
    }
    Ok(results)
}
