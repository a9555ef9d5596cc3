/*! A folder of objects goes in; `logferry ingest` loads them into the indices of a prefix. */

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `ingest`, a command with its flags and its environment, over a folder. A faster build loads it if
/// `LOGFERRY_BENCH_SEEDER` names one.
pub fn ingest(mut ingest: Command, folder: &Path) {
    if let Some(seeder) = std::env::var_os("LOGFERRY_BENCH_SEEDER").map(PathBuf::from) {
        let mut faster = Command::new(seeder);
        faster.args(ingest.get_args());
        let set = ingest.get_envs();
        faster.envs(set.filter_map(|(name, value)| Some((name, value?))));
        ingest = faster;
    }
    let output = ingest.arg(folder).output().expect("ingest runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
