/*! Flags of `serve` go in; its configuration or the mistakes come out. */

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::http::HeaderName;
use ipnet::IpNet;
use url::Url;

use crate::cli::{PathStyle, ServeArgs};
use crate::config::{CheckpointTarget, ConfigErrors, LetterStoreConfig};
use crate::export::ExportConfig;
use crate::serve::page::{
    Access, Credential, CurlAccess, CurlCredentials, Dashboards, ProxyHeader,
};
use crate::sink::dead_letters::DeadLetterTarget;
use crate::sink::opensearch::{Auth, AwsService, OpenSearchConfig};
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template;

#[derive(Debug)]
pub struct ServeConfig {
    pub index: OpenSearchConfig,
    pub index_prefix: String,
    pub listen: SocketAddr,
    pub access: Access,
    pub hosts: Vec<String>,
    pub timeout: Duration,
    pub curl: CurlAccess,
    pub dashboards: Option<Dashboards>,
    pub queue_url: Option<String>,
    pub worker_metrics: Vec<Url>,
    pub dead_letters: Option<LetterStoreConfig>,
    pub export: Option<(ExportConfig, CheckpointTarget)>,
    pub path_style: PathStyle,
}

/// The shortest password that is taken.
const SHORTEST_PASSWORD: usize = 8;

pub fn serve(args: ServeArgs) -> Result<ServeConfig, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let index = mistakes.opensearch(&args.index);
    let index_prefix = mistakes.index_prefix(&args.index.index_prefix);
    let listen = mistakes.listen(&args.listen);
    let access = mistakes.access(&args, listen);
    let timeout = mistakes.duration("--timeout", &args.timeout);
    let timeout = timeout.filter(|timeout| {
        let enough = *timeout >= Duration::from_millis(100);
        if !enough {
            mistakes.add("--timeout", &args.timeout, "is less than 100ms");
        }
        enough
    });
    let dashboards = args.dashboards_url.as_deref().filter(|url| !url.is_empty());
    let dashboards = dashboards.and_then(|url| {
        let url = mistakes.web_url("--dashboards-url", url)?;
        let alias = template::alias(&index_prefix, DocumentKind::Log);
        Some(Dashboards {
            url,
            index_pattern: args.dashboards_index_pattern.clone().unwrap_or(alias),
        })
    });
    let queue_url = args.queue_url.as_deref().filter(|url| !url.is_empty());
    let queue_url = queue_url.and_then(|url| mistakes.queue("--queue-url", url));
    let worker_metrics = args.worker_metrics.iter().filter(|url| !url.is_empty());
    let worker_metrics: Vec<Url> = worker_metrics
        .filter_map(|url| mistakes.web_url("--worker-metrics", url))
        .collect();
    let dead_letters = mistakes
        .dead_letters(args.dead_letters.as_deref())
        .flatten();
    let has_checkpoints = args
        .export
        .checkpoints
        .as_deref()
        .is_some_and(|place| !place.is_empty());
    let export = has_checkpoints
        .then(|| mistakes.export_scope(&args.export, false))
        .flatten();
    let path_style = args.export.s3.s3_path_style;
    match (index, listen, access, timeout) {
        (Some(index), Some(listen), Some(access), Some(timeout)) if mistakes.0.is_empty() => {
            let name = args.dead_letters.unwrap_or_default();
            Ok(ServeConfig {
                curl: curl_access(&index),
                dead_letters: dead_letters.map(|target| LetterStoreConfig {
                    name,
                    index: matches!(target, DeadLetterTarget::Index(_)).then(|| index.clone()),
                    target,
                    path_style,
                }),
                index,
                index_prefix,
                listen,
                access,
                hosts: args.allowed_host,
                timeout,
                dashboards,
                queue_url,
                worker_metrics,
                export,
                path_style,
            })
        }
        _ => Err(mistakes),
    }
}

impl ConfigErrors {
    fn web_url(&mut self, flag: &str, value: &str) -> Option<Url> {
        let url = Url::parse(value).ok().filter(|url| {
            url.has_host() && matches!(url.scheme(), "http" | "https") && url.username().is_empty()
        });
        if url.is_none() {
            self.0.push(format!(
                "{flag}: is no URL of the form http(s)://host:port/path, without a user"
            ));
        }
        url
    }

