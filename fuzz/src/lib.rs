/*! The pure modules, and nothing else of logferry: with the AWS SDK an instrumented build would take many times as long. */
#![forbid(unsafe_code)]

#[path = "../../src/bulk/mod.rs"]
pub mod bulk;
#[path = "../../src/decode/mod.rs"]
pub mod decode;
#[path = "../../src/document/mod.rs"]
pub mod document;
#[path = "../../src/hashed.rs"]
pub(crate) mod hashed;
#[path = "../../src/invocation/mod.rs"]
pub mod invocation;
#[path = "../../src/json/mod.rs"]
pub mod json;
#[path = "../../src/lambda/mod.rs"]
pub mod lambda;
#[path = "../../src/notification.rs"]
pub mod notification;

/// Events of an object and what becomes of them, as the road does it.
pub mod road;
