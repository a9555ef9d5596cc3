/*! Parcels go in; the body of one `_bulk` request comes out, with the parcel and the position of each document. */

use bytes::Bytes;
use serde::Deserialize;

use crate::bulk::body_chunks::{BodyBuilder, BodyChunks, is_large};
use crate::bulk::wire::KeptWireBody;
use crate::bulk::{Parcel, PlacedDocument, WireBody};

/// A sequence number that no document has: 2^53 - 1, which any reader of JSON reads exactly.
const NO_SEQ_NO: u64 = (1 << 53) - 1;

/// One document of a bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkDocument {
    /// Index of its parcel among the parcels of the bulk.
    pub parcel: usize,
    /// Its position in the body.
    pub placed: PlacedDocument,
}

/// The body of a `_bulk` request, and its documents.
#[derive(Debug, Clone)]
pub struct Bulk {
    body: BodyChunks,
    documents: Vec<BulkDocument>,
    wire: KeptWireBody,
}

/// Builds a bulk from parcels, one after another.
#[derive(Debug, Default)]
pub struct BulkBuilder {
    body: BodyBuilder,
    documents: Vec<BulkDocument>,
    parcels: usize,
}

impl BulkBuilder {
    /// Appends a parcel. A large one becomes a part of the body without a copy. `expected` is the length in bytes that
    /// the body will have.
    pub fn add(&mut self, parcel: Parcel, expected: usize) {
        let number = self.parcels;
        let base = self.body.len();
        if number == 0 && is_large(&parcel.lines) {
            let parcels = expected / parcel.lines.len();
            self.documents.reserve(parcel.documents.len() * parcels);
        }
        (self.documents).extend(parcel.documents.iter().map(|placed| BulkDocument {
            parcel: number,
            placed: PlacedDocument {
                start: placed.start + base,
                source: placed.source + base,
                end: placed.end + base,
                ..*placed
            },
        }));
        self.body.add(parcel.lines);
        self.parcels += 1;
    }

    /// Length of the body so far in bytes.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The bulk of all parcels so far.
    pub fn finish(self) -> Bulk {
        Bulk {
            body: self.body.finish(),
            documents: self.documents,
            wire: KeptWireBody::default(),
        }
    }
}

impl Bulk {
    /// A bulk of these parcels.
    pub fn pack(parcels: impl IntoIterator<Item = Parcel>) -> Self {
        let mut builder = BulkBuilder::default();
        for parcel in parcels {
            builder.add(parcel, 0);
        }
        builder.finish()
    }

    /// A bulk that checks whether an index accepts a document, without writing it: OpenSearch parses the document, then
    /// refuses it with a version conflict, because its condition holds for no document. No document has the id `id`.
    pub fn probe(index: &str, id: &str, source: &[u8]) -> Self {
        let action = format!(
            "{{\"index\":{{\"_index\":\"{index}\",\"_id\":\"{id}\",\"if_seq_no\":{NO_SEQ_NO},\"if_primary_term\":1}}}}\n"
        );
        let mut body = action.into_bytes();
        let at = body.len();
        body.extend_from_slice(source);
        body.push(b'\n');
        let placed = PlacedDocument {
            start: 0,
            source: at,
            end: body.len(),
            offset: 0,
            merge: false,
        };
        Self {
            body: body.into(),
            documents: vec![BulkDocument { parcel: 0, placed }],
            wire: KeptWireBody::default(),
        }
    }

    /// The request body. The clone shares its bytes.
    pub fn body(&self) -> BodyChunks {
        self.body.clone()
    }

    /// The body as an earlier attempt sent it, if that was kept.
    pub fn wire_body(&self) -> Option<&WireBody> {
        self.wire.get()
    }

    /// Keeps the body as it is sent, for further attempts.
    pub fn keep_wire_body(&self, body: WireBody) {
        self.wire.keep(body);
    }

    /// The body with action lines that name only the index, for a collection that accepts no ids and generates its own.
    pub fn body_without_ids(&self) -> BodyChunks {
        let mut body = Vec::with_capacity(self.body.len());
        for document in &self.documents {
            let index = self.target(document).index;
            body.extend_from_slice(b"{\"create\":{\"_index\":\"");
            body.extend_from_slice(index.as_bytes());
            body.extend_from_slice(b"\"}}\n");
            body.extend_from_slice(self.source(document));
            body.push(b'\n');
        }
        body.into()
    }

    /// The documents in the order of the body.
    pub fn documents(&self) -> &[BulkDocument] {
        &self.documents
    }

    /// The action line of a document, without its line break.
    pub fn action(&self, document: &BulkDocument) -> &[u8] {
        self.line(document.placed.start, document.placed.source)
    }

