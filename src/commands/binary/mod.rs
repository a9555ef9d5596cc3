/*! Commands that need neither AWS nor OpenSearch: about a running process, a shell, a manual. */

pub mod healthcheck;
pub mod manual;
