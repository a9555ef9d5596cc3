/*!
`setup`, `prune` and the check at the start, against stubs.

The stubs have what the real node of the tests lacks: other versions, index management, roles, Dashboards.
*/

mod auto_create;
mod codec;
mod columnar;
mod dashboards;
mod dashboards_stub;
mod prune;
mod refusals;
mod replication;
mod retention;
mod stub;