    /// The index and the id in a document's action line.
    pub fn target(&self, document: &BulkDocument) -> DocumentTarget<'_> {
        target(self.action(document))
    }

    /// The source line of a document, without its line break.
    pub fn source(&self, document: &BulkDocument) -> &[u8] {
        self.line(document.placed.source, document.placed.end)
    }

    fn line(&self, start: usize, end: usize) -> &[u8] {
        let line = self.body.slice(start..end);
        line.strip_suffix(b"\n").unwrap_or(line)
    }

    /// The action line and the source line of a document, which share the body's bytes.
    pub fn shared_lines(&self, document: &BulkDocument) -> (Bytes, Bytes) {
        let PlacedDocument { start, source, .. } = document.placed;
        let lines = [
            (start, self.action(document)),
            (source, self.source(document)),
        ];
        let [action, source] = lines.map(|(at, line)| self.body.slice_shared(at..at + line.len()));
        (action, source)
    }

    /// A bulk of some of these documents, with their new lines if they have any.
    pub fn rebuild(&self, keep: &[DocumentToResend]) -> Self {
        let mut all = keep.iter().enumerate();
        if keep.len() == self.documents.len()
            && all.all(|(i, kept)| kept.document == i && kept.lines.is_none())
        {
            // The same body, without a copy, and without compressing it again.
            return self.clone();
        }
        let mut body = Vec::new();
        let mut documents = Vec::with_capacity(keep.len());
        for kept in keep {
            let sent = self.documents[kept.document];
            let start = body.len();
            let source = match &kept.lines {
                Some((action, source)) => {
                    body.extend_from_slice(action);
                    body.push(b'\n');
                    let at = body.len();
                    body.extend_from_slice(source);
                    body.push(b'\n');
                    at
                }
                None => {
                    let PlacedDocument {
                        start: from,
                        source,
                        end,
                        ..
                    } = sent.placed;
                    body.extend_from_slice(self.body.slice(from..end));
                    start + (source - from)
                }
            };
            documents.push(BulkDocument {
                parcel: sent.parcel,
                placed: PlacedDocument {
                    start,
                    source,
                    end: body.len(),
                    ..sent.placed
                },
            });
        }
        Self {
            body: body.into(),
            documents,
            wire: KeptWireBody::default(),
        }
    }

    /// Two bulks of half the documents each; `None` for fewer than two documents.
    pub fn halves(&self) -> Option<(Self, Self)> {
        let n = self.documents.len();
        if n < 2 {
            return None;
        }
        let keep = |range: std::ops::Range<usize>| -> Vec<DocumentToResend> {
            range.map(DocumentToResend::as_is).collect()
        };
        Some((self.rebuild(&keep(0..n / 2)), self.rebuild(&keep(n / 2..n))))
    }
}

#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow, alias = "index")]
    create: DocumentTarget<'a>,
}

/// The index and the id in an action line. Panics if logferry did not write the line.
pub fn target(action: &[u8]) -> DocumentTarget<'_> {
    let action: Action<'_> = serde_json::from_slice(action).expect("we wrote this action line");
    action.create
}

/// Index and id of a document. logferry made both, and they need no escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DocumentTarget<'a> {
    #[serde(rename = "_index")]
    pub index: &'a str,
    #[serde(rename = "_id")]
    pub id: &'a str,
}

/// A document of a bulk to send again.
#[derive(Debug, Clone)]
pub struct DocumentToResend {
    /// Its index among the bulk's documents.
    pub document: usize,
    /// The new action and source lines, without line breaks; `None` to send the old ones.
    pub lines: Option<(Vec<u8>, Vec<u8>)>,
}

impl DocumentToResend {
    /// The document with its old lines.
    pub fn as_is(document: usize) -> Self {
        Self {
            document,
            lines: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(sources: &[&str]) -> Parcel {
        let mut parcel = Parcel::default();
        for (i, text) in sources.iter().enumerate() {
            parcel.push(r#"{"create":{}}"#, text, i as u64);
        }
        parcel
    }

    fn sources(bulk: &Bulk) -> Vec<(usize, u64, String)> {
        bulk.documents()
            .iter()
            .map(|d| {
                assert_eq!(bulk.body().to_bytes()[d.placed.end - 1], b'\n');
                let text = String::from_utf8(bulk.source(d).to_vec()).unwrap();
                (d.parcel, d.placed.offset, text)
            })
            .collect()
    }

    #[test]
    fn parcels_share_a_body_and_keep_their_documents() {
        let bulk = Bulk::pack([parcel(&["a", "bb"]), parcel(&["ccc"])]);
        assert_eq!(
            sources(&bulk),
            [
                (0, 0, "a".into()),
                (0, 1, "bb".into()),
                (1, 0, "ccc".into())
            ]
        );
        assert!(
            bulk.documents()
                .iter()
                .all(|d| bulk.action(d) == b"{\"create\":{}}")
        );
    }

    #[test]
    fn what_is_kept_is_sent_again_as_it_was_or_as_told() {
        let bulk = Bulk::pack([parcel(&["a", "bb"]), parcel(&["ccc"])]);
        let again = bulk.rebuild(&[
            DocumentToResend::as_is(2),
            DocumentToResend {
                document: 0,
                lines: Some((b"{\"index\":{}}".to_vec(), b"A".to_vec())),
            },
        ]);
        assert_eq!(sources(&again), [(1, 0, "ccc".into()), (0, 0, "A".into())]);
        assert_eq!(again.action(&again.documents()[1]), b"{\"index\":{}}");
        assert_eq!(
            again
                .body()
                .to_bytes()
                .iter()
                .filter(|b| **b == b'\n')
                .count(),
            4
        );
    }

    #[test]
    fn without_ids_each_action_names_its_index_only() {
        let mut parcel = Parcel::default();
        for (action, source) in [
            (
                r#"{"create":{"_index":"a-logs-2026.11.23","_id":"x"}}"#,
                r#"{"_id":"own"}"#,
            ),
            (
                r#"{"index":{"_index":"a-invocations-2026.11.23","_id":"y","if_seq_no":1,"if_primary_term":1}}"#,
                "{}",
            ),
        ] {
            parcel.push(action, source, 0);
        }
        let body = Bulk::pack([parcel]).body_without_ids().to_bytes();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "{\"create\":{\"_index\":\"a-logs-2026.11.23\"}}\n{\"_id\":\"own\"}\n\
             {\"create\":{\"_index\":\"a-invocations-2026.11.23\"}}\n{}\n"
        );
    }

    #[test]
    fn halves_end_at_one_document() {
        let bulk = Bulk::pack([parcel(&["a", "bb", "c"])]);
        let (left, right) = bulk.halves().unwrap();
        assert_eq!(left.documents().len() + right.documents().len(), 3);
        assert!(left.halves().is_none());
    }
}
