/*! The conclusions of `logferry coverage`, without IO.

In: the windows that were exported, the objects that a listing holds, the documents and dead letters that name them, and
what a reading of an object has shown. Out: gaps, lag and doubts of each log group, and the commands that close the
gaps. */

mod chain;
mod group;
mod object;
mod replay_command;
#[cfg(test)]
mod tests;

pub use chain::uncovered;
pub use group::{CoverageState, GroupCoverage, GroupName, ListedObject, NamedObject, ObjectCounts};
pub use object::{Finding, FindingRules, ObjectEvidence, ReadEnd, Reading, SettledBy, first_look};
pub use replay_command::{ReplayFlags, ReplayPrefixes};
