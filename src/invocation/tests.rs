/*! Tests of invocations: rules one by one, whole documents, and the laws of merging. */

mod laws;
mod places;
mod rules;
mod samples;
mod snapshots;
mod versions;
