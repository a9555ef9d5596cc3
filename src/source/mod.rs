/*! Where messages and objects come from: SQS and S3, or local files. */

pub(crate) mod aws_errors;
pub mod decompress;
pub mod files;
pub mod s3;
pub mod sqs;
/// IO in: queues and stores.
pub mod traits;

pub use traits::*;
