//! Properties: what is not settled is never called settled, and nothing is left unsaid.

use proptest::prelude::*;

use crate::coverage::*;
use crate::export::{ExportedWindow, Window};

const EVER: Window = Window {
    from: i64::MIN,
    to: i64::MAX,
};

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let window = (-5i64..60, -3i64..20).prop_map(|(from, length)| Window {
        from,
        to: from + length,
    });
    prop::collection::vec(window, 0..12)
}

fn holds(windows: &[Window], time: i64) -> bool {
    windows.iter().any(|w| (w.from..w.to).contains(&time))
}

fn evidence() -> impl Strategy<Value = ObjectEvidence> {
    (
        prop::option::of(0u64..3),
        prop::option::of(-5i64..20),
        0u64..3,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(size, age, documents, is_dead_letter, is_local_copy)| ObjectEvidence {
                size,
                age,
                documents,
                is_dead_letter,
                is_local_copy,
            },
        )
}

fn reading() -> impl Strategy<Value = Reading> {
    let end = prop_oneof![
        3 => Just(ReadEnd::Whole),
        1 => Just(ReadEnd::Decided),
        1 => Just(ReadEnd::Gone),
        1 => Just(ReadEnd::Refused("archived".to_owned())),
        1 => Just(ReadEnd::Broken("corrupt".to_owned())),
    ];
    (0u64..2, 0u64..2, 0u64..2, 0u64..2, 0u64..2, end).prop_map(
        |(present, dead_letters, expired, closed, absent, end)| Reading {
            present,
            dead_letters,
            expired,
            closed,
            absent,
            end,
        },
    )
}

fn rules() -> impl Strategy<Value = FindingRules> {
    (any::<bool>(), 0i64..10, any::<bool>()).prop_map(|(verify, grace, knows_dead_letters)| {
        FindingRules {
            verify,
            grace,
            knows_dead_letters,
        }
    })
}

proptest! {
    /// Each instant from the first window to the end is in a window or in a gap, and in one of them only.
    #[test]
    fn windows_and_gaps_cover_each_instant_once(windows in windows(), until in -5i64..80, turn in 0usize..12) {
        let gaps = uncovered(&windows, until);
        let begin = windows.iter().filter(|w| w.from < w.to).map(|w| w.from).min();
        for time in begin.unwrap_or(until)..until {
            prop_assert_ne!(holds(&windows, time), holds(&gaps, time), "at {}: {:?}", time, gaps);
        }
        prop_assert!(gaps.iter().all(|gap| gap.from < gap.to && gap.to <= until));
        prop_assert!(gaps.windows(2).all(|pair| pair[0].to < pair[1].from));
        let mut turned = windows.clone();
        turned.rotate_left(turn.min(windows.len()));
        prop_assert_eq!(uncovered(&turned, until), gaps);
    }

    #[test]
    fn an_absent_document_is_never_settled_and_a_whole_object_never_missing(
        evidence in evidence(), reading in reading(), rules in rules(),
    ) {
        let finding = reading.finding(&evidence, &rules);
        let settled = matches!(finding, Finding::Settled(_));
        let known = reading.absent == 0 && reading.expired == 0 && reading.closed == 0;
        let read = matches!(reading.end, ReadEnd::Whole | ReadEnd::Decided);
        prop_assert_eq!(settled, known && read, "{:?}", finding);
        let broken = matches!(reading.end, ReadEnd::Broken(_));
        if matches!(finding, Finding::Missing(_) | Finding::Waiting(_)) {
            prop_assert!(reading.absent > 0 || (broken && rules.knows_dead_letters));
            prop_assert!(!evidence.is_local_copy);
            let young = evidence.age.is_some_and(|age| age < rules.grace);
            prop_assert_eq!(matches!(finding, Finding::Waiting(_)), young);
        }
    }

    /// Only a dead letter, no bytes or documents spare the reading.
    #[test]
    fn an_object_without_evidence_is_read(evidence in evidence(), rules in rules()) {
        let decided = first_look(&evidence, &rules);
        let spared = evidence.is_dead_letter
            || evidence.size == Some(0)
            || (evidence.documents > 0 && !rules.verify);
        prop_assert_eq!(decided.is_some(), spared);
        prop_assert!(decided.is_none_or(|finding| matches!(finding, Finding::Settled(_))));
    }

    #[test]
    fn counts_add_up_and_each_missing_object_is_replayed(
        objects in prop::collection::vec((0usize..9, 0usize..5, 0i64..100, evidence(), reading()), 0..40),
        rules in rules(),
        named in 0usize..4,
    ) {
        let windows = (0..4).map(|n| ExportedWindow {
            task: format!("task-{n}"),
            from: n * 10 - 1,
            to: n * 10 + 10,
        });
        let mut group = GroupCoverage::new(GroupName::default(), "logs".to_owned(), named);
        group.exported(windows.collect(), 40, 0, EVER);
        let (mut missing, mut waiting, mut doubtful) = (Vec::new(), 0, 0);
        for (task, chunk, stored, evidence, reading) in &objects {
            let task = format!("task-{task}");
            let key = format!("exports/{task}/stream/{chunk:06}.gz");
            let finding = first_look(evidence, &rules)
                .unwrap_or_else(|| reading.finding(evidence, &rules));
            match &finding {
                Finding::Missing(_) => missing.push(key.clone()),
                Finding::Waiting(_) => waiting += 1,
                Finding::Doubtful(_) => doubtful += 1,
                Finding::Settled(_) => {}
            }
            let object = ListedObject { key: &key, size: 1, last_modified: Some(*stored), task: Some(&task) };
            prop_assert!(group.holds(&object, EVER));
            group.add(object, finding, evidence.documents);
        }
        let counts = group.counts;
        prop_assert_eq!(counts.listed, objects.len() as u64);
        prop_assert_eq!(counts.settled + counts.waiting + counts.missing + counts.doubtful, counts.listed);
        prop_assert_eq!((counts.missing, counts.waiting, counts.doubtful), (missing.len() as u64, waiting, doubtful));
        prop_assert!(counts.empty + counts.elsewhere + counts.dead_letters <= counts.settled);
        prop_assert_eq!(group.state() == CoverageState::Gap, !missing.is_empty());
        prop_assert_eq!(group.first_gap().is_some(), !missing.is_empty());
        prop_assert_eq!(group.missing.len(), missing.len().min(named));
        prop_assert_eq!(group.doubts.values().map(|(n, _)| n).sum::<u64>(), doubtful);
        let prefixes = group.replay.prefixes();
        prop_assert!(prefixes.len() <= 5);
        for key in &missing {
            let holding = prefixes.iter().filter(|prefix| key.starts_with(**prefix));
            prop_assert_eq!(holding.count(), 1, "{}: {:?}", key, prefixes);
        }
    }
}

