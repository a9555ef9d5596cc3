/*! A large object goes through in little memory. */

use std::io::Write;
use std::process::Child;

use crate::support::{NODE, Stage, export, export_key, finish};

/// About 2 GB of text, of which the index keeps next to nothing: the documents are refused one by one by a stub.
const LARGE: u64 = 2_000_000_000;

fn large_gzip() -> (Vec<u8>, u64) {
    let block = export(7, 20_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut bytes = 0;
    while bytes < LARGE {
        encoder.write_all(&block).unwrap();
        bytes += block.len() as u64;
    }
    (encoder.finish().unwrap(), bytes)
}

/// Peak resident memory in bytes, so far.
fn peak_resident(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
