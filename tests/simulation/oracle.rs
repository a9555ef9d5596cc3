/*! What must come of an object: the same pure modules, run straight over its bytes, without a road. */

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use logferry::pipeline::PipelineConfig;
use logferry_core::decode::{Decoder, KeyInfo};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::{LogDocumentWriter, ObjectInfo};
use logferry_core::invocation::{Merged, Prices, Summary, Tracker, TrackerLimits, merged};
use logferry_core::parse;

use crate::index::Place;
use crate::objects::Planned;

/// Documents of one version of an object.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    pub documents: BTreeMap<Place, Vec<u8>>,
    /// Parts of summaries, in the order they were given out.
    pub summaries: Vec<(Place, Vec<u8>)>,
    pub events: u64,
    /// There is nothing to read, says its name or its size.
    pub skipped: bool,
}

pub fn parse(object: &Planned, config: &PipelineConfig) -> Parsed {
    let mut parsed = Parsed::default();
    let key = KeyInfo::read(&object.key, &config.decode.log_groups);
    if key.is_write_test || object.key.ends_with('/') || object.version.bytes.is_empty() {
        parsed.skipped = true;
        return parsed;
    }
    let facts = ObjectInfo {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        etag: Some(object.version.etag.clone()),
        last_modified: Some(object.version.last_modified),
        id_scope: key.prefix.clone(),
    };
    let mut decoder = Decoder::new(&object.key, &config.decode);
    let mut writer = LogDocumentWriter::new(&facts, &config.document);
    let mut tracker = Tracker::new(TrackerLimits::default());
    let mut input = &object.plain[..];
    let mut lines = Vec::new();
    loop {
        while let Some(event) = decoder.next().expect("sound objects can be decoded") {
            let text = String::from_utf8_lossy(event.text);
            let record = parse::parse(&text);
            let id = writer.identify(&event);
            let at = writer.time(&event, &record);
            let around = tracker.observe(&event, &record, id.hash, at);
            lines.clear();
            let invalid = matches!(text, Cow::Owned(_));
            let written = writer.write(&event, invalid, &record, id, &around, &mut lines);
            let action: serde_json::Value =
                serde_json::from_slice(&lines[written.start..written.source_start])
                    .expect("an action line is JSON");
            let field = |name: &str| {
                action["create"][name]
                    .as_str()
                    .expect("it names its place")
                    .to_owned()
            };
            let source = lines[written.source_start..written.end]
                .trim_ascii_end()
                .to_vec();
            let place = (field("_index"), field("_id"));
            assert!(
                parsed.documents.insert(place, source).is_none(),
                "two events of {} have one id",
                object.key
            );
            parsed.events += 1;
            let over: Vec<Summary> = tracker.closed().collect();
            parsed
                .summaries
                .extend(over.iter().map(|s| summarised(s, config)));
        }
        if decoder.is_finished() {
            parsed
                .summaries
                .extend(tracker.finish().map(|s| summarised(&s, config)));
            return parsed;
        }
        let space = decoder.space();
        let n = input.len().min(space.len());
        space[..n].copy_from_slice(&input[..n]);
        input = &input[n..];
        match n {
            0 => decoder.finish(),
            n => decoder.filled(n),
        }
    }
}

fn summarised(summary: &Summary, config: &PipelineConfig) -> (Place, Vec<u8>) {
    let mut index = Vec::new();
    index_name::write(
        &mut index,
        &config.document.index_prefix,
        DocumentKind::Invocation,
        summary.index_day().into(),
    );
    let index = String::from_utf8(index).expect("an index name is ASCII");
    ((index, summary.id()), summary.write(&config.prices))
}

/// The merge of a stored summary with a part; `None`: the part was in it already.
pub fn with_part(stored: &[u8], part: &[u8], prices: &Prices) -> Option<Vec<u8>> {
    let part = Summary::read(part).expect("we wrote it");
    match merged(stored, &part, prices) {
        Merged::Same => None,
        Merged::Changed(source) => Some(source),
        other => panic!("we wrote it: {other:?}"),
    }
}

/// All that may be in the index, and what of it must.
#[derive(Default)]
pub struct Expected {
    /// Any of these sources: an event that lies in two objects is described by either.
    pub allowed: BTreeMap<Place, Vec<Vec<u8>>>,
    pub must: BTreeSet<Place>,
    /// Parts that a summary must hold.
    pub parts: BTreeMap<Place, Vec<Vec<u8>>>,
    /// Parts that it may hold beside them.
    pub more_parts: BTreeMap<Place, Vec<Vec<u8>>>,
}

impl Expected {
    /// Takes an object in: one that must be there, or one that may.
    pub fn add(&mut self, parsed: &Parsed, must: bool) {
        for (place, source) in &parsed.documents {
            let sources = self.allowed.entry(place.clone()).or_default();
            if !sources.contains(source) {
                sources.push(source.clone());
            }
            if must {
                self.must.insert(place.clone());
            }
        }
        let parts = if must {
            &mut self.parts
        } else {
            &mut self.more_parts
        };
        for (place, part) in &parsed.summaries {
            parts.entry(place.clone()).or_default().push(part.clone());
        }
    }
}
