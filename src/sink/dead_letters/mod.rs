/*! Dead letters: rejected documents and broken objects go in; files or documents for a person come out, in S3, a local
folder or an OpenSearch index. They are read again and removed when they are settled. */

mod archive;
mod dead_letter_error;
mod dead_letter_file;
pub mod file;
pub mod index;
mod letter_lines;
pub mod s3;
mod store;
mod target;

pub use archive::{
    Addresses, ArchiveError, DeadLetterArchive, LetterAddress, LetterSet, Removal, StoredLetter,
};
pub use dead_letter_error::DeadLetterError;
pub use dead_letter_file::{DeadLetterFile, ObjectName};
pub use logferry_core::dead_letter::DeadLetter;
pub use store::DeadLetters;
pub use target::DeadLetterTarget;
