/*! Invocations that a test knows go in; their logs go through the pipeline into an index. */

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::search::{Indices, text};

/// One invocation, as its log lines tell of it.
#[derive(Clone)]
pub struct Invocation {
    pub function: &'static str,
    pub version: &'static str,
    pub start: Timestamp,
    /// Hundredths of milliseconds.
    pub duration: i64,
    pub billed_ms: i64,
    pub size_mb: i64,
    pub used_mb: i64,
    pub init_ms: Option<i64>,
    pub end: End,
}

#[derive(Clone, Copy, PartialEq)]
pub enum End {
    Success,
    Error,
    Timeout,
    OutOfMemory,
    /// No line after START.
    Unknown,
}

impl Invocation {
    pub fn duration_ms(&self) -> f64 {
        self.duration as f64 / 100.0
    }

    pub fn failed(&self) -> bool {
        matches!(self.end, End::Error | End::Timeout | End::OutOfMemory)
    }

    pub fn cost(&self) -> f64 {
        let gb_seconds = self.billed_ms as f64 / 1000.0 * self.size_mb as f64 / 1024.0;
        let cost = gb_seconds * 0.000_016_666_7 + 0.000_000_2;
        // A document has no digits beyond a trillionth.
        (cost * 1e12).round() / 1e12
    }

    fn lines(&self, id: &str) -> String {
        let start = self.start;
        let end = start + SignedDuration::from_millis(self.duration / 100);
        let mut lines = format!(
            "{start:.3} START RequestId: {id} Version: {}\n\n",
            self.version
        );
        if self.end == End::Unknown {
            return lines;
        }
        lines.push_str(&format!("{end:.3} END RequestId: {id}\n\n"));
        lines.push_str(&format!(
            "{end:.3} REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.duration_ms(),
            self.billed_ms,
            self.size_mb,
            self.used_mb,
        ));
        if let Some(init) = self.init_ms {
            lines.push_str(&format!("Init Duration: {init}.00 ms\t"));
        }
        lines.push_str(match self.end {
            End::Success | End::Unknown => "",
            End::Error => "Status: error\tError Type: Runtime.ExitError",
            End::Timeout => "Status: timeout",
            End::OutOfMemory => "Status: error\tError Type: Runtime.OutOfMemory",
        });
        lines.push_str("\n\n");
        lines
    }
}

/// The invocations of a day that begins at noon: three functions, one of them in two versions.
pub fn a_day(noon: &str, factor: i64) -> Vec<Invocation> {
    let noon: Timestamp = noon.parse().unwrap();
    let mut all = Vec::new();
    for i in 0..40 * factor {
        let end = match i % 20 {
            3 => End::Error,
            7 => End::Timeout,
            11 if i % 40 == 11 => End::OutOfMemory,
            _ => End::Success,
        };
        let duration = 1000 + (i * 7919) % 90_000;
        all.push(Invocation {
            function: "orders",
            version: if i % 4 == 0 { "7" } else { "8" },
            start: noon + SignedDuration::from_mins(i * 17 / factor),
            duration,
            billed_ms: duration / 100 + 1,
            size_mb: 1024,
            used_mb: if end == End::OutOfMemory {
                1024
            } else {
                90 + i % 50
            },
            init_ms: (i % 10 == 0).then_some(200 + i),
            end,
        });
    }
    for i in 0..25 {
        all.push(Invocation {
            function: "thumbnails",
            version: "$LATEST",
            start: noon + SignedDuration::from_mins(i * 50),
            duration: 200_000 + i * 1000,
            billed_ms: 2001 + i * 10,
            size_mb: if i < 20 { 512 } else { 1024 },
            used_mb: 100 + i,
            init_ms: None,
            end: if i == 24 { End::Unknown } else { End::Success },
        });
    }
    all
}

pub fn invoices(start: &str) -> Invocation {
    Invocation {
        function: "invoices",
        version: "$LATEST",
        start: start.parse().unwrap(),
        duration: 5000,
        billed_ms: 51,
        size_mb: 128,
        used_mb: 60,
        init_ms: None,
        end: End::Success,
    }
}

/// Loads them by the pipeline: one log stream for each function and version, one object for each of them.
pub async fn load(indices: &Indices, invocations: &[Invocation]) {
    let mut objects: BTreeMap<(&str, &str), String> = BTreeMap::new();
    let mut sorted = invocations.to_vec();
    sorted.sort_by_key(|invocation| invocation.start);
    for (i, invocation) in sorted.iter().enumerate() {
        let id = format!("00000000-0000-4000-8000-{i:012x}");
        let object = objects.entry((invocation.function, invocation.version));
        object.or_default().push_str(&invocation.lines(&id));
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (i, ((function, version), lines)) in objects.iter().enumerate() {
        let task = "0f0f0f0f-1111-4222-8333-444444444444";
        let name = format!("exports/{function}/{task}/2026-11-22-[{version}]{i:032x}");
        let place = folder.path().join(name);
        std::fs::create_dir_all(&place).expect("a folder");
        std::fs::write(place.join("000000.gz"), lines).expect("a file");
    }
    let mut ingest = indices.logferry(&["ingest", "--setup"]);
    ingest.args(["--log-group-pattern", "exports/{function}/"]);
    let output = ingest.arg(folder.path()).output().expect("ingest runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    indices.refresh().await;
}
