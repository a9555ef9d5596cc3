/*! Ids of traces, spans and processes. Out of the standard library's hashes, whose keys come from the operating system:
no id repeats, neither here nor in another process. */

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub(super) struct Ids {
    keys: RandomState,
    next: AtomicU64,
}

impl Ids {
    /// Never 0, which means "none".
    pub(super) fn span(&self) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.keys.hash_one(number).max(1)
    }

    pub(super) fn trace(&self) -> u128 {
        u128::from(self.span()) << 64 | u128::from(self.span())
    }

    /// A UUID of version 4.
    pub(super) fn uuid(&self) -> String {
        let random = self.trace();
        let versioned = random & !(0xf << 76) | 0x4 << 76;
        let id = format!("{:032x}", versioned & !(0b11 << 62) | 0b10 << 62);
        format!(
            "{}-{}-{}-{}-{}",
            &id[..8],
            &id[8..12],
            &id[12..16],
            &id[16..20],
            &id[20..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_differ_and_a_uuid_has_its_form() {
        let (one, other) = (Ids::default(), Ids::default());
        let ids: BTreeSet<_> = (0..500)
            .flat_map(|_| [one.trace(), other.trace()])
            .collect();
        assert_eq!(ids.len(), 1000);
        let uuid = one.uuid();
        let form = regex::Regex::new(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        );
        assert!(form.unwrap().is_match(&uuid), "{uuid}");
    }
}
