/*! An event goes in; the `_id` of its document comes out: the same whenever the same event is read again (guarantee
G2).

An id has 16 bytes: 4 for the event's source, 5 for its time or offset in the source, 7 for a hash of all that
identifies the event. Ids of neighbours have a common beginning, which saves 7 % of an index's size in comparison with
ids that are hashes only (benches/README.md).

The parts depend on the event's [`Identity`]:

- By content: 4 bytes of the scope, 5 of the event time. The scope is the stream, and the key's prefix before the
  task id unless the stream's name is globally unique. The hash is of scope, event time, whole text, and the ordinal
  among equal events in the object.
- By event id: 4 bytes of the scope, 5 of the first 12 digits of `logEvents[].id`, which grow with time. The scope is
  account, log group and stream. The hash is of scope and `logEvents[].id`.
- By offset: 4 bytes of the object, 5 of the offset. The hash is of bucket, key, etag and offset (in `awslogs.data`:
  the offset of that, and the offset in that).

A copy of a stream (`<stream>-<account>-<region>`, see [`log_stream::CopiedStream`]) counts as the stream, and the local
copy of a Web Function's group (`….local`) as the group. So an event and its copy share an id where both files state the
same text and time, or the same `logEvents[].id`.

An operator's choices are not in an id: no flag, and no log group or account from a pattern. The export task and the cut
of a stream into files are not in it either: a re-export, of another window and under another prefix, has the same ids.
One loss remains: equal texts of one stream and millisecond in two files of one export are one event, because ordinals
begin anew with each file. `--format` decides what the events of an object are. `--max-event-bytes` decides where a
longer JSON object ends, except in exports. An event that begins at the same byte keeps its id, and its index: of a text
of more than 1,000 bytes, only a time in the first 1,000 selects the index.

The input of a hash is fields of fixed width, some of which are hashes themselves, so different sequences of fields
differ as bytes. If one stream logged a million events in one millisecond, two of them would share an id by chance in
one case of 10^5.

The text of an id is 22 characters of URL-safe base64, which OpenSearch stores in 16 bytes. It may begin with `_` or
`-`: OpenSearch accepts both. xxh3 is not a cryptographic hash: a writer of a stream could make two of their own events
share an id. */

#[cfg(test)]
mod tests;

use crate::base64_url;
use crate::decode::{Event, Identity, Origin, log_group, log_stream};
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

    /// An id that was made before. Its hash is unknown.
    pub(crate) fn stated(text: [u8; ID]) -> Self {
        Self { text, hash: 0 }
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
        // Equal events of one object share this fingerprint. Other events share it only by chance.
        let fingerprint = (scope as u64)
            .wrapping_add(
                (event.time.unwrap_or_default() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            )
            .wrapping_add(u64::from(event.time.is_some()))
            .rotate_left(32)
            ^ text as u64;
        let ordinal = u64::from(self.ordinals.next(fingerprint));
        content_id(scope, event.time, text, ordinal)
    }

    fn scopes(&mut self, origin: &Arc<Origin>) -> &Scopes {
        let known = matches!(&self.scopes, Some(scopes) if Arc::ptr_eq(&scopes.origin, origin));
        if !known {
            self.scopes = None;
        }
        self.scopes.get_or_insert_with(|| {
            let account = origin.subscription.id_account.as_deref();
            let group = origin.log_group.as_deref().map(log_group::original_of);
            let name = origin.log_stream.as_deref().map(log_stream::original_of);
            let is_unique = name.is_some_and(log_stream::is_unique);
            let prefix = (!is_unique).then_some(self.id_scope.as_str());
            Scopes {
                origin: Arc::clone(origin),
                content: hash_fields(&[prefix, name]),
                event_id: hash_fields(&[account, group, name]),
            }
        })
    }
}

/// The id of an export's event that is the first of its text, time and stream in its object, if the stream's name is
/// globally unique.
pub(crate) fn of_content(stream: &str, time: i64, text: &[u8]) -> EventId {
    let scope = hash_fields(&[None, Some(log_stream::original_of(stream))]);
    content_id(scope, Some(time), xxh3_128(text), 0)
}

fn content_id(scope: u128, time: Option<i64>, text: u128, ordinal: u64) -> EventId {
    let has_time = u64::from(time.is_some());
    let time = time.unwrap_or_default() as u64;
    let hash = hash_parts(b'c', [scope, text], [has_time, time, ordinal, 0]);
    EventId::new(scope, time, hash)
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
