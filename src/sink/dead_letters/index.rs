/*! Dead letters go in; one document per letter goes to an OpenSearch index. Its id consists of the kind and the id of
the refused document; for an object, of the kind and the name of the letters. The documents are read again, and deleted
if they are unchanged. */

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sink::dead_letters::archive::{
    Addresses, ArchiveError, DeadLetterArchive, LetterAddress, LetterSet, Removal, StoredLetter,
    Token,
};
use crate::sink::dead_letters::trial::TRIAL;
use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters, Trial, TrialEnd};
use crate::sink::opensearch::{Method, OpenSearch};
use crate::sink::{Index, IndexError, Stored};
use logferry_core::bulk::{Bulk, Parcel, Verdict};
use logferry_core::dead_letter::DeadLetter;

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
            if let Some(refused) = refused(&self.name, verdict) {
                return Err(refused);
            }
        }
        Ok(())
    }
}

/// The error of a verdict other than success.
fn refused(index: &str, verdict: Verdict) -> Option<DeadLetterError> {
    match verdict {
        Verdict::Indexed | Verdict::AlreadyThere => None,
        Verdict::Forbidden { status, reason }
        | Verdict::Retryable { status, reason }
        | Verdict::Unavailable { status, reason }
        | Verdict::Misconfigured { status, reason }
        | Verdict::AppendOnly { status, reason }
        | Verdict::Rejected { status, reason } => Some(DeadLetterError {
            status: Some(status),
            code: None,
            reason: format!("{index}: HTTP {status}: {reason}"),
        }),
    }
}

/// Hits of a page. Only their ids, kinds and sizes are read.
const PAGE: usize = 1000;
/// Most letters, and bytes of their documents, that are read together.
const SET: usize = 100;
const SET_BYTES: u64 = 4 << 20;
/// Reads and removes the letters in an index.
pub struct DeadLetterDocuments {
    opensearch: Arc<OpenSearch>,
    name: String,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "_shards")]
    shards: Shards,
    hits: Hits,
}

#[derive(Deserialize)]
struct Shards {
    failed: u64,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    sort: Vec<Value>,
    #[serde(default, rename = "_source")]
    source: HitSource,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HitSource {
    kind: Value,
    size: Value,
}

impl DeadLetterDocuments {
    pub fn new(opensearch: Arc<OpenSearch>, name: String) -> Self {
        Self { opensearch, name }
    }

    fn failed(&self, error: &IndexError) -> ArchiveError {
        let reason = match error {
            IndexError::NotFound => "there is no such index".to_owned(),
            error => error.to_string(),
        };
        ArchiveError(format!("opensearch:{}: {reason}", self.name))
    }

    /// The addresses after these sort values, and the last sort values; `None` after the last page. Pages by id need no
    /// point in time: a letter that is written or deleted meanwhile moves no other one.
    async fn page(
        &self,
        after: Option<Vec<Value>>,
    ) -> Result<(Vec<LetterAddress>, Option<Vec<Value>>), IndexError> {
        let mut body = json!({
            "size": PAGE, "track_total_hits": false, "_source": ["kind", "size"],
            "sort": [{"_id": "asc"}],
            "query": {"bool": {"must_not": {"ids": {"values": [TRIAL]}}}},
        });
        if let Some(after) = &after {
            body["search_after"] = json!(after);
        }
        let path = format!("/{}/_search", self.name);
        let found = self.opensearch.call(Method::POST, &path, Some(&body));
        let found: Found = parsed(found.await?)?;
        if found.shards.failed > 0 {
            let reason = format!("{} shards did not answer", found.shards.failed);
            return Err(IndexError::Unanswered(reason));
        }
        let hits = found.hits.hits;
        let last = hits.last().map(|hit| hit.sort.clone());
        let last = last.filter(|_| hits.len() == PAGE);
        Ok((self.addresses_of(hits), last))
    }

    /// Hits of one kind share an address, up to a limit of letters and bytes.
    fn addresses_of(&self, hits: Vec<Hit>) -> Vec<LetterAddress> {
        let mut addresses = Vec::new();
        for kind in [DeadLetter::DOCUMENT, DeadLetter::OBJECT] {
            let mut bytes = u64::MAX;
            for hit in &hits {
                let is_object = hit.source.kind == DeadLetter::OBJECT;
                if is_object != (kind == DeadLetter::OBJECT) {
                    continue;
                }
                // The size of an object is not one of its letter.
                let size = match is_object {
                    true => 0,
                    false => hit.source.size.as_u64().unwrap_or(0),
                };
                let last: Option<&mut LetterAddress> = addresses.last_mut();
                match last {
                    Some(last)
                        if last.ids.len() < SET && bytes.saturating_add(size) <= SET_BYTES =>
                    {
                        last.ids.push(hit.id.clone());
                        bytes += size;
                    }
                    _ => {
                        bytes = size;
                        addresses.push(LetterAddress {
                            name: format!("opensearch:{}", self.name),
                            kind: kind.to_owned(),
                            ids: vec![hit.id.clone()],
                        });
                    }
                }
            }
        }
        addresses
    }

