/*! Counts over time go in; a bar of blocks comes out, red where invocations failed. Pure. */

use console::style;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Invocations of one time bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bar {
    pub invocations: u64,
    pub failed: u64,
}

/// Blocks of at most `width` bars, the highest for the greatest count. No invocation is a blank.
pub fn spark(bars: &[Bar], width: usize) -> String {
    let bars = joined(bars, width);
    let most = bars.iter().map(|bar| bar.invocations).max().unwrap_or(0);
    let mut shown = String::new();
    for bar in bars {
        let block = block(bar.invocations, most);
        match bar.failed {
            0 => shown.push(block),
            _ => shown.push_str(&style(block).red().to_string()),
        }
    }
    shown
}

/// Neighbours are joined in equal numbers until they fit.
pub fn joined(bars: &[Bar], width: usize) -> Vec<Bar> {
    let together = bars_together(bars.len(), width);
    let sum = |bars: &[Bar]| Bar {
        invocations: bars.iter().map(|bar| bar.invocations).sum(),
        failed: bars.iter().map(|bar| bar.failed).sum(),
    };
    bars.chunks(together).map(sum).collect()
}

/// How many neighbours one bar joins.
pub fn bars_together(bars: usize, width: usize) -> usize {
    bars.div_ceil(width.max(1)).max(1)
}

fn block(count: u64, most: u64) -> char {
    let Some(above_zero) = count.checked_sub(1) else {
        return ' ';
    };
    // The counts 1 to `most` are divided into eight equal parts.
    let eighth = u128::from(above_zero) * 8 / u128::from(most.max(1));
    let index = usize::try_from(eighth).unwrap_or(usize::MAX);
    BLOCKS[index.min(BLOCKS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    fn bars(counts: &[u64]) -> Vec<Bar> {
        let bar = |count: &u64| Bar {
            invocations: *count,
            failed: 0,
        };
        counts.iter().map(bar).collect()
    }

    #[test]
    fn blocks_grow_with_counts() {
        assert_eq!(spark(&bars(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), 20), " ▁▂▃▄▅▆▇█");
        assert_eq!(spark(&bars(&[1, 1000]), 20), "▁█");
        assert_eq!(spark(&bars(&[0, 0]), 20), "  ");
        assert_eq!(spark(&[], 20), "");
    }

    proptest! {
        #[test]
        fn joined_bars_fit_and_lose_nothing(counts in prop::collection::vec(0..u64::MAX / 1000, 0..200), width in 0_usize..80) {
            let joined = joined(&bars(&counts), width);
            prop_assert!(joined.len() <= width.max(1));
            let sum: u64 = joined.iter().map(|bar| bar.invocations).sum();
            prop_assert_eq!(sum, counts.iter().sum::<u64>());
        }

        #[test]
        fn a_bar_has_a_block_if_something_was_invoked(count in any::<u64>(), most in any::<u64>()) {
            let most = most.max(count);
            prop_assert_eq!(block(count, most) == ' ', count == 0);
        }
    }
}
