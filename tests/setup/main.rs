/*! `setup`, `prune` and the check at the start, against a small server that plays what no real node here can: other versions, index management, roles. */

mod auto_create;
mod prune;
mod refusals;
mod retention;
mod stub;
