/*! STARTs or REPORTs of a request go in; its distinct attempts come out. */

use crate::invocation::summary::line_role::LineKey;

/// Most attempts that are kept of one request: the last ones.
const RUNS: usize = 64;

/// A START or a REPORT: each attempt has one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    pub line_key: LineKey,
    /// The line is JSON. An extension may print the platform's text line again in JSON: both are the same run.
    pub json: bool,
    /// Billed duration in thousandths of milliseconds.
    pub billed: Option<i64>,
}

/// The last [`RUNS`] runs, sorted and distinct: they merge like a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attempts {
    /// The only run. Nearly all requests are tried once: these need no heap memory.
    one: Option<Attempt>,
    /// All runs, if there are at least two.
    more: Vec<Attempt>,
}

impl Attempts {
    pub fn add(&mut self, run: Attempt) {
        if self.more.is_empty() {
            match self.one {
                None => self.one = Some(run),
                Some(one) if one == run => {}
                Some(one) => {
                    self.one = None;
                    self.more = vec![one.min(run), one.max(run)];
                }
            }
        } else if let Err(index) = self.more.binary_search(&run) {
            self.more.insert(index, run);
            if self.more.len() > RUNS {
                self.more.remove(0);
            }
        }
    }

    pub fn all(&self) -> &[Attempt] {
        match self.more.is_empty() {
            true => self.one.as_slice(),
            false => &self.more,
        }
    }

    /// Number of JSON lines minus number of text lines.
    pub fn balance(&self) -> i64 {
        let each = self.all().iter();
        each.map(|run| if run.json { 1 } else { -1 }).sum()
    }
}

impl FromIterator<Attempt> for Attempts {
    fn from_iter<I: IntoIterator<Item = Attempt>>(all: I) -> Self {
        let mut runs = Attempts::default();
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
        fn runs_are_the_set_of_the_last_ones(times in vec(0..100_i64, 0..150)) {
            let run = |at: &i64| Attempt { line_key: LineKey::new(*at, 0), json: false, billed: None };
            let runs: Attempts = times.iter().map(run).collect();
            let set: BTreeSet<i64> = times.into_iter().collect();
            let last: Vec<i64> = set.iter().copied().skip(set.len().saturating_sub(RUNS)).collect();
            let kept: Vec<i64> = runs.all().iter().map(|run| run.line_key.at).collect();
            prop_assert_eq!(kept, last);
        }
    }
}
