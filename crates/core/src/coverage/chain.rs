/*! The windows of a group go in; the ranges that no window covers come out. */

use crate::export::Window;

/// The ranges between the beginning of the first window and `until` that no window covers, in order. Each window should
/// begin before the end of an earlier one.
pub fn uncovered(windows: &[Window], until: i64) -> Vec<Window> {
    let mut windows: Vec<Window> = windows.iter().copied().filter(|w| w.from < w.to).collect();
    windows.sort_unstable_by_key(|window| window.from);
    let Some(mut covered) = windows.first().map(|window| window.from) else {
        return Vec::new();
    };
    let end = Window {
        from: until.max(covered),
        to: until.max(covered),
    };
    let mut gaps = Vec::new();
    for window in windows.into_iter().chain([end]) {
        let from = window.from.min(end.from);
        if from > covered {
            gaps.push(Window {
                from: covered,
                to: from,
            });
        }
        covered = covered.max(window.to);
    }
    gaps
}
