/*! Bulks go in; one JSON line per document comes out: `{"_index":…,"_id":…,"_source":{…}}`. */

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Index, IndexError, Stored};
use crate::bulk::{Bulk, ItemStatus, Target};
use crate::class::Class;

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

fn line(bulk: &Bulk, document: &crate::bulk::Sent, out: &mut Vec<u8>) -> std::io::Result<()> {
    let Target { index, id } = bulk.target(document);
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

    async fn bulk(&self, bulk: &Bulk) -> Result<Vec<ItemStatus>, IndexError> {
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
            Ok(()) => Ok(vec![ItemStatus::Indexed; bulk.documents().len()]),
            // The disk is full or the reader has closed the pipe.
            Err(e) => Err(IndexError::Other {
                class: Class::Fatal,
                reason: format!("cannot write documents: {e}"),
            }),
        }
    }

    async fn fetch(&self, wanted: &[(String, String)]) -> Result<Vec<Option<Stored>>, IndexError> {
        Ok(vec![None; wanted.len()])
    }
}
