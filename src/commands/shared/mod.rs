/*! What several commands need: AWS clients, tables, passes that repeat. */

pub(crate) mod aws_clients;
pub(crate) mod passes;
pub(crate) mod probes;
pub(crate) mod table;
