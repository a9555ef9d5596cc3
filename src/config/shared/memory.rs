/*!
`--memory` goes in; the numbers that share it come out. Where the defaults of `--objects-in-flight` and `--bulk-size`
have no room, these are smaller. What the operator states is never changed.
*/

use crate::pipeline::memory::MemoryConfig;

/// The defaults of `--objects-in-flight` and `--bulk-size`.
const OBJECTS: usize = 32;
const BULK: usize = 5_000_000;
/// A bulk gets this part of a memory that has no room for the defaults, as of the default memory.
const BULKS: usize = 10;

/// The stated numbers, and defaults for the others.
pub(super) fn shares(
    memory: usize,
    max_event_bytes: usize,
    objects: Option<usize>,
    bulk: Option<usize>,
    compressed: bool,
) -> MemoryConfig {
    let config = |objects_in_flight, bulk_bytes| MemoryConfig {
        bytes: memory,
        objects_in_flight,
        max_event_bytes,
        bulk_bytes,
        compressed,
    };
    let usual = config(objects.unwrap_or(OBJECTS), bulk.unwrap_or(BULK));
    if usual.least() <= memory {
        return usual;
    }
    let bulk = bulk.unwrap_or(BULK.min(memory / BULKS));
    let objects = objects.unwrap_or_else(|| {
        // Beside the least, there is room for one more bulk.
        let fits = |objects: &usize| config(*objects, bulk).least() + bulk <= memory;
        (1..=OBJECTS).rev().find(fits).unwrap_or(1)
    });
    config(objects, bulk)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: usize = 1 << 20;

    fn of(memory: usize, objects: Option<usize>, bulk: Option<usize>) -> (usize, usize) {
        let shares = shares(memory, EVENT, objects, bulk, false);
        (shares.objects_in_flight, shares.bulk_bytes)
    }

    #[test]
    fn the_defaults_stand_where_there_is_room_for_them() {
        assert_eq!(of(48 << 20, None, None), (32, 5_000_000));
        assert_eq!(of(1 << 30, None, None), (32, 5_000_000));
        assert_eq!(of(1 << 30, Some(7), Some(100_000)), (7, 100_000));
    }

    #[test]
    fn a_small_memory_has_smaller_bulks_and_fewer_objects() {
        assert_eq!(of(8 << 20, None, None), (1, 838_860));
        assert_eq!(of(16 << 20, None, None), (11, 1_677_721));
        for memory in (8..=64).map(|mib| mib << 20) {
            assert!(
                shares(memory, EVENT, None, None, false).least() <= memory,
                "{memory}"
            );
        }
    }

    #[test]
    fn what_is_stated_stands_though_there_is_no_room_for_it() {
        assert_eq!(of(8 << 20, Some(32), None).0, 32);
        assert_eq!(of(8 << 20, None, Some(5_000_000)).1, 5_000_000);
        assert!(shares(8 << 20, EVENT, None, Some(5_000_000), false).least() > 8 << 20);
    }
}
