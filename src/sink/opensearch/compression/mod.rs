/*! The body of a bulk goes in; the body that is sent comes out, compressed if the cluster takes that. */

mod accepted;
mod encode;
mod encoding;
mod wire;

pub use accepted::Accepted;
pub use encoding::Encoding;
pub(crate) use wire::Compression;
