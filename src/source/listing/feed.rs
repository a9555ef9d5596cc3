/*! Pages of a listing go in; the selected objects go to the queue while it has room (back pressure), or are counted. */

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::error_class::ErrorClass;
use crate::retry::full_jitter;
use crate::source::listing::{ListError, Listed, Lister, ListingQueue, Page, Selection};

/// Attempts for one page, beside those of the SDK.
const ATTEMPTS: u32 = 8;

/// Reads the listing from the queue's cursor to its end and fills the queue. An error becomes the queue's.
pub async fn feed(lister: &dyn Lister, selection: &Selection, queue: &ListingQueue) {
    loop {
        queue.wants_more().await;
        if queue.is_listed() {
            return;
        }
        match next_page(lister, selection, queue.through().as_deref()).await {
            Ok(page) => queue.add(page),
            Err(error) => {
                queue.fail(error);
                return;
            }
        }
    }
}

/// The next page with the selected objects only.
pub async fn next_page(
    lister: &dyn Lister,
    selection: &Selection,
    after: Option<&str>,
) -> Result<Page, ListError> {
    let mut failures = 0;
    loop {
        let error = match lister.page(after).await {
            Ok(page) => return selection.apply(page),
            Err(error) => error,
        };
        failures += 1;
        if error.class == ErrorClass::Fatal || failures == ATTEMPTS {
            return Err(error);
        }
        let delay = full_jitter(failures);
        tracing::warn!(%error, ?delay, "cannot list");
        tokio::time::sleep(delay).await;
    }
}

/// What a listing holds.
#[derive(Debug, Default)]
pub struct Survey {
    pub objects: u64,
    /// Stored bytes, as far as the listing tells sizes.
    pub bytes: u64,
    /// Some objects, spread over the listing by the hashes of their keys.
    pub sample: Vec<Listed>,
}

/// Counts the selected objects behind a cursor, in bounded memory. `counted` gets the number after each page.
pub async fn survey(
    lister: &dyn Lister,
    selection: &Selection,
    after: Option<String>,
    sample: usize,
    mut counted: impl FnMut(u64),
) -> Result<Survey, ListError> {
    let mut survey = Survey::default();
    let mut lowest: BTreeMap<u64, Listed> = BTreeMap::new();
    let mut cursor = after;
    loop {
        let page = next_page(lister, selection, cursor.as_deref()).await?;
        for listed in page.objects {
            survey.objects += 1;
            survey.bytes += listed.object.size.unwrap_or(0);
            let hash = xxh3_64(listed.object.key.as_bytes());
            if lowest.len() < sample || lowest.last_key_value().is_some_and(|(l, _)| hash < *l) {
                lowest.insert(hash, listed);
            }
            if lowest.len() > sample {
                lowest.pop_last();
            }
        }
        counted(survey.objects);
        cursor = page.through.or(cursor);
        if !page.more {
            survey.sample = lowest.into_values().collect();
            return Ok(survey);
        }
    }
}
