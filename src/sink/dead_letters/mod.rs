/*! Dead letters: rejected documents and broken objects go in; files or documents for a person come out, in S3, a local
folder or an OpenSearch index. They are read again and removed when they are settled. */

mod archive;
mod dead_letter_error;
mod dead_letter_file;
pub mod file;
mod groups;
pub mod index;
mod letter_lines;
pub mod s3;
mod sets;
mod store;
mod target;
mod trial;

pub use archive::{
    Addresses, ArchiveError, DeadLetterArchive, LetterAddress, LetterSet, Removal, StoredLetter,
};
pub use dead_letter_error::DeadLetterError;
pub use dead_letter_file::{DeadLetterFile, ObjectName};
pub use groups::{GroupKey, LetterGroup, LetterGroups};
pub use logferry_core::dead_letter::DeadLetter;
pub use sets::{Read, sets};
pub use store::DeadLetters;
pub use target::DeadLetterTarget;
pub use trial::{Trial, TrialEnd};
