/*! The plan of `logferry export`, without IO.

In: log groups, checkpoints, the time and the export tasks that exist. Out: the groups to export, the next window of
each, the destination and the name of its task, and the task that an earlier run left behind. */

mod adoption;
mod bucket_policy;
mod checkpoint;
mod group_selector;
mod tag_filter;
mod target;
#[cfg(test)]
mod tests;
mod window;

pub use adoption::{Adoption, ExportTask, TaskStatus, adoption};
pub use bucket_policy::BucketPolicy;
pub use checkpoint::{Checkpoint, CheckpointFault, ExportedWindow, LastTask, REMEMBERED_WINDOWS};
pub use group_selector::{GroupSelector, GroupTags, LeftOut, LogGroup, Selection};
pub use tag_filter::{TagFilter, Tags};
pub use target::{Destination, Target};
pub use window::{Window, WindowRules, behind, time_text};