/// Four windows; the second has no objects.
fn group_with_a_quiet_window() -> GroupCoverage {
    let hour = 3_600_000;
    let windows = (0..4).map(|n| ExportedWindow {
        task: format!("task-{n}"),
        from: n * hour,
        to: (n + 1) * hour,
    });
    let mut group = GroupCoverage::new(GroupName::default(), "logs".to_owned(), 9);
    group.exported(windows.collect(), 4 * hour, 0, EVER);
    for n in [0, 2, 3] {
        let (key, task) = (format!("x/task-{n}/s/000000.gz"), format!("task-{n}"));
        let stored = Some((n + 1) * hour + 12 * hour);
        let object = ListedObject {
            key: &key,
            size: 1,
            last_modified: stored,
            task: Some(&task),
        };
        group.add(object, Finding::Settled(SettledBy::Documents), 1);
    }
    group
}

#[test]
fn a_window_without_objects_is_in_doubt_only_where_objects_may_have_been_deleted() {
    let hour = 3_600_000;
    let group = group_with_a_quiet_window();
    let delay = group.least_delay().unwrap();
    assert_eq!(delay, 12 * hour);
    let in_doubt = |oldest: Option<i64>| -> Vec<String> {
        let windows = group.windows_in_doubt(oldest, delay);
        windows.map(|window| window.task.clone()).collect()
    };
    assert!(in_doubt(group.oldest_object()).is_empty());
    assert_eq!(in_doubt(Some(15 * hour)), ["task-1"]);
    assert_eq!(in_doubt(None), ["task-1"]);
    let window = group.windows[1].window();
    let mut deleted = group.clone();
    deleted.judge_windows(vec![(window, 3)]);
    assert_eq!(deleted.state(), CoverageState::Covered);
    let mut vanished = group;
    vanished.judge_windows(vec![(window, 0)]);
    assert_eq!(vanished.state(), CoverageState::Doubt);
}

#[test]
fn a_hole_between_windows_is_a_gap_only_within_the_range() {
    let exported = |range| {
        let window = |task: &str, from, to| ExportedWindow {
            task: task.to_owned(),
            from,
            to,
        };
        let mut group = GroupCoverage::new(GroupName::default(), "logs".to_owned(), 9);
        let windows = vec![window("a", 0, 10), window("b", 15, 20), window("c", 19, 30)];
        group.exported(windows, 30, 0, range);
        (group.state(), group.first_gap(), group.windows.len())
    };
    assert_eq!(exported(EVER), (CoverageState::Gap, Some(10), 3));
    let later = Window {
        from: 16,
        to: i64::MAX,
    };
    assert_eq!(exported(later), (CoverageState::Covered, None, 2));
}

/// Somebody deleted the checkpoint, and the export began anew.
#[test]
fn a_chain_that_was_begun_anew_is_in_doubt_from_the_last_object_before() {
    let window = |task: &str, from, to| ExportedWindow {
        task: task.to_owned(),
        from,
        to,
    };
    let with_object_stored = |stored| {
        let mut group = GroupCoverage::new(GroupName::default(), "logs".to_owned(), 9);
        let windows = vec![window("a", 100, 110), window("b", 109, 120)];
        group.exported(windows, 120, 0, EVER);
        let object = ListedObject {
            key: "x/old/s/000000.gz",
            size: 1,
            last_modified: Some(stored),
            task: Some("old"),
        };
        group.add(object, Finding::Settled(SettledBy::Documents), 1);
        (group.state(), group.unknown_before())
    };
    let unknown = Window { from: 60, to: 100 };
    assert_eq!(
        with_object_stored(60),
        (CoverageState::Doubt, Some(unknown))
    );
    assert_eq!(with_object_stored(100), (CoverageState::Covered, None));
}
