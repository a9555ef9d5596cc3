/*! SQS and S3, or local files, go in; messages and the decompressed bytes of objects come out. */

pub(crate) mod aws_errors;
pub mod clock;
pub mod decompress;
pub mod files;
pub mod identity;
pub mod listing;
pub mod s3;
pub mod sqs;
pub mod traits;

pub use traits::*;
