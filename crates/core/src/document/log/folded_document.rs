/*! The source of a summary goes in; the log documents of its folded lines come out, as they would be stored if the
lines were not folded. */

use std::sync::Arc;

use crate::decode::{Event, Identity, Origin};
use crate::document::id::{self, EventId};
use crate::document::index_name::{self, DocumentKind};
use crate::document::{DocumentOptions, LineContext, LogDocumentWriter, ObjectInfo};
use crate::invocation::{FoldedId, FoldedLine, SharedByLines};
use crate::parse;

/// The log document of a folded line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldedDocument {
    pub index: String,
    pub id: String,
    /// Its source: one JSON object.
    pub source: String,
    /// `@timestamp` in milliseconds since 1970, `aws.s3.key` and `log.offset`: log lines are sorted by them.
    pub at: i64,
    pub key: String,
    pub offset: u64,
    /// The line lies in the request: it names it, or stands between its lines. Others belong to the init before it.
    pub is_of_request: bool,
}

/// The documents of a summary's folded lines, by time, object and offset. `source` may lack `invocation.merge`.
pub fn folded_documents(
    source: &[u8],
    prefix: &str,
) -> Result<Vec<FoldedDocument>, serde_json::Error> {
    let (shared, lines) = SharedByLines::read(source)?;
    let origin = Origin {
        account: shared.account.clone(),
        region: shared.region.clone(),
        log_group: shared.log_group.clone(),
        log_stream: shared.log_stream.clone(),
        ..Origin::default()
    };
    let each = lines.iter();
    let mut documents: Vec<FoldedDocument> = each
        .map(|line| {
            let mut origin = origin.clone();
            origin.account.take_if(|_| line.no_account);
            origin.region.take_if(|_| line.no_region);
            document(line, &shared.request_id, &Arc::new(origin), prefix)
        })
        .collect();
    documents.sort_by(|a, b| (a.at, &a.key, a.offset).cmp(&(b.at, &b.key, b.offset)));
    Ok(documents)
}

/// Index and id of the document that a folded line of a log stream would have.
pub fn folded_target(line: &FoldedLine, stream: Option<&str>, prefix: &str) -> (String, String) {
    let mut index = Vec::new();
    index_name::write(&mut index, prefix, DocumentKind::Log, line.day);
    let id = event_id(line, stream);
    (
        String::from_utf8_lossy(&index).into_owned(),
        id.as_str().to_owned(),
    )
}

fn event_id(line: &FoldedLine, stream: Option<&str>) -> EventId {
    match line.id {
        FoldedId::Stated(id) => EventId::stated(id),
        FoldedId::Content => {
            let stream = stream.unwrap_or_default();
            id::of_content(stream, line.at, line.text.as_bytes())
        }
    }
}

fn document(
    line: &FoldedLine,
    request_id: &str,
    origin: &Arc<Origin>,
    prefix: &str,
) -> FoldedDocument {
    let object = ObjectInfo {
        bucket: line.bucket.to_string(),
        key: line.key.to_string(),
        ..ObjectInfo::default()
    };
    let options = DocumentOptions {
        index_prefix: prefix.to_owned(),
        keep_original: line.original,
        ..DocumentOptions::default()
    };
    let event = Event {
        offset: line.offset,
        time: line.time,
        text: line.text.as_bytes(),
        truncated: 0,
        // The id and the index are known.
        identity: Identity::Content,
        origin,
    };
    let record = parse::parse(&line.text);
    let context = LineContext {
        request_id_inferred: line.inferred.then_some(request_id),
        cold_start: line.cold,
        function_name: line.name.as_deref(),
        function_version: line.version.as_deref(),
        ..LineContext::default()
    };
    let (index, id) = folded_target(line, origin.log_stream.as_deref(), prefix);
    let mut lines = Vec::new();
    let mut writer = LogDocumentWriter::new(&object, &options);
    let event_id = event_id(line, origin.log_stream.as_deref());
    let span = writer.write(&event, false, &record, event_id, &context, &mut lines);
    let source = &lines[span.source..span.end];
    FoldedDocument {
        index,
        id,
        source: String::from_utf8_lossy(source.trim_ascii_end()).into_owned(),
        at: line.at,
        key: object.key,
        offset: line.offset,
        is_of_request: line.inferred || record.request_id.is_some(),
    }
}
