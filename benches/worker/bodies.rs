/*! Ready-made bulk bodies: captured from a worker, rewritten for other indices and ids, sent by a bare loader. */

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::TryStreamExt;

use crate::Options;
use crate::load::Objects;
use crate::node::Node;
use crate::process::Running;
use crate::servers::Ends;
use crate::stub::Stub;

/// Prefix of the indices' names. All prefixes of a run have the same length, so that bodies can be rewritten in place.
pub const PREFIX: &str = "bench-00";

/// A prefix of the same length as [`PREFIX`], with a number.
pub fn prefix(number: usize) -> String {
    format!("bench-{number:02}")
}

/// Uploads objects and returns the bodies that a worker sends for them.
pub async fn captured(ends: &Ends, options: &Options, made: &Objects) -> Result<Vec<Bytes>> {
    ends.upload(&made.objects).await?;
    read(ends, options, made, "all").await
}

/// As [`captured`] with all lines of the platform, and then with folded ones.
pub async fn captured_both(
    ends: &Ends,
    options: &Options,
    made: &Objects,
) -> Result<[Vec<Bytes>; 2]> {
    let all = captured(ends, options, made).await?;
    Ok([all, read(ends, options, made, "folded").await?])
}

async fn read(
    ends: &Ends,
    options: &Options,
    made: &Objects,
    platform_lines: &str,
) -> Result<Vec<Bytes>> {
    let queue = ends
        .create_queue(&format!("captured-{platform_lines}"))
        .await?;
    ends.notify(&queue, &made.objects).await?;
    let (stub, index) = Stub::keeping().await?;
    let mut command = ends.worker(options, &queue, &index);
    command.args(["--until-empty", "--index-prefix", PREFIX]);
    command.args(["--platform-lines", platform_lines]);
    Running::start(command, "captured")?.finish().await?;
    let bodies = stub.take();
    ensure!(!bodies.is_empty(), "the worker sent nothing");
    Ok(bodies)
}

/// The pairs of action line and source line in a body.
pub fn lines(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut lines = body.split_inclusive(|b| *b == b'\n');
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

pub fn documents(bodies: &[Bytes]) -> usize {
    bodies.iter().map(|body| lines(body).count()).sum()
}

/// The bodies, rewritten for the indices of another prefix.
pub fn moved(bodies: &[Bytes], to: &str) -> Vec<Bytes> {
    let start = br#"{"create":{"_index":""#.len();
    bodies
        .iter()
        .map(|body| {
            let mut moved = Vec::with_capacity(body.len());
            for (action, source) in lines(body) {
                let at = moved.len() + start;
                moved.extend_from_slice(action);
                moved[at..at + PREFIX.len()].copy_from_slice(to.as_bytes());
                moved.extend_from_slice(source);
            }
            Bytes::from(moved)
        })
        .collect()
}

/// Requests in flight: the worker's default.
const IN_FLIGHT: usize = 4;

/// Sends bodies. Returns an error if a document is refused.
pub async fn load(node: &Node, bodies: Vec<Bytes>) -> Result<()> {
    futures_util::stream::iter(bodies.into_iter().map(Ok))
        .try_for_each_concurrent(IN_FLIGHT, |body| async move {
            let answer = node.bulk(body).await?;
            let text = std::str::from_utf8(&answer).context("a bulk's answer")?;
            ensure!(
                !text.contains("\"error\""),
                "a document is refused: {}",
                text.split("\"error\"")
                    .nth(1)
                    .unwrap_or_default()
                    .get(..300)
                    .unwrap_or_default()
            );
            Ok(())
        })
        .await
}
