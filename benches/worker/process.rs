/*! A process and what it uses: CPU seconds, memory. */

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Of a process from its start to its end.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// User and system.
    pub cpu: f64,
    /// Most bytes that were resident.
    pub peak: u64,
}

/// A worker that runs.
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

    /// Whether it has ended; looks at its memory too.
    pub fn ended(&mut self) -> bool {
        self.peak = memory(self.pid(), "VmHWM:").unwrap_or(0).max(self.peak);
        state(self.pid()).is_none_or(|state| state == 'Z')
    }

    /// Waits for its end.
    pub async fn finish(mut self) -> Result<Used> {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        while !self.ended() {
            tick.tick().await;
        }
        // Until it is waited for, what it used can be read.
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

    /// As `kill -TERM` does.
    pub fn terminate(&self) -> Result<()> {
        signal(self.pid(), "TERM")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has no effect on one that was waited for.
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

/// User and system time of a process, ended children left out.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = after_name(&stat)?.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    // A tick is 10 ms on every Linux that shows them.
    Some((ticks()? + ticks()?) / 100.0)
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    after_name(&stat)?.chars().next()
}

/// The fields from the state on; a name may hold blanks and parentheses.
fn after_name(stat: &str) -> Option<&str> {
    Some(stat.rsplit_once(')')?.1.trim_start())
}

/// A line of a process's status in bytes: `VmRSS:` or `VmHWM:`.
pub fn memory(pid: u32, line: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with(line))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Seconds that all cores together were busy since the machine's start.
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
