/*! Flags of `healthcheck` as typed go in; its configuration comes out. */

use std::net::SocketAddr;
use std::time::Duration;

use crate::cli::HealthcheckArgs;
use crate::config::ConfigErrors;

#[derive(Debug)]
pub struct HealthcheckConfig {
    pub listen: SocketAddr,
    /// Whether `/readyz` is asked instead of `/livez`.
    pub ready: bool,
    pub timeout: Duration,
}

/// Returns all mistakes at once.
pub fn healthcheck(args: &HealthcheckArgs) -> Result<HealthcheckConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let listen = mistakes.listen(&args.listen);
    let timeout = mistakes.duration("--timeout", &args.timeout);
    match (listen, timeout) {
        (Some(listen), Some(timeout)) => Ok(HealthcheckConfig {
            listen,
            ready: args.ready,
            timeout,
        }),
        _ => Err(mistakes),
    }
}
