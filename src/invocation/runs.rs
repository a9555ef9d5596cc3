/*! The STARTs or the REPORTs of a request. */

use super::facts::Stamp;

/// Attempts of one request that are told apart; of more, the last stand.
const RUNS: usize = 64;

/// A START or a REPORT; a request has one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub stamp: Stamp,
    /// From a JSON line. An extension may print in JSON what the platform says in text: that is the same run.
    pub json: bool,
    /// Billed duration in thousandths of milliseconds.
    pub billed: Option<i64>,
}

/// Sorted, distinct, the last [`RUNS`]: they merge like a set does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Runs {
    /// Nearly all requests are tried once: that takes no memory of its own.
    one: Option<Run>,
    /// All of them, if there are more.
    more: Vec<Run>,
}

impl Runs {
    pub fn add(&mut self, run: Run) {
        if self.more.is_empty() {
            match self.one {
                None => self.one = Some(run),
                Some(one) if one == run => {}
                Some(one) => {
                    self.one = None;
                    self.more = vec![one.min(run), one.max(run)];
                }
            }
        } else if let Err(place) = self.more.binary_search(&run) {
            self.more.insert(place, run);
            if self.more.len() > RUNS {
                self.more.remove(0);
            }
        }
    }

    pub fn all(&self) -> &[Run] {
        match self.more.is_empty() {
            true => self.one.as_slice(),
            false => &self.more,
        }
    }

    /// How many more are from JSON lines than from text lines.
    pub fn balance(&self) -> i64 {
        let each = self.all().iter();
        each.map(|run| if run.json { 1 } else { -1 }).sum()
    }
}

impl FromIterator<Run> for Runs {
    fn from_iter<I: IntoIterator<Item = Run>>(all: I) -> Self {
        let mut runs = Runs::default();
        all.into_iter().for_each(|run| runs.add(run));
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn runs_are_a_set_of_the_last(times in vec(0..100_i64, 0..150)) {
            let run = |at: &i64| Run { stamp: Stamp::new(*at, 0), json: false, billed: None };
            let runs: Runs = times.iter().map(run).collect();
            let set: BTreeSet<i64> = times.into_iter().collect();
            let last: Vec<i64> = set.iter().copied().skip(set.len().saturating_sub(RUNS)).collect();
            let kept: Vec<i64> = runs.all().iter().map(|run| run.stamp.at).collect();
            prop_assert_eq!(kept, last);
        }
    }
}
