/*! Dead letters go in; one document per letter goes to an OpenSearch index. Its id consists of the kind and the id of
the refused document; for an object, of the kind and the name of the letters. */

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use crate::sink::Index;
use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters};
use logferry_core::bulk::{Bulk, Parcel, Verdict};

pub struct DeadLetterIndex {
    index: Arc<dyn Index>,
    name: String,
}

impl DeadLetterIndex {
    /// Writes to the index `name`.
    pub fn new(index: Arc<dyn Index>, name: String) -> Self {
        Self { index, name }
    }
}

#[async_trait]
impl DeadLetters for DeadLetterIndex {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let mut parcel = Parcel::default();
        for letter in &letters.letters {
            let id = letter.id.clone().unwrap_or_else(|| letters.name.clone());
            let action =
                json!({"index": {"_index": self.name, "_id": format!("{}-{id}", letter.kind)}});
            let source = letter.to_document().map_err(DeadLetterError::new)?;
            parcel.push(&action.to_string(), &source.to_string(), letter.offset);
        }
        let bulk = Bulk::pack([parcel]);
        for verdict in self.index.bulk(&bulk).await? {
            match verdict {
                Verdict::Indexed | Verdict::AlreadyThere => {}
                Verdict::Forbidden { status, reason }
                | Verdict::Retryable { status, reason }
                | Verdict::Unavailable { status, reason }
                | Verdict::Misconfigured { status, reason }
                | Verdict::AppendOnly { status, reason }
                | Verdict::Rejected { status, reason } => {
                    return Err(DeadLetterError {
                        status: Some(status),
                        code: None,
                        reason: format!("{}: HTTP {status}: {reason}", self.name),
                    });
                }
            }
        }
        Ok(())
    }
}
