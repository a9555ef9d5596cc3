/*! An event goes in; the `_id` of its document comes out: the same whenever the same event is read again (guarantee
G2).

An id has 16 bytes: 4 for the event's source, 5 for its time or offset in the source, 7 for a hash of all that
identifies the event. Ids of neighbours have a common beginning, which saves 7 % of an index's size in comparison with
ids that are hashes only (benches/README.md).

- By content: 4 bytes of the scope, 5 of the event time. The scope is the stream, and the key's prefix before the task
id unless the stream's name is globally unique. The hash is of scope, event time, whole text, and the ordinal among
equal events in the object. - By event id: 4 bytes of the scope, 5 of the first 12 digits of `logEvents[].id`, which
grow with time. The scope is account, log group and stream. The hash is of scope and `logEvents[].id`. - By offset: 4
bytes of the object, 5 of the offset. The hash is of bucket, key, etag and offset (in `awslogs.data`: the offset of
that, and the offset in that).

An operator's choices are not in an id: no flag, and no log group or account from a pattern. The export task and the cut
of a stream into files are not in it either: a re-export, of another window and under another prefix, has the same ids.
One loss remains: equal texts of one stream and millisecond in two files of one export are one event, because ordinals
begin anew with each file. `--format` decides what the events of an object are. `--max-event-bytes` decides where a
longer JSON object ends, except in exports. An event that begins at the same byte keeps its id.

The input of a hash is fields of fixed width, some of which are hashes themselves, so different sequences of fields
differ as bytes. If one stream logged a million events in one millisecond, two of them would share an id by chance in
one case of 10^5.

The text of an id is 22 characters of URL-safe base64, which OpenSearch stores in 16 bytes. It may begin with `_` or
`-`: OpenSearch accepts both. xxh3 is not a cryptographic hash: a writer of a stream could make two of their own events
share an id. */

use crate::base64_url;
use crate::decode::{Event, Identity, Origin, log_stream};
use crate::document::ObjectInfo;
use crate::document::ordinal::Ordinals;
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// Length of an id in characters.
pub(crate) const ID: usize = 22;

/// The id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId {
    text: [u8; ID],
    /// A hash of the event, to distinguish events in little memory.
    pub hash: u64,
}

impl EventId {
    /// The id from the hash of the event's source, its time or offset in the source, and the hash of the whole event.
    fn new(source: u128, position: u64, hash: u128) -> Self {
        const POSITION: u128 = (1 << 40) - 1;
        const HASH: u128 = (1 << 56) - 1;
        let bytes = (source & 0xffff_ffff) << 96
            | (u128::from(position) & POSITION) << 56
            | (hash >> 64) & HASH;
        Self {
            text: base64_url::encode_u128(bytes),
            hash: hash as u64,
        }
    }

    /// The `_id`.
    pub fn as_bytes(&self) -> &[u8; ID] {
        &self.text
    }

    /// The `_id`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).expect("base64 is ASCII")
    }
}

/// Computes the ids of one object's events, in the object's order.
#[derive(Debug)]
pub struct Identifier {
    /// Hash of bucket, key and etag.
    object: u128,
    id_scope: String,
    scopes: Option<Scopes>,
    ordinals: Ordinals,
}

/// Hashes of the parts of ids that all events of one origin share.
#[derive(Debug)]
struct Scopes {
    origin: Arc<Origin>,
    content: u128,
    event_id: u128,
}

impl Identifier {
    pub fn new(object: &ObjectInfo) -> Self {
        Self {
            object: hash_fields(&[
                Some(&object.bucket),
                Some(&object.key),
                object.etag.as_deref(),
            ]),
            id_scope: object.id_scope.clone(),
            scopes: None,
            ordinals: Ordinals::default(),
        }
    }

    /// The event's id. Call it once for each event: equal events of an object are distinguished by their order.
    pub fn identify(&mut self, event: &Event<'_>) -> EventId {
        match event.identity {
            Identity::Content => self.by_content(event, xxh3_128(event.text)),
            Identity::CutContent(whole) => self.by_content(event, whole),
            Identity::EventId(id) => {
                let scope = self.scopes(event.origin).event_id;
                let hash = hash_parts(b'e', [scope, xxh3_128(id.as_bytes())], [0; 4]);
                EventId::new(scope, leading_digits(id), hash)
            }
            Identity::Offset => {
                let hash = hash_parts(b'o', [self.object, 0], [event.offset, 0, 0, 0]);
                EventId::new(self.object, event.offset, hash)
            }
            Identity::Inner(inner_offset) => {
                let hash = hash_parts(b'i', [self.object, 0], [event.offset, inner_offset, 0, 0]);
                EventId::new(self.object, event.offset, hash)
            }
        }
    }

