/*! What several commands need: AWS clients, exporters, signals, tables, passes that repeat. */

pub(crate) mod aws_clients;
pub(crate) mod exporter;
pub(crate) mod passes;
pub(crate) mod probes;
pub(crate) mod signals;
pub(crate) mod table;
