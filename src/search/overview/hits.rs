/*! A query and a window of its hits go in; the hits come out, whatever their size. */

use serde_json::json;

use crate::search::client::SearchClient;
use crate::search::error::SearchError;
use crate::search::query::{Query, SourceFields};
use crate::search::response::Hit;
use crate::sink::IndexError;

/// OpenSearch's default for `index.max_result_window`: no hit behind it can be read by its position.
pub const MAX_WINDOW: usize = 10_000;

/// Most bytes of fields that the parts of one window hold together: twice the longest answer.
const MAX_BYTES: usize = 16 << 20;

impl SearchClient {
    /// The hits from position `from` on. Where they exceed the longest answer together, they are asked for in smaller
    /// parts. A hit that exceeds it alone comes without fields, as do all hits once [`MAX_BYTES`] are held.
    pub async fn hits(
        &self,
        query: &Query,
        from: usize,
        size: usize,
        fields: SourceFields,
    ) -> Result<Vec<Hit>, SearchError> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut held = 0;
        // The part to read next is the last one.
        let mut parts = vec![(from, size.min(MAX_WINDOW.saturating_sub(from)), fields)];
        while let Some((from, size, fields)) = parts.pop() {
            if size == 0 {
                continue;
            }
            let fields = match held < MAX_BYTES {
                true => fields,
                false => SourceFields::Nothing,
            };
            let rest =
                json!({"_source": fields.to_json(), "from": from, "track_total_hits": false});
            match self.search_with(&[], query, size, rest).await {
                Ok(page) => {
                    held += page
                        .hits
                        .iter()
                        .map(|hit| hit.source_text().len())
                        .sum::<usize>();
                    hits.extend(page.hits);
                }
                Err(SearchError::OpenSearch(IndexError::AnswerTooLarge(_))) if size > 1 => {
                    let half = size / 2;
                    parts.push((from + half, size - half, fields));
                    parts.push((from, half, fields));
                }
                Err(SearchError::OpenSearch(IndexError::AnswerTooLarge(_)))
                    if fields != SourceFields::Nothing =>
                {
                    parts.push((from, size, SourceFields::Nothing));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(hits)
    }
}