    fn by_content(&mut self, event: &Event<'_>, text: u128) -> EventId {
        let scope = self.scopes(event.origin).content;
        let has_time = u64::from(event.time.is_some());
        let time = event.time.unwrap_or_default() as u64;
        // Equal events of one object share this fingerprint. Other events share it only by chance.
        let fingerprint = (scope as u64)
            .wrapping_add(time.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(has_time)
            .rotate_left(32)
            ^ text as u64;
        let ordinal = u64::from(self.ordinals.next(fingerprint));
        let hash = hash_parts(b'c', [scope, text], [has_time, time, ordinal, 0]);
        EventId::new(scope, time, hash)
    }

    fn scopes(&mut self, origin: &Arc<Origin>) -> &Scopes {
        let known = matches!(&self.scopes, Some(scopes) if Arc::ptr_eq(&scopes.origin, origin));
        if !known {
            self.scopes = None;
        }
        self.scopes.get_or_insert_with(|| {
            let group = origin.log_group.as_deref();
            let name = origin.log_stream.as_deref();
            let is_unique = name.is_some_and(log_stream::is_unique);
            let prefix = (!is_unique).then_some(self.id_scope.as_str());
            Scopes {
                origin: Arc::clone(origin),
                content: hash_fields(&[prefix, name]),
                event_id: hash_fields(&[origin.account.as_deref(), group, name]),
            }
        })
    }
}

/// The number in the first 12 digits of an event's id; 0 if they are not a number.
fn leading_digits(id: &str) -> u64 {
    let digits = id.get(..12).unwrap_or_default();
    digits.parse().unwrap_or_default()
}

/// Hashes each field by its length and bytes, so that different lists of fields have different input.
fn hash_fields(fields: &[Option<&str>]) -> u128 {
    let mut hash = Xxh3Default::new();
    for field in fields {
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        hash.update(&length.to_le_bytes());
        hash.update(field.unwrap_or_default().as_bytes());
    }
    hash.digest128()
}

fn hash_parts(tag: u8, hashes: [u128; 2], numbers: [u64; 4]) -> u128 {
    let mut bytes = [0; 65];
    bytes[0] = tag;
    let (first, rest) = bytes[1..].split_at_mut(32);
    for (bytes, hash) in first.chunks_exact_mut(16).zip(hashes) {
        bytes.copy_from_slice(&hash.to_le_bytes());
    }
    for (bytes, number) in rest.chunks_exact_mut(8).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn event<'a>(origin: &'a Arc<Origin>, identity: Identity<'a>, text: &'a str) -> Event<'a> {
        Event {
            offset: 7,
            time: Some(1_700_000_000_000),
            text: text.as_bytes(),
            truncated: 0,
            identity,
            origin,
        }
    }

    fn origin(group: Option<&str>, stream: Option<&str>) -> Arc<Origin> {
        Arc::new(Origin {
            log_group: group.map(str::to_owned),
            log_stream: stream.map(str::to_owned),
            ..Origin::default()
        })
    }

    fn object() -> ObjectInfo {
        ObjectInfo {
            bucket: "logs".into(),
            key: "exports/task-1/stream/000000.gz".into(),
            etag: Some("abc".into()),
            id_scope: "exports".into(),
            ..ObjectInfo::default()
        }
    }

    fn first_id(object: &ObjectInfo, event: &Event<'_>) -> String {
        Identifier::new(object).identify(event).as_str().to_owned()
    }

    #[test]
    fn ids_stay_what_they_are() {
        // A change of these makes every event of the past twice at its next export.
        let of_lambda = origin(
            None,
            Some("2026/11/23/[$LATEST]3f9c0bb1e0c74f2e9cf6d4c3b7a0e111"),
        );
        let other = origin(Some("/aws/lambda/f"), Some("2026/11/23/[$LATEST]abc"));
        let ids = [
            (&of_lambda, Identity::Content),
            (&of_lambda, Identity::CutContent(xxh3_128(b"START"))),
            (&other, Identity::Content),
            (&other, Identity::EventId("36")),
            (&other, Identity::Offset),
            (&other, Identity::Inner(3)),
        ]
        .map(|(origin, identity)| first_id(&object(), &event(origin, identity, "START")));
        assert_eq!(
            ids,
            [
                "RLrElYvP5WgApYM4LgZCIQ",
                "RLrElYvP5WgApYM4LgZCIQ",
                "C62VhIvP5WgA4c2OLOsT3Q",
                "P4BO5wAAAAAAChLHhDLNDg",
                "0T96EAAAAAAHxFk6KDBGrQ",
                "0T96EAAAAAAHqkomCw6bgQ",
            ]
        );
    }

    #[test]
    fn a_re_export_gives_the_same_ids_and_anything_else_gives_others() {
        let known = origin(Some("g"), Some("s"));
        let base = event(&known, Identity::Content, "text");
        let id = first_id(&object(), &base);
        let re_export = ObjectInfo {
            bucket: "other".into(),
            key: "exports/task-2/stream/000000.gz".into(),
            etag: None,
            last_modified: Some(1),
            ..object()
        };
        let moved = Event {
            offset: 99,
            ..base.clone()
        };
        assert_eq!(first_id(&re_export, &moved), id);

        let no_name = origin(Some("gs"), Some(""));
        let no_stream = origin(Some("g"), None);
        let mut ids = HashSet::from([id]);
        for other in [
            Event {
                time: Some(0),
                ..base.clone()
            },
            Event {
                time: None,
                ..base.clone()
            },
            Event {
                text: b"texts",
                ..base.clone()
            },
            Event {
                identity: Identity::CutContent(xxh3_128(b"text and more")),
                ..base.clone()
            },
            Event {
                identity: Identity::Inner(0),
                ..base.clone()
            },
            Event {
                identity: Identity::Inner(1),
                ..base.clone()
            },
            Event {
                origin: &no_name,
                ..base.clone()
            },
            Event {
                origin: &no_stream,
                ..base.clone()
            },
            Event {
                identity: Identity::Offset,
                ..base.clone()
            },
            Event {
                identity: Identity::EventId("text"),
                ..base.clone()
            },
        ] {
            assert!(ids.insert(first_id(&object(), &other)), "{other:?}");
        }
        let elsewhere = ObjectInfo {
            id_scope: "elsewhere".into(),
            ..object()
        };
        assert!(ids.insert(first_id(&elsewhere, &base)));
        let unique = origin(
            None,
            Some("2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"),
        );
        let of_lambda = Event {
            origin: &unique,
            ..base.clone()
        };
        assert!(ids.insert(first_id(&object(), &of_lambda)));
        assert_eq!(
            first_id(&elsewhere, &of_lambda),
            first_id(&object(), &of_lambda),
            "Lambda's names are unique by themselves"
        );
    }

    #[test]
    fn neither_a_group_nor_a_cap_enters_an_id_by_content() {
        let (grouped, plain) = (origin(Some("g"), Some("s")), origin(None, Some("s")));
        let whole = event(&grouped, Identity::Content, "text and more");
        let id = first_id(&object(), &whole);
        let without_group = Event {
            origin: &plain,
            ..whole.clone()
        };
        assert_eq!(first_id(&object(), &without_group), id);
        for kept in ["text", "text and"] {
            let cut = Event {
                text: kept.as_bytes(),
                truncated: whole.text.len() as u64 - kept.len() as u64,
                identity: Identity::CutContent(xxh3_128(whole.text)),
                ..whole.clone()
            };
            assert_eq!(first_id(&object(), &cut), id);
            let mut identifier = Identifier::new(&object());
            let [first, second] = [&whole, &cut].map(|event| identifier.identify(event).hash);
            assert_ne!(
                first, second,
                "a cut text and a whole one are told apart by their order"
            );
            assert_eq!(first_id(&object(), &whole), id);
        }
    }

    #[test]
    fn equal_events_are_told_apart_by_their_order() {
        let known = origin(Some("g"), Some("s"));
        let other = origin(Some("g"), Some("t"));
        let again = Arc::new((*known).clone());
        let ids = |origins: &[&Arc<Origin>]| {
            let mut identifier = Identifier::new(&object());
            origins
                .iter()
                .map(|origin| {
                    identifier
                        .identify(&event(origin, Identity::Content, "x"))
                        .hash
                })
                .collect::<Vec<_>>()
        };
        let mixed = ids(&[&known, &other, &known, &again, &other]);
        let alone = ids(&[&known, &known, &known]);
        assert_eq!([mixed[0], mixed[2], mixed[3]], alone[..]);
        assert_eq!([mixed[1], mixed[4]], ids(&[&other, &other])[..]);
        assert_eq!(mixed.iter().collect::<HashSet<_>>().len(), 5);
    }

    #[test]
    fn subscription_ids_ignore_the_object_and_offsets_the_text() {
        let known = origin(Some("g"), Some("s"));
        let elsewhere = ObjectInfo {
            key: "k2".into(),
            ..object()
        };
        let by_id = event(&known, Identity::EventId("1"), "x");
        let changed = Event {
            text: b"y",
            time: None,
            offset: 0,
            ..by_id.clone()
        };
        assert_eq!(first_id(&object(), &by_id), first_id(&elsewhere, &changed));
        let by_offset = Event {
            identity: Identity::Offset,
            ..by_id.clone()
        };
        let changed = Event {
            identity: Identity::Offset,
            offset: 7,
            ..changed
        };
        assert_eq!(
            first_id(&object(), &by_offset),
            first_id(&object(), &changed)
        );
        assert_ne!(
            first_id(&object(), &by_offset),
            first_id(&elsewhere, &changed)
        );
        let next = Event {
            offset: 8,
            ..by_offset.clone()
        };
        assert_ne!(first_id(&object(), &by_offset), first_id(&object(), &next));
    }
}
