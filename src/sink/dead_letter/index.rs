/*! Dead letters go in; one document per letter goes to an OpenSearch index. Its id consists of the kind and the id of
the refused document; for an object, of the kind and the name of the letters. */

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{DeadLetterError, DeadLetters, Letters, failed};
use crate::bulk::{Bulk, ItemStatus, Parcel};
use crate::sink::Index;

pub struct IndexOfLetters {
    index: Arc<dyn Index>,
    name: String,
}

impl IndexOfLetters {
    /// Writes to the index `name`.
    pub fn new(index: Arc<dyn Index>, name: String) -> Self {
        Self { index, name }
    }
}

#[async_trait]
impl DeadLetters for IndexOfLetters {
    async fn write(&self, letters: &Letters) -> Result<(), DeadLetterError> {
        let mut parcel = Parcel::default();
        for letter in &letters.letters {
            let id = letter.id.clone().unwrap_or_else(|| letters.name.clone());
            let action =
                json!({"index": {"_index": self.name, "_id": format!("{}-{id}", letter.kind)}});
            let mut source = serde_json::to_value(letter).map_err(failed)?;
            // The document is stored as text: OpenSearch has refused its fields already.
            if let Some(refused) = source.get_mut("_source").map(Value::take) {
                source["document"] = refused.to_string().into();
            }
            if let Some(fields) = source.as_object_mut() {
                fields.remove("_source");
                for (reserved, name) in [("_index", "index"), ("_id", "id")] {
                    if let Some(value) = fields.remove(reserved) {
                        fields.insert(name.to_owned(), value);
                    }
                }
            }
            parcel.push(&action.to_string(), &source.to_string(), letter.offset);
        }
        let bulk = Bulk::pack([parcel]);
        for status in self.index.bulk(&bulk).await.map_err(failed)? {
            match status {
                ItemStatus::Indexed | ItemStatus::AlreadyThere => {}
                ItemStatus::Forbidden { status, reason }
                | ItemStatus::Retryable { status, reason }
                | ItemStatus::Unavailable { status, reason }
                | ItemStatus::Misconfigured { status, reason }
                | ItemStatus::AppendOnly { status, reason }
                | ItemStatus::Rejected { status, reason } => {
                    return Err(failed(format!("{}: HTTP {status}: {reason}", self.name)));
                }
            }
        }
        Ok(())
    }
}