    fn letter(&self, id: &str, stored: &Stored) -> StoredLetter {
        let document = serde_json::from_slice::<Value>(&stored.source);
        let letter = match document {
            Ok(document) => DeadLetter::from_document(document).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let kinds = [DeadLetter::DOCUMENT, DeadLetter::OBJECT];
        let reference = (kinds.iter())
            .find_map(|kind| id.strip_prefix(kind)?.strip_prefix('-'))
            .unwrap_or(id);
        StoredLetter {
            reference: reference.to_owned(),
            letter: letter.map_err(|error| format!("opensearch:{}: {id}: {error}", self.name)),
            token: Token::Document {
                id: id.to_owned(),
                seq_no: stored.seq_no,
                primary_term: stored.primary_term,
            },
        }
    }
}

#[async_trait]
impl Trial for DeadLetterDocuments {
    async fn try_out(&self) -> Result<TrialEnd, DeadLetterError> {
        let target = json!({"_index": self.name, "_id": TRIAL});
        let document = json!({"kind": "check", "reason": "written by `logferry check`"});
        let write = format!("{}\n{document}\n", json!({"index": target}));
        for verdict in self.opensearch.send_small_bulk(write, 1).await? {
            if let Some(refused) = refused(&self.name, verdict) {
                return Err(refused);
            }
        }
        let delete = format!("{}\n", json!({"delete": target}));
        let removed = self.opensearch.send_small_bulk(delete, 1).await;
        let refused = match removed {
            Ok(verdicts) => verdicts.into_iter().find_map(|v| refused(&self.name, v)),
            Err(error) => Some(error.into()),
        };
        Ok(match refused {
            None => TrialEnd::Removed,
            Some(error) => TrialEnd::Stays(error.reason),
        })
    }
}

fn parsed<T: serde::de::DeserializeOwned>(answer: Value) -> Result<T, IndexError> {
    serde_json::from_value(answer).map_err(|e| {
        IndexError::Unanswered(format!("an answer that OpenSearch would not give: {e}"))
    })
}

#[async_trait]
impl DeadLetterArchive for DeadLetterDocuments {
    fn addresses(&self) -> Addresses<'_> {
        let pages = stream::try_unfold(Some(None), move |cursor| async move {
            let Some(cursor) = cursor else {
                return Ok(None);
            };
            let (addresses, next) = self.page(cursor).await.map_err(|e| self.failed(&e))?;
            let addresses = addresses.into_iter().map(Ok::<_, ArchiveError>);
            Ok(Some((stream::iter(addresses), next.map(Some))))
        });
        Box::pin(pages.try_flatten())
    }

    /// Unlike a search, this finds what was written or deleted a moment ago.
    async fn read(&self, address: LetterAddress) -> Result<Option<LetterSet>, ArchiveError> {
        let wanted = address.ids.iter().map(|id| (self.name.clone(), id.clone()));
        let wanted: Vec<_> = wanted.collect();
        let stored = self.opensearch.fetch(&wanted).await;
        let stored = stored.map_err(|e| self.failed(&e))?;
        let letters: Vec<_> = (address.ids.iter().zip(&stored))
            .filter_map(|(id, stored)| Some(self.letter(id, stored.as_ref()?)))
            .collect();
        Ok((!letters.is_empty()).then_some(LetterSet {
            address,
            letters,
            version: String::new(),
        }))
    }

    async fn remove(&self, set: &LetterSet, positions: &[usize]) -> Result<Removal, ArchiveError> {
        let mut body = String::new();
        let mut sent = 0;
        for position in positions {
            let token = set.letters.get(*position).map(|letter| &letter.token);
            if let Some(Token::Document {
                id,
                seq_no,
                primary_term,
            }) = token
            {
                let action = json!({"delete": {
                    "_index": self.name, "_id": id,
                    "if_seq_no": seq_no, "if_primary_term": primary_term,
                }});
                body.push_str(&format!("{action}\n"));
                sent += 1;
            }
        }
        if sent == 0 {
            return Ok(Removal::Removed);
        }
        let verdicts = self.opensearch.send_small_bulk(body, sent).await;
        let mut removal = Removal::Removed;
        for verdict in verdicts.map_err(|e| self.failed(&e))? {
            match verdict {
                // 404: it is gone already.
                Verdict::Indexed | Verdict::Rejected { status: 404, .. } => {}
                Verdict::AlreadyThere => removal = Removal::Changed,
                Verdict::Forbidden { status, reason }
                | Verdict::Retryable { status, reason }
                | Verdict::Unavailable { status, reason }
                | Verdict::Misconfigured { status, reason }
                | Verdict::AppendOnly { status, reason }
                | Verdict::Rejected { status, reason } => {
                    let name = &self.name;
                    let reason = format!("opensearch:{name}: HTTP {status}: {reason}");
                    return Err(ArchiveError(reason));
                }
            }
        }
        Ok(removal)
    }
}
