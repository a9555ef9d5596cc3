/*! The expected documents of an object: the core runs directly over its bytes, without a pipeline. */

use std::collections::{BTreeMap, BTreeSet};

use logferry::pipeline::PipelineConfig;
use logferry_core::decode::{Decoder, KeyInfo};
use logferry_core::document::{
    DocumentOptions, DocumentSpan, ObjectEncoder, ObjectInfo, PlatformLines, event_text,
};
use logferry_core::invocation::{Merged, Prices, Summary, merged};

use crate::index::Place;
use crate::objects::Planned;

/// Documents of one version of an object.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    pub documents: BTreeMap<Place, Vec<u8>>,
    /// Parts of summaries, in the order they were given out.
    pub summaries: Vec<(Place, Vec<u8>)>,
    pub events: u64,
    /// Events that stand in summaries.
    pub folded: u64,
    /// Their documents: a reading that breaks off between an init and its invocation makes some of them.
    pub folded_documents: BTreeMap<Place, Vec<u8>>,
    /// By its name or size there is nothing to read.
    pub skipped: bool,
}

impl Parsed {
    fn add(&mut self, lines: &[u8], document: DocumentSpan, object: &Planned) {
        let (place, source) = stored(lines, document);
        assert!(
            self.documents.insert(place, source).is_none(),
            "two events of {} have one id",
            object.key
        );
    }
}

pub fn parse(object: &Planned, config: &PipelineConfig) -> Parsed {
    let mut parsed = Parsed::default();
    let key = KeyInfo::read(&object.key, &config.read.decode.log_groups);
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
    let mut decoder = Decoder::new(&object.key, &config.read.decode);
    let mut encoder = ObjectEncoder::new(&facts, &config.read.document, &config.read.prices);
    let all = DocumentOptions {
        platform_lines: PlatformLines::All,
        ..config.read.document.clone()
    };
    let mut unfolded = ObjectEncoder::new(&facts, &all, &config.read.prices);
    let mut input = &object.plain[..];
    let mut lines = Vec::new();
    loop {
        while let Some(event) = decoder.next().expect("sound objects can be decoded") {
            lines.clear();
            let text = event_text(&event);
            let encoded = encoder.encode(&event, &text, &mut lines);
            parsed.events += 1;
            let whole = unfolded.encode(&event, &text, &mut lines).document;
            let (place, source) = stored(&lines, whole.expect("every line is a document"));
            parsed.folded_documents.insert(place, source);
            while unfolded.next_closed(&mut lines).is_some() {}
            let mut documents = Vec::from_iter(encoded.document);
            while let Some(late) = encoder.next_late(&mut lines) {
                documents.push(late.document);
            }
            for document in documents {
                parsed.add(&lines, document, object);
            }
            while let Some(closed) = encoder.next_closed(&mut lines) {
                parsed.summaries.push(stored(&lines, closed.document));
            }
        }
        if decoder.is_finished() {
            while let Some(late) = encoder.next_late_at_end(&mut lines) {
                parsed.add(&lines, late.document, object);
            }
            parsed.folded = encoder.folded();
            while let Some(closed) = encoder.next_at_end(&mut lines) {
                parsed.summaries.push(stored(&lines, closed.document));
            }
            let documents = &parsed.documents;
            parsed
                .folded_documents
                .retain(|place, _| !documents.contains_key(place));
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

/// Where a document is to be stored, and its source.
fn stored(lines: &[u8], document: DocumentSpan) -> (Place, Vec<u8>) {
    let action: serde_json::Value = serde_json::from_slice(&lines[document.start..document.source])
        .expect("an action line is JSON");
    let field = |name: &str| {
        action["create"][name]
            .as_str()
            .expect("it names its place")
            .to_owned()
    };
    let source = lines[document.source..document.end].trim_ascii_end();
    ((field("_index"), field("_id")), source.to_vec())
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

/// The documents that may be in the index, and those that must.
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
    /// Adds an object whose documents must be in the index, or may.
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
        for (place, source) in &parsed.folded_documents {
            let sources = self.allowed.entry(place.clone()).or_default();
            if !sources.contains(source) {
                sources.push(source.clone());
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