    /// Who may see the page.
    fn access(&mut self, args: &ServeArgs, listen: Option<SocketAddr>) -> Option<Access> {
        let before = self.0.len();
        let mut refuse = |wrong: bool, sentence: &str| {
            if wrong {
                self.0.push(sentence.to_owned());
            }
        };
        let by_proxy = args.proxy_user_header.is_some();
        refuse(
            args.auth_file.is_some() && by_proxy,
            "--auth-file: the page asks for a password or trusts a proxy, not both: leave it or --proxy-user-header out",
        );
        refuse(
            by_proxy && args.trusted_proxy.is_empty(),
            "--proxy-user-header: everyone could send it: give --trusted-proxy, the address or network of the proxy",
        );
        refuse(
            !by_proxy && !args.trusted_proxy.is_empty(),
            "--trusted-proxy: give the header in which it names the user too, by --proxy-user-header",
        );
        refuse(
            !by_proxy && !args.allow_user.is_empty(),
            "--allow-user: these are users whom a proxy names: give --proxy-user-header too",
        );
        let asks = args.auth_file.is_some() || by_proxy;
        refuse(
            asks && args.insecure_no_auth,
            "--insecure-no-auth: contradicts --auth-file and --proxy-user-header: leave one of them out",
        );
        if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback())
            && !asks
            && !args.insecure_no_auth
        {
            self.0.push(format!(
                "--listen: other machines reach {listen}, and nobody would be asked who he is: give --auth-file, or \
                 --proxy-user-header with --trusted-proxy, or --insecure-no-auth to show all logs to everyone"
            ));
        }
        if let Some(file) = &args.auth_file {
            let credentials = self.credentials(file)?;
            return (self.0.len() == before).then_some(Access::Passwords(credentials));
        }
        if let Some(name) = &args.proxy_user_header {
            let proxy = self.proxy(name, args)?;
            return (self.0.len() == before).then_some(Access::Proxy(proxy));
        }
        (self.0.len() == before).then_some(Access::Open)
    }

    fn proxy(&mut self, name: &str, args: &ServeArgs) -> Option<ProxyHeader> {
        let header = name.parse::<HeaderName>().ok();
        if header.is_none() {
            self.add(
                "--proxy-user-header",
                name,
                "is no name of a header, such as X-Forwarded-User",
            );
        }
        let mut peers = Vec::new();
        for text in &args.trusted_proxy {
            let network = text.parse::<IpNet>().ok();
            let network =
                network.or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
            if network.is_none() {
                self.add(
                    "--trusted-proxy",
                    text,
                    "is no address or network, such as 127.0.0.1 or 10.0.0.0/8",
                );
            }
            peers.extend(network);
        }
        Some(ProxyHeader {
            name: header?,
            users: args.allow_user.clone(),
            peers,
        })
    }

    fn credentials(&mut self, file: &Path) -> Option<Vec<Credential>> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                self.0.push(format!(
                    "--auth-file: {} cannot be read: {error}",
                    file.display()
                ));
                return None;
            }
        };
        let mut credentials = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            match credential(line) {
                Ok(credential) => credentials.push(credential),
                Err(mistake) => self.0.push(format!(
                    "--auth-file: line {} of {} {mistake}",
                    number + 1,
                    file.display()
                )),
            }
        }
        if credentials.is_empty() {
            self.0.push(format!(
                "--auth-file: {} holds no user:password",
                file.display()
            ));
            return None;
        }
        Some(credentials)
    }
}

fn credential(line: &str) -> Result<Credential, String> {
    let Some((user, password)) = line.split_once(':').filter(|(user, _)| !user.is_empty()) else {
        return Err("is not user:password".to_owned());
    };
    // The hash itself would be the password.
    let hashes = [
        "$2a$", "$2b$", "$2y$", "$apr1$", "$5$", "$6$", "{SHA}", "$argon2",
    ];
    if hashes.iter().any(|begin| password.starts_with(begin)) {
        return Err("holds a hash, as htpasswd writes it: write the password itself, and let nobody else read the file".to_owned());
    }
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(format!(
            "has a password of less than {SHORTEST_PASSWORD} characters"
        ));
    }
    Ok(Credential::new(user, password))
}

fn curl_access(index: &OpenSearchConfig) -> CurlAccess {
    let credentials = match &index.auth {
        Auth::None => CurlCredentials::None,
        Auth::Basic { .. } => CurlCredentials::Password,
        Auth::ApiKey { .. } => CurlCredentials::ApiKey,
        Auth::Aws {
            service: AwsService::Es,
            ..
        } => CurlCredentials::Signed("es"),
        Auth::Aws {
            service: AwsService::Aoss,
            ..
        } => CurlCredentials::Signed("aoss"),
    };
    CurlAccess {
        url: index.urls[0].clone(),
        credentials,
        own_authority: index.tls.ca.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use std::io::Write;

    fn configured(flags: &[&str]) -> Result<ServeConfig, String> {
        let line = ["logferry", "serve", "--opensearch-url", "https://os:9200"];
        let Command::Serve(args) = Cli::try_parse_from(line.iter().chain(flags))
            .unwrap()
            .command
        else {
            unreachable!()
        };
        serve(*args).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn an_address_that_others_reach_asks_who_they_are() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# people\nann:long enough\n\nbob:also long").unwrap();
        let file = file.path().to_str().unwrap();
        assert!(matches!(configured(&[]).unwrap().access, Access::Open));
        let Access::Passwords(known) = configured(&["--listen=0.0.0.0:80", "--auth-file", file])
            .unwrap()
            .access
        else {
            panic!("no passwords")
        };
        assert_eq!(known.len(), 2);
        let proxy = [
            "--listen=[::]:80",
            "--proxy-user-header=X-User",
            "--trusted-proxy=10.0.0.0/8,127.0.0.1",
        ];
        assert!(
            matches!(configured(&proxy).unwrap().access, Access::Proxy(proxy) if proxy.peers.len() == 2)
        );
        assert!(configured(&["--listen=0.0.0.0:80", "--insecure-no-auth"]).is_ok());
        let refused = configured(&["--listen=0.0.0.0:80"]).unwrap_err();
        assert!(
            refused.contains("--listen: other machines reach 0.0.0.0:80"),
            "{refused}"
        );
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "ann\nbob:$2y$05$abcdefgh\neve:short").unwrap();
        let path = file.path().to_str().unwrap();
        let mistakes = configured(&[
            "--listen=here",
            "--timeout=1ms",
            "--dashboards-url=dash",
            "--worker-metrics=ftp://w",
            "--queue-url=logs",
            "--dead-letters=x",
            "--checkpoints=x://y",
            "--allow-user=ann",
            "--trusted-proxy=ten",
            "--auth-file",
            path,
        ]);
        insta::assert_snapshot!(mistakes.unwrap_err().replace(path, "FILE"));
    }

    #[test]
    fn a_proxy_needs_all_of_its_flags() {
        let mistakes = configured(&[
            "--proxy-user-header=a b",
            "--trusted-proxy=ten",
            "--insecure-no-auth",
        ]);
        insta::assert_snapshot!(mistakes.unwrap_err());
    }
}
