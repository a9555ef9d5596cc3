/*!
`setup`, `prune` and the check at the start, against a stub.

The stub has what the real node of the tests lacks: other versions, index management, roles.
*/

mod auto_create;
mod codec;
mod columnar;
mod prune;
mod refusals;
mod retention;
mod stub;
