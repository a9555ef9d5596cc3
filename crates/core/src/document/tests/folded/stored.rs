//! Objects go in; the documents and summaries that an index would hold come out.

use crate::decode::{DecodeOptions, Decoder, KeyInfo};
use crate::document::tests::*;
use crate::document::{ObjectEncoder, event_text, folded_documents};
use crate::invocation::{Architecture, Merged, Prices, Summary, merged};
use std::collections::BTreeMap;

use super::{STREAM, TEN};

/// Index and id.
pub type Target = (String, String);

/// The documents that an object, or several, became.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Stored {
    pub logs: BTreeMap<Target, Value>,
    pub summaries: BTreeMap<Target, Vec<u8>>,
    pub events: u64,
    pub folded: u64,
    pub log_documents: u64,
}

pub fn key(number: usize) -> String {
    format!("exports/248945c1-c71f-430b-ab6b-fd7c9a249ef9/{STREAM}/{number:06}.gz")
}

pub fn export(events: &[(i64, String)]) -> String {
    let line = |(at, text): &(i64, String)| {
        let time = jiff::Timestamp::from_millisecond(TEN + at).expect("a time");
        format!("{time:.3} {text}\n\n")
    };
    events.iter().map(line).collect()
}

impl Stored {
    fn add_log(&mut self, lines: &[u8], span: DocumentSpan) {
        self.log_documents += 1;
        let (target, source) = parts(lines, span);
        self.logs.entry(target).or_insert_with(|| json_of(&source));
    }

    /// What the pipeline does with a summary that the index has already.
    fn add_summary(&mut self, target: Target, source: Vec<u8>) {
        let prices = Prices::builtin(Architecture::X86);
        match self.summaries.get_mut(&target) {
            None => {
                self.summaries.insert(target, source);
            }
            Some(stored) => {
                let ours = Summary::read(&source).expect("it was just written");
                match merged(stored, &ours, &prices) {
                    Merged::Same => {}
                    Merged::Changed(changed) => *stored = changed,
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    pub fn read(&mut self, key: &str, bytes: &str, platform_lines: PlatformLines) {
        let object = ObjectInfo {
            key: key.to_owned(),
            id_scope: KeyInfo::read(key, &[]).prefix,
            ..object()
        };
        let options = DocumentOptions {
            platform_lines,
            ..options()
        };
        let prices = Prices::builtin(Architecture::X86);
        let mut encoder = ObjectEncoder::new(&object, &options, &prices);
        let mut decoder = Decoder::new(key, &DecodeOptions::default());
        decoder.whole(bytes.into());
        let mut out = Vec::new();
        while let Some(event) = decoder.next().expect("a whole object") {
            self.events += 1;
            let text = event_text(&event);
            if let Some(document) = encoder.encode(&event, &text, &mut out).document {
                self.add_log(&out, document);
            }
            while let Some(late) = encoder.next_late(&mut out) {
                self.add_log(&out, late.document);
            }
            while let Some(closed) = encoder.next_closed(&mut out) {
                let (target, source) = parts(&out, closed.document);
                self.add_summary(target, source);
            }
        }
        while let Some(late) = encoder.next_late_at_end(&mut out) {
            self.add_log(&out, late.document);
        }
        while let Some(closed) = encoder.next_at_end(&mut out) {
            let (target, source) = parts(&out, closed.document);
            self.add_summary(target, source);
        }
        self.folded += encoder.folded();
    }

    /// The documents of the folded lines, of all summaries.
    pub fn rebuilt(&self) -> BTreeMap<Target, Value> {
        let mut rebuilt = BTreeMap::new();
        for source in self.summaries.values() {
            for line in folded_documents(source, "logferry").expect("a summary") {
                let source = serde_json::from_str(&line.source).expect("JSON");
                let before = rebuilt.insert((line.index, line.id), source);
                assert!(
                    before.is_none(),
                    "a line is in two summaries, or twice in one"
                );
            }
        }
        rebuilt
    }

    /// The documents of all lines, folded or not.
    pub fn lines(&self) -> BTreeMap<Target, Value> {
        let mut lines = self.rebuilt();
        lines.extend(self.logs.clone());
        lines
    }
}

/// A source, with its line break or without.
pub fn json_of(source: &[u8]) -> Value {
    serde_json::from_slice(source).expect("JSON")
}

fn parts(lines: &[u8], span: DocumentSpan) -> (Target, Vec<u8>) {
    let action = &one_line(&lines[span.start..span.source])["create"];
    let text = |name: &str| action[name].as_str().expect("a text").to_owned();
    let source = lines[span.source..span.end].to_vec();
    ((text("_index"), text("_id")), source)
}

/// Reads the objects, in this order.
pub fn stored(objects: &[(String, String)], platform_lines: PlatformLines) -> Stored {
    let mut stored = Stored::default();
    for (key, bytes) in objects {
        stored.read(key, bytes, platform_lines);
    }
    stored
}

pub fn one(events: &[(i64, String)], platform_lines: PlatformLines) -> Stored {
    stored(&[(key(0), export(events))], platform_lines)
}
