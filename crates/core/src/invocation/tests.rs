/*! Tests of invocations: single rules, whole documents, and the algebraic laws of merging. */

mod durable;
mod laws;
mod places;
mod rules;
mod samples;
mod snapshots;
mod versions;
