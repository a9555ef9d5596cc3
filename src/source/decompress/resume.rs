//! The stored bytes of an object, whatever breaks on the way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream;
use tokio::io::AsyncBufRead;
use tokio_util::io::StreamReader;

use crate::error_class::ErrorClass;
use crate::source::decompress::error::ReadError;
use crate::source::{OpenError, Opened, Store, StoreError};
use logferry_core::notification::ObjectRef;

/// How often in a row a broken body is resumed without a byte of progress.
const MAX_RESUMES: u32 = 5;

/// A reader of the stored bytes. It resumes a broken body with a Range request for the version that was opened.
pub(super) fn resuming(
    store: Arc<dyn Store>,
    object: ObjectRef,
    opened: Opened,
    at: Arc<AtomicU64>,
) -> Pin<Box<dyn AsyncBufRead + Send>> {
    struct ResumeState {
        opened: Opened,
        resumes: u32,
    }
    let state = ResumeState { opened, resumes: 0 };
    let chunks = stream::unfold(Some(state), move |state| {
        let (store, object, at) = (store.clone(), object.clone(), at.clone());
        async move {
            let mut state = state?;
            loop {
                let failure = match futures_util::StreamExt::next(&mut state.opened.chunks).await {
                    Some(Ok(chunk)) => {
                        at.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                        if !chunk.is_empty() {
                            state.resumes = 0;
                        }
                        return Some((Ok(chunk), Some(state)));
                    }
                    None => {
                        let read = at.load(Ordering::Relaxed);
                        match state.opened.size {
                            Some(size) if read < size => StoreError::new(
                                ErrorClass::Retryable,
                                format!("the body ended after {read} of {size} bytes"),
                            ),
                            _ => return None,
                        }
                    }
                    Some(Err(error)) => error,
                };
                state.resumes += 1;
                let from = at.load(Ordering::Relaxed);
                // All bytes were given and are not to be trusted (a checksum that does not match): there is no rest
                // to ask for.
                let is_whole = state.opened.size.is_some_and(|size| from >= size);
                let etag = state.opened.etag.clone();
                if failure.class != ErrorClass::Retryable
                    || state.resumes > MAX_RESUMES
                    || is_whole
                    || etag.is_none()
                {
                    return Some((Err(io::Error::other(failure)), None));
                }
                tracing::debug!(from, reason = %failure, "resuming a broken body");
                tokio::time::sleep(crate::retry::full_jitter(state.resumes)).await;
                match store.open(&object, from, etag.as_deref()).await {
                    Ok(opened) => state.opened = opened,
                    Err(OpenError::Other(error)) if error.class == ErrorClass::Retryable => {
                        // The next read fails at once and is counted.
                        state.opened.chunks = Box::pin(stream::iter([Err(error)]));
                    }
                    Err(OpenError::Gone) => {
                        return Some((Err(io::Error::other(ReadError::Removed)), None));
                    }
                    Err(error) => {
                        let reason = format!("while resuming at byte {from}: {error}");
                        let error = StoreError::new(error.class(), reason);
                        return Some((Err(io::Error::other(error)), None));
                    }
                }
            }
        }
    });
    Box::pin(StreamReader::new(Box::pin(chunks)))
}
