//! What each stage of the road costs.
#![forbid(unsafe_code)]

fn main() {}
