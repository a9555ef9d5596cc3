/*! A line of the platform, its record and its context go in; the folded line that a summary keeps instead of a document
comes out, if the summary then holds everything that the document would show. */

use std::sync::Arc;

use crate::decode::{Event, Identity, log_stream};
use crate::document::log::document_times::DocumentTimes;
use crate::document::log::faas::FaasFields;
use crate::document::{DocumentOptions, EventId, LineContext, ObjectInfo, PlatformLines, id};
use crate::invocation::{FoldedId, FoldedLine};
use crate::parse::{self, Record};

/// Makes the folded lines of one object.
#[derive(Debug)]
pub(crate) struct Fold {
    bucket: Arc<str>,
    key: Arc<str>,
    keep_original: bool,
    /// Name and version of the function in the last line: the next one shares them.
    name: Option<Arc<str>>,
    version: Option<Arc<str>>,
}

impl Fold {
    /// `None` if the operator wants a document of every line.
    pub fn new(object: &ObjectInfo, options: &DocumentOptions) -> Option<Self> {
        (options.platform_lines == PlatformLines::Folded).then(|| Self {
            bucket: object.bucket.as_str().into(),
            key: object.key.as_str().into(),
            keep_original: options.keep_original,
            name: None,
            version: None,
        })
    }

    /// Whether a line may be folded, as far as its text tells.
    pub fn is_candidate(event: &Event<'_>, record: &Record<'_>, text: &str) -> bool {
        parse::is_complete(record, text) && event.origin.subscription.extracted.is_none()
    }

    /// The folded line of a candidate. `times` are those of a document without flags.
    pub fn line(
        &mut self,
        event: &Event<'_>,
        text: &str,
        record: &Record<'_>,
        id: &EventId,
        context: &LineContext<'_>,
        times: &DocumentTimes,
    ) -> FoldedLine {
        let faas = FaasFields::of(event.origin, record, context);
        let stream = event.origin.log_stream.as_deref();
        FoldedLine {
            at: times.timestamp,
            id: match stream {
                Some(stream) if follows_from_content(event, stream, id) => FoldedId::Content,
                _ => FoldedId::Stated(*id.as_bytes()),
            },
            text: text.into(),
            bucket: Arc::clone(&self.bucket),
            key: Arc::clone(&self.key),
            offset: event.offset,
            time: event.time,
            day: times.index_day(),
            name: shared(&mut self.name, faas.name),
            version: shared(&mut self.version, faas.version),
            cold: faas.cold_start,
            inferred: faas.inferred,
            original: self.keep_original,
            no_account: event.origin.account.is_none(),
            no_region: event.origin.region.is_none(),
        }
    }
}

/// Whether an id is that of the first event of its text and time in a stream of a globally unique name.
fn follows_from_content(event: &Event<'_>, stream: &str, id: &EventId) -> bool {
    matches!(event.identity, Identity::Content)
        && log_stream::is_unique(log_stream::original_of(stream))
        && event.time.is_some_and(|time| {
            id::of_content(stream, time, event.text).as_bytes() == id.as_bytes()
        })
}

/// The text in shared memory: that of the last line, if it is equal.
fn shared(last: &mut Option<Arc<str>>, text: Option<&str>) -> Option<Arc<str>> {
    if last.as_deref() != text {
        *last = text.map(Arc::from);
    }
    last.clone()
}
