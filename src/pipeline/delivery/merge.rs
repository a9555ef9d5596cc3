/*! Summaries that are in the index already. */

use crate::pipeline::deliver::BulkInFlight;
use crate::sink::IndexError;
use logferry_core::bulk::{Bulk, DocumentTarget, DocumentToResend};
use logferry_core::invocation::{Merged, Summary, merged};

impl BulkInFlight<'_> {
    /// Summaries that are there already: ours is merged into what is there, and written on condition that nobody was faster.
    pub(crate) async fn merge(
        &mut self,
        bulk: &Bulk,
        documents: &[usize],
    ) -> Result<Vec<DocumentToResend>, IndexError> {
        let targets: Vec<(String, String)> = documents
            .iter()
            .map(|i| {
                let DocumentTarget { index, id } = bulk.target(&bulk.documents()[*i]);
                (index.to_owned(), id.to_owned())
            })
            .collect();
        let stored = self.sender.index.fetch(&targets).await?;
        let mut kept = Vec::new();
        let (mut replaced, mut first) = (0, None);
        for ((document, stored), (index, id)) in documents.iter().zip(stored).zip(targets) {
            let sent = bulk.documents()[*document];
            let Some(stored) = stored else {
                // Deleted since: it can be created after all.
                let action = serde_json::json!({"create": {"_index": index, "_id": id}});
                kept.push(DocumentToResend {
                    document: *document,
                    lines: Some((action.to_string().into(), bulk.source(&sent).to_vec())),
                });
                continue;
            };
            let ours = match Summary::read(bulk.source(&sent)) {
                Ok(ours) => ours,
                Err(reason) => {
                    self.reject(bulk, &sent, 409, reason.to_string());
                    continue;
                }
            };
            let source = match merged(&stored.source, &ours, &self.sender.prices) {
                Merged::Same => {
                    self.settle(&sent, |t| t.already_there += 1);
                    continue;
                }
                Merged::Newer(reason) => {
                    let reason = format!("{index}/{id}: {reason}: left to a newer logferry");
                    self.settle(&sent, |t| t.mark_unsettled(reason));
                    continue;
                }
                Merged::Changed(source) => {
                    self.sender.metrics.summaries_merged.inc();
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
            kept.push(DocumentToResend {
                document: *document,
                lines: Some((action.to_string().into(), source)),
            });
        }
        if let Some(first) = first {
            self.sender.metrics.summaries_replaced.inc_by(replaced);
            tracing::warn!(
                replaced,
                first,
                "stored summaries cannot be read and are written anew: they are whole when all objects of their requests are read again"
            );
        }
        Ok(kept)
    }
}
