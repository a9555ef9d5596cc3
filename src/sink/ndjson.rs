/*! Bulks go in; one JSON line per document comes out: `{"_index":…,"_id":…,"_source":{…}}`. */

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::error_class::ErrorClass;
use crate::sink::{Index, IndexError, Stored};
use logferry_core::bulk::{Bulk, DocumentTarget, Verdict};

/// An index that prints its documents. Every document counts as indexed; [`Index::fetch`] finds nothing.
pub struct Ndjson<W> {
    out: Mutex<W>,
}

impl<W: Write + Send> Ndjson<W> {
    pub fn new(out: W) -> Self {
        Self {
            out: Mutex::new(out),
        }
    }
}

fn line(
    bulk: &Bulk,
    document: &logferry_core::bulk::BulkDocument,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let DocumentTarget { index, id } = bulk.target(document);
    write!(out, r#"{{"_index":"{index}","_id":"{id}","_source":"#)?;
    out.extend_from_slice(bulk.source(document));
    out.extend_from_slice(b"}\n");
    Ok(())
}

#[async_trait]
impl<W: Write + Send> Index for Ndjson<W> {
    async fn version(&self) -> Result<String, IndexError> {
        Ok("ndjson".to_owned())
    }

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<Verdict>, IndexError> {
        let mut lines = Vec::with_capacity(bulk.body().len());
        let written = bulk
            .documents()
            .iter()
            .try_for_each(|document| line(bulk, document, &mut lines))
            .and_then(|()| {
                let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
                out.write_all(&lines)?;
                out.flush()
            });
        match written {
            Ok(()) => Ok(vec![Verdict::Indexed; bulk.documents().len()]),
            // The disk is full or the reader has closed the pipe.
            Err(e) => Err(IndexError::Other {
                class: ErrorClass::Fatal,
                reason: format!("cannot write documents: {e}"),
            }),
        }
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}
