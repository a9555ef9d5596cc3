//! Ten thousand invocations and a million lines, by `ingest` of generated objects.

use std::fmt::Write as _;

use crate::search::Indices;

#[path = "../../../benches/data/seeder.rs"]
mod seeder;

const STREAMS: u32 = 100;
const INVOCATIONS: u32 = 100;
/// With START, END and REPORT each invocation has a hundred lines.
const LINES: u32 = 97;
const FUNCTIONS: [&str; 8] = [
    "orders",
    "checkout",
    "inventory",
    "invoices",
    "thumbnails",
    "mailer",
    "search-index",
    "nightly",
];

/// Loads them, and returns the id of one request.
pub async fn a_million_lines(indices: &Indices) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for stream in 0..STREAMS {
        let function = FUNCTIONS[stream as usize % FUNCTIONS.len()];
        let day = 21 + stream % 3;
        let key = format!(
            "exports/{function}/0f0f0f0f-1111-4222-8333-{stream:012x}/2026-11-{day}-[$LATEST]{stream:032x}/000000.gz"
        );
        let path = folder.path().join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, object(stream, day)).expect("a file");
    }
    let mut ingest = indices.logferry(&["ingest", "--setup"]);
    ingest.args(["--log-group-pattern", "exports/{function}/"]);
    seeder::ingest(ingest, folder.path());
    indices.refresh().await;
    id(0, 0)
}

fn id(stream: u32, invocation: u32) -> String {
    format!("{stream:08x}-0000-4000-8000-{invocation:012x}")
}

fn object(stream: u32, day: u32) -> String {
    let mut text = String::new();
    for invocation in 0..INVOCATIONS {
        let id = id(stream, invocation);
        let at = |millisecond: u32| {
            let second = invocation * 600 + stream;
            format!(
                "2026-11-{day}T{:02}:{:02}:{:02}.{millisecond:03}Z",
                second / 3600 % 24,
                second / 60 % 60,
                second % 60
            )
        };
        let fails = (stream * 7 + invocation).is_multiple_of(50);
        let (start, end) = (at(0), at(900));
        let _ = write!(text, "{start} START RequestId: {id} Version: $LATEST\n\n");
        for line in 0..LINES {
            let time = at(line * 9);
            let (level, words) = match line {
                96 if fails => (
                    "ERROR",
                    format!("Error: stock service refused reservation {invocation}"),
                ),
                50 => (
                    "WARN",
                    format!("retrying call {line} to the payment service"),
                ),
                _ => (
                    "INFO",
                    format!(
                        "step {line}: payment of order A-{invocation}{line} for customer {stream} was booked"
                    ),
                ),
            };
            let _ = write!(text, "{time} {time}\t{id}\t{level}\t{words}\n\n");
        }
        let _ = write!(text, "{end} END RequestId: {id}\n\n");
        let _ = write!(
            text,
            "{end} REPORT RequestId: {id}\tDuration: {}.50 ms\tBilled Duration: 900 ms\tMemory Size: 512 MB\tMax Memory \
             Used: {} MB\t\n\n",
            100 + invocation * 8,
            80 + stream % 300
        );
    }
    text
}

/// Resident memory of a process, in bytes.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("a line");
    let kilobytes = line.split_whitespace().nth(1).expect("a number");
    kilobytes.parse::<u64>().expect("a number") * 1024
}
