/*! A process goes in; its CPU seconds and memory come out. */

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Resources of a process from its start to its end.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// CPU seconds, user and system.
    pub cpu: f64,
    /// Peak resident memory in bytes.
    pub peak: u64,
}

/// A running worker.
pub struct Running {
    child: Child,
    log: PathBuf,
    peak: u64,
}

impl Running {
    pub fn start(mut command: Command, name: &str) -> Result<Self> {
        let log = crate::folder()?.join(format!("{name}.log"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let child = command.spawn().context("the worker does not start")?;
        Ok(Self {
            child,
            log,
            peak: 0,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the worker has ended. Also samples its memory.
    pub fn ended(&mut self) -> bool {
        self.peak = memory(self.pid(), "VmHWM:").unwrap_or(0).max(self.peak);
        state(self.pid()).is_none_or(|state| state == 'Z')
    }

    /// Waits for the end of the worker.
    pub async fn finish(mut self) -> Result<Used> {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        while !self.ended() {
            tick.tick().await;
        }
        // A process's times are readable until `wait`.
        let cpu = cpu_seconds(self.pid()).context("the worker's CPU seconds")?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the worker ended with {status}: see {}", self.log.display());
        }
        Ok(Used {
            cpu,
            peak: self.peak,
        })
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        signal(self.pid(), "TERM")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `kill` has no effect after `wait`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, name: &str) -> Result<()> {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()?;
    if !status.success() {
        bail!("kill -{name} {pid} fails");
    }
    Ok(())
}

/// User and system time of a process in seconds, without its ended children.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = after_name(&stat)?.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    // A tick in /proc is 10 ms on every Linux.
    Some((ticks()? + ticks()?) / 100.0)
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    after_name(&stat)?.chars().next()
}

/// The fields after the name, from the state on; a name may contain blanks and parentheses.
fn after_name(stat: &str) -> Option<&str> {
    Some(stat.rsplit_once(')')?.1.trim_start())
}

/// Value of a line in a process's status, in bytes: `VmRSS:` or `VmHWM:`.
pub fn memory(pid: u32, line: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(line))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Busy seconds of all cores together since the machine's start.
pub fn machine_busy() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, …
    let busy: f64 = [0, 1, 2, 5, 6].iter().filter_map(|i| fields.get(*i)).sum();
    Ok(busy / 100.0)
}

pub fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1, |n| n.get()) as f64
}
