/*! A JSON object goes in; the values of its known keys come out, by [`Slot`].

The spelling of a key does not matter: `awsRequestId`, `aws_request_id` and `AWSRequestId` are one slot. */

mod key_table;
mod slot;

use crate::json::plain::Plain;
use crate::json::values;
use crate::json::values::RawValue;
use crate::parse::json::keys::key_table::ranked;
pub use crate::parse::json::keys::key_table::slot_of;
pub use crate::parse::json::keys::slot::{Slot, Slots};

/// The known keys of one object with the JSON text of their values. `null` counts as absent.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    text: &'a str,
    /// The slots of `best`, one bit each: a fast answer for absent slots, which are most.
    present: u64,
    /// The value with the best rank of each slot.
    best: Vec<KeyedValue<'a>>,
    /// Values of further spellings of the same slots, the best rank first.
    others: Vec<KeyedValue<'a>>,
    /// Number of the object's members.
    members: usize,
    /// Whether OpenSearch accepts the object as it is written.
    plain: bool,
}

/// A value of a known key. A lower rank is a more certain key.
#[derive(Debug, Clone, Copy)]
struct KeyedValue<'a> {
    slot: Slot,
    rank: u8,
    value: RawValue<'a>,
}

/// Initial capacity for known keys: a usual line has no more.
const USUAL: usize = 12;
/// Maximum number of values of further spellings. No logger writes more.
const MOST_OTHERS: usize = 16;

impl<'a> Fields<'a> {
    /// Reads the known keys of `text`; `None` if `text` is not one JSON object.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut fields = Fields {
            text,
            present: 0,
            best: Vec::with_capacity(USUAL),
            others: Vec::new(),
            members: 0,
            plain: false,
        };
        let mut plain = Plain::of(text.len());
        let whole = values::each_member(text, &mut plain, |key, value| {
            fields.members += 1;
            if let Some((slot, rank)) = ranked(key) {
                let value = value.raw();
                if &*value != "null" {
                    fields.insert(KeyedValue { slot, rank, value });
                }
            }
        });
        fields.plain = plain.holds();
        whole.then_some(fields)
    }

    /// The whole object.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Whether the object is plain: OpenSearch accepts it as it is written.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    #[inline]
    fn insert(&mut self, mut found: KeyedValue<'a>) {
        if self.present & found.slot.bit() == 0 {
            self.present |= found.slot.bit();
            self.best.push(found);
            return;
        }
        for best in &mut self.best {
            if best.slot == found.slot && best.rank > found.rank {
                std::mem::swap(best, &mut found);
            }
        }
        let index = self
            .others
            .partition_point(|other| other.rank <= found.rank);
        if self.others.len() < MOST_OTHERS {
            self.others.insert(index, found);
        }
    }

    /// Number of the object's members, known and unknown.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Whether the object has a value for any of the slots.
    #[inline]
    pub fn has(&self, slots: Slots) -> bool {
        self.present & slots.bits != 0
    }

    /// Whether `slot` is the first known key of the object.
    pub fn begins_with(&self, slot: Slot) -> bool {
        self.best.first().is_some_and(|first| first.slot == slot)
    }

    /// Whether the object has a value for each of the slots.
    #[inline]
    pub fn has_all(&self, slots: Slots) -> bool {
        self.present & slots.bits == slots.bits
    }

    /// The JSON text of the value of `slot`. Of several spellings, the one with the best rank counts.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<RawValue<'a>> {
        if self.present & slot.bit() == 0 {
            return None;
        }
        let found = self.best.iter().find(|found| found.slot == slot);
        found.map(|found| found.value)
    }

    /// The value of the first of `slots` that the object has.
    #[inline]
    pub fn first(&self, slots: Slots) -> Option<RawValue<'a>> {
        self.find(slots, Some)
    }

    /// The first result of `read` over the values of `slots`, in their order; within one slot, the best spelling
    /// comes first.
    #[inline]
    pub fn find<T>(&self, slots: Slots, read: impl Fn(RawValue<'a>) -> Option<T>) -> Option<T> {
        if !self.has(slots) {
            return None;
        }
        for slot in slots.list {
            let found = self.find_one(*slot, &read);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// [`Fields::find`] for one slot.
    #[inline]
    pub fn find_one<T>(&self, slot: Slot, read: impl Fn(RawValue<'a>) -> Option<T>) -> Option<T> {
        let others = || self.others.iter().filter(|other| other.slot == slot);
        read(self.get(slot)?).or_else(|| others().find_map(|other| read(other.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::values::Key;

    fn from_key(key: &str) -> Option<Slot> {
        slot_of(Key::of(key.as_bytes()))
    }

    #[test]
    fn spellings_of_one_key_are_one_slot() {
        for key in [
            "awsRequestId",
            "aws_request_id",
            "AWSRequestId",
            "aws.requestId",
            "aws-request-id",
        ] {
            assert_eq!(from_key(key), Some(Slot::AwsRequestId), "{key}");
        }
        assert_eq!(from_key("requestId"), Some(Slot::RequestId));
        assert_eq!(from_key("request_id"), Some(Slot::SnakeRequestId));
        assert_eq!(from_key("_aws"), Some(Slot::EmfRoot));
        assert_eq!(from_key("aws"), Some(Slot::Aws));
        assert_eq!(from_key("x-amzn-requestid-of-somebody-else"), None);
    }

    #[test]
    fn the_plain_spelling_wins_and_the_others_are_fallbacks() {
        for text in [
            r#"{"log_level":"low","Level":"x","level":"INFO","lvl":7}"#,
            r#"{"level":"INFO","lvl":7,"Level":"x","log_level":"low"}"#,
        ] {
            let fields = Fields::read(text).expect("an object");
            assert_eq!(fields.get(Slot::Level).as_deref(), Some("\"INFO\""));
            let number = |raw: RawValue<'_>| raw.parse::<u8>().ok();
            assert_eq!(fields.find_one(Slot::Level, number), Some(7));
        }
        let many = format!("{{{}\"level\":1}}", "\"lvl\":2,".repeat(10_000));
        let fields = Fields::read(&many).expect("an object");
        assert_eq!(fields.get(Slot::Level).as_deref(), Some("1"));
        assert_eq!(fields.others.len(), MOST_OTHERS);
    }

    #[test]
    fn null_is_absent() {
        let fields = Fields::read(r#"{"level":null,"msg":"x"}"#).expect("an object");
        assert_eq!(fields.get(Slot::Level), None);
        assert_eq!(
            fields
                .first(Slots::of(&[Slot::Message, Slot::Msg]))
                .as_deref(),
            Some("\"x\"")
        );
    }
}
