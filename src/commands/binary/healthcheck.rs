/*! `healthcheck`: the address of a running command goes in; success comes out if its probe answers 2xx. Containers run
it: the image has no shell and no curl. */

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, bail};

use crate::config::HealthcheckConfig;

/// Prints the probe's answer. Returns an error if there is no answer within the time, or another status than 2xx.
pub async fn run(config: HealthcheckConfig) -> anyhow::Result<()> {
    let url = url(&config);
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(config.timeout)
        .build()?;
    let response = client.get(&url).send().await;
    let mut response = response.with_context(|| {
        format!("{url} does not answer: is the worker running, and its --listen the same?")
    })?;
    let status = response.status();
    // The probes' answers are one short line.
    let answer = response
        .chunk()
        .await
        .with_context(|| format!("{url} broke off"))?;
    let answer = String::from_utf8_lossy(answer.as_deref().unwrap_or_default());
    let line: String = answer
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    match (status.is_success(), line.as_str()) {
        (true, "alive" | "ready") => println!("{line}"),
        (true, _) => bail!("{url} is answered by another program than logferry"),
        (false, _) => bail!("{url} answered {status}: {line:?}"),
    }
    Ok(())
}

/// The probe's URL. A server that listens on all addresses is asked on the loopback address.
fn url(config: &HealthcheckConfig) -> String {
    let ip = match config.listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, config.listen.port());
    let path = match config.ready {
        true => "readyz",
        false => "livez",
    };
    format!("http://{address}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn all_addresses_are_asked_on_the_loopback_address() {
        for (listen, ready, expected) in [
            ("0.0.0.0:9090", false, "http://127.0.0.1:9090/livez"),
            ("[::]:9090", true, "http://[::1]:9090/readyz"),
            ("10.0.0.7:80", true, "http://10.0.0.7:80/readyz"),
        ] {
            let config = HealthcheckConfig {
                listen: listen.parse().unwrap(),
                ready,
                timeout: Duration::from_secs(1),
            };
            assert_eq!(url(&config), expected);
        }
    }
}
