/*! A server of `stack/` for a bench: started by its script, stopped when dropped. */

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A server of `stack/`; stopped when dropped.
pub struct Server {
    name: &'static str,
    pub port: u16,
}

impl Server {
    /// Starts a server, with settings in the script's environment.
    pub fn start(name: &'static str, port: u16, settings: &[(&str, &str)]) -> Result<Self> {
        // An interrupted run may have left a server running.
        script(name, "stop", port, &[])?;
        eprintln!("bench: starting {name}");
        script(name, "start", port, settings)?;
        Ok(Self { name, port })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn pid(&self) -> Result<u32> {
        let output = command(self.name, "status", self.port).output()?;
        let output = String::from_utf8_lossy(&output.stdout);
        let pid = output.trim().rsplit(' ').next();
        pid.and_then(|pid| pid.parse().ok())
            .with_context(|| format!("stack/{} status does not tell the process", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = script(self.name, "stop", self.port, &[]) {
            eprintln!("bench: {error:#}");
        }
    }
}

fn script(name: &str, verb: &str, port: u16, settings: &[(&str, &str)]) -> Result<()> {
    let status = command(name, verb, port)
        .envs(settings.iter().copied())
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("stack/{name} {verb} {port} fails");
    }
    Ok(())
}

fn command(name: &str, verb: &str, port: u16) -> Command {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack");
    let mut command = Command::new(stack.join(name));
    command.arg(verb).arg(port.to_string());
    command
}
