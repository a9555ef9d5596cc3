/*! Flags of OpenSearch's access go in: nodes, authentication, TLS. A checked configuration, or the mistakes and
contradictions, come out. */

use percent_encoding::percent_decode_str;
use url::Url;

use crate::cli::{AwsServiceArg, IndexArgs};
use crate::config::ConfigErrors;
use crate::sink::opensearch::{Auth, AwsService, OpenSearchConfig, Password, Secret, Tls};

impl ConfigErrors {
    pub(crate) fn opensearch(&mut self, args: &IndexArgs) -> Option<OpenSearchConfig> {
        let (urls, given) = self.urls(&args.opensearch_url);
        let auth = self.auth(args, given);
        self.host_names(&urls, args.opensearch_aws_service);
        let tls = self.tls(args, &urls);
        // A part that is missing has been reported; the configuration is not used then.
        (!urls.is_empty()).then_some(OpenSearchConfig {
            urls,
            auth: auth?,
            tls: tls?,
        })
    }

    /// The URLs of the nodes, and the user and password if a URL contains them.
    fn urls(&mut self, values: &[String]) -> (Vec<Url>, Option<(String, Secret)>) {
        let mut urls = Vec::new();
        let mut given = None;
        let values: Vec<&str> = values.iter().map(|v| v.trim()).collect();
        if values.iter().all(|v| v.is_empty()) {
            self.say("--opensearch-url: give the URL of OpenSearch, such as https://localhost:9200 (or set LOGFERRY_OPENSEARCH_URL)");
            return (urls, given);
        }
        for value in values.into_iter().filter(|v| !v.is_empty()) {
            let Some(mut url) = self.node_url("--opensearch-url", value) else {
                continue;
            };
            let own = credentials(&url);
            if own.is_some() && given.is_some() && own != given {
                self.say("--opensearch-url: the URLs have different users or passwords: they must be nodes of one cluster, with one user");
            }
            given = given.or(own);
            // Both calls succeed for a URL with a host.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            urls.push(url);
        }
        (urls, given)
    }

    /// The URL of a server, whose path ends with a slash. The message does not show the URL: it may contain a password.
    pub(crate) fn node_url(&mut self, flag: &str, value: &str) -> Option<Url> {
        let url = Url::parse(value).ok().filter(|url| {
            url.has_host()
                && matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let Some(mut url) = url else {
            self.say(&format!("{flag}: not a URL of the form http(s)://host:port (a comma or another special character in its password is written as %2C and the like)"));
            return None;
        };
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Some(url)
    }

    fn auth(&mut self, args: &IndexArgs, in_url: Option<(String, Secret)>) -> Option<Auth> {
        let before = self.0.len();
        let user = args.opensearch_user.as_deref().filter(|u| !u.is_empty());
        let password = args
            .opensearch_password
            .as_ref()
            .filter(|p| !p.is_empty())
            .map(|p| Password::Given(Secret::new(p.clone())));
        let file = args.opensearch_password_file.as_ref();
        let basic = user.is_some() || password.is_some() || file.is_some();
        if in_url.is_some() && basic {
            self.say("--opensearch-url: it holds a user already: leave --opensearch-user, --opensearch-password and --opensearch-password-file out");
        }
        if password.is_some() && file.is_some() {
            self.say("--opensearch-password-file: leave it or --opensearch-password out");
        }
        let password = password.or(file.cloned().map(Password::File));
        match (user, &password) {
            (Some(_), None) => self.say(
                "--opensearch-user: give its password too, by --opensearch-password-file or LOGFERRY_OPENSEARCH_PASSWORD",
            ),
            (None, Some(_)) => {
                self.say("--opensearch-password: give the user too, by --opensearch-user")
            }
            _ => {}
        }
        if user.is_some_and(|u| u.contains(':')) {
            self.say("--opensearch-user: basic authentication has no way to send a colon in a user's name");
        }
        let api_key = args.opensearch_api_key_file.as_ref();
        if api_key.is_some() && (in_url.is_some() || basic) {
            self.say("--opensearch-api-key-file: a request has an API key or a password, not both: leave it, or user and password, out");
        }
        if api_key.is_some() && args.opensearch_aws_service.is_some() {
            self.say("--opensearch-api-key-file: a request has an API key or is signed, not both: leave it or --opensearch-aws-service out");
        }
        if args.opensearch_aws_service.is_some() && (in_url.is_some() || basic) {
            self.say("--opensearch-aws-service: a request is signed or has a password, not both: leave it, or user and password, out");
        }
        if let Some(region) = &args.opensearch_aws_region {
            self.region("--opensearch-aws-region", region);
            if args.opensearch_aws_service.is_none() {
                self.say("--opensearch-aws-region: it is for signed requests: give --opensearch-aws-service es or aoss too");
            }
        }
        if self.0.len() > before {
            return None;
        }
        if let Some(service) = args.opensearch_aws_service {
            let region = args.opensearch_aws_region.clone();
            let service = match service {
                AwsServiceArg::Es => AwsService::Es,
                AwsServiceArg::Aoss => AwsService::Aoss,
            };
            return Some(Auth::Aws { service, region });
        }
        if let Some(file) = api_key.cloned() {
            return Some(Auth::ApiKey { file });
        }
        let given = user.map(str::to_owned).zip(password);
        let in_url = in_url.map(|(user, password)| (user, Password::Given(password)));
        Some(match given.or(in_url) {
            Some((user, password)) => Auth::Basic { user, password },
            None => Auth::None,
        })
    }

    /// Checks the service against AWS's own host names, which show it.
    fn host_names(&mut self, urls: &[Url], service: Option<AwsServiceArg>) {
        for host in urls.iter().filter_map(Url::host_str) {
            if host.ends_with(".aoss.amazonaws.com") && service != Some(AwsServiceArg::Aoss) {
                self.say(&format!(
                    "--opensearch-aws-service: {host} is OpenSearch Serverless: give aoss"
                ));
            }
            if host.ends_with(".es.amazonaws.com") && service == Some(AwsServiceArg::Aoss) {
                self.say(&format!(
                    "--opensearch-aws-service: {host} is not OpenSearch Serverless: give es"
                ));
            }
        }
    }

    fn tls(&mut self, args: &IndexArgs, urls: &[Url]) -> Option<Tls> {
        let before = self.0.len();
        let plain = urls.iter().any(|url| url.scheme() == "http");
        for (flag, given) in [
            ("--opensearch-ca", args.opensearch_ca.is_some()),
            (
                "--opensearch-client-cert",
                args.opensearch_client_cert.is_some(),
            ),
            (
                "--opensearch-accept-invalid-certificates",
                args.opensearch_accept_invalid_certificates,
            ),
        ] {
            if given && plain {
                self.say(&format!("{flag}: it does nothing for an http:// URL: give https:// in --opensearch-url, or leave it out"));
            }
        }
        let client = args
            .opensearch_client_cert
            .clone()
            .zip(args.opensearch_client_key.clone());
        match (&args.opensearch_client_cert, &args.opensearch_client_key) {
            (Some(_), None) => {
                self.say("--opensearch-client-cert: give its key too, by --opensearch-client-key")
            }
            (None, Some(_)) => self.say(
                "--opensearch-client-key: give its certificate too, by --opensearch-client-cert",
            ),
            _ => {}
        }
        if client.is_some() && args.opensearch_aws_service.is_some() {
            self.say("--opensearch-client-cert: AWS asks for signed requests instead: leave it or --opensearch-aws-service out");
        }
        if args.opensearch_ca.is_some() && args.opensearch_accept_invalid_certificates {
            self.say("--opensearch-accept-invalid-certificates: then --opensearch-ca checks nothing: leave one of them out");
        }
        (self.0.len() == before).then(|| Tls {
            ca: args.opensearch_ca.clone(),
            client,
            accept_invalid: args.opensearch_accept_invalid_certificates,
        })
    }

    fn say(&mut self, mistake: &str) {
        self.0.push(mistake.to_owned());
    }
}

/// User and password of a URL, decoded.
fn credentials(url: &Url) -> Option<(String, Secret)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!url.username().is_empty()).then(|| {
        let password = decode(url.password().unwrap_or_default());
        (decode(url.username()), Secret::new(password))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn configured(flags: &[&str]) -> Result<OpenSearchConfig, ConfigErrors> {
        let line = ["logferry", "ingest", "--to", "opensearch", "f"];
        let line = line.iter().chain(flags);
        let Command::Ingest(args) = Cli::try_parse_from(line).unwrap().command else {
            unreachable!()
        };
        let mut mistakes = ConfigErrors::default();
        let config = mistakes.opensearch(&args.index);
        match config {
            Some(config) if mistakes.0.is_empty() => Ok(config),
            _ => Err(mistakes),
        }
    }

    #[test]
    fn nodes_share_the_user_of_one_url() {
        let config = configured(&[
            "--opensearch-url",
            "https://a:9200, https://u:p%2Cw@b:9200/search",
            "--opensearch-url",
            "https://c",
        ])
        .unwrap();
        let urls: Vec<_> = config.urls.iter().map(Url::as_str).collect();
        assert_eq!(
            urls,
            ["https://a:9200/", "https://b:9200/search/", "https://c/"]
        );
        let password = Password::Given(Secret::new("p,w".into()));
        let user = "u".into();
        assert_eq!(config.auth, Auth::Basic { user, password });
        assert!(!format!("{config:?}").contains("p,w"));
    }

    #[test]
    fn contradicting_flags_are_reported() {
        const URL: [&str; 2] = ["--opensearch-url", "https://a:9200"];
        const PLAIN: [&str; 2] = ["--opensearch-url", "http://a:9200"];
        const WITH_USER: [&str; 2] = ["--opensearch-url", "https://u:secret@a:9200"];
        const USER: [&str; 2] = ["--opensearch-user", "u"];
        const PASSWORD: [&str; 2] = ["--opensearch-password", "secret"];
        const FILE: [&str; 2] = ["--opensearch-password-file", "f"];
        const API_KEY: [&str; 2] = ["--opensearch-api-key-file", "f"];
        const CA: [&str; 2] = ["--opensearch-ca", "f"];
        const CERT: [&str; 2] = ["--opensearch-client-cert", "f"];
        const KEY: [&str; 2] = ["--opensearch-client-key", "f"];
        const AWS: [&str; 2] = ["--opensearch-aws-service", "es"];
        const REGION: [&str; 2] = ["--opensearch-aws-region", "eu-west-1"];
        const ANY: [&str; 1] = ["--opensearch-accept-invalid-certificates"];
        const SERVERLESS: [&str; 2] =
            ["--opensearch-url", "https://x.eu-west-1.aoss.amazonaws.com"];
        let cases: &[(&[&[&str]], &str)] = &[
            (&[&URL, &USER], "--opensearch-user"),
            (&[&URL, &PASSWORD], "--opensearch-password"),
            (&[&URL, &FILE], "--opensearch-password"),
            (
                &[&URL, &USER, &PASSWORD, &FILE],
                "--opensearch-password-file",
            ),
            (&[&WITH_USER, &USER, &PASSWORD], "--opensearch-url"),
            (&[&WITH_USER, &AWS], "--opensearch-aws-service"),
            (&[&URL, &USER, &PASSWORD, &AWS], "--opensearch-aws-service"),
            (
                &[&URL, &USER, &PASSWORD, &API_KEY],
                "--opensearch-api-key-file",
            ),
            (&[&URL, &USER, &FILE, &API_KEY], "--opensearch-api-key-file"),
            (&[&WITH_USER, &API_KEY], "--opensearch-api-key-file"),
            (&[&URL, &API_KEY, &AWS], "--opensearch-api-key-file"),
            (&[&URL, &REGION], "--opensearch-aws-region"),
            (&[&SERVERLESS, &AWS], "--opensearch-aws-service"),
            (&[&SERVERLESS], "--opensearch-aws-service"),
            (&[&PLAIN, &CA], "--opensearch-ca"),
            (&[&PLAIN, &ANY], "--opensearch-accept-invalid-certificates"),
            (&[&PLAIN, &CERT, &KEY], "--opensearch-client-cert"),
            (&[&URL, &CERT], "--opensearch-client-cert"),
            (&[&URL, &KEY], "--opensearch-client-key"),
            (&[&URL, &CERT, &KEY, &AWS], "--opensearch-client-cert"),
            (
                &[&URL, &CA, &ANY],
                "--opensearch-accept-invalid-certificates",
            ),
            (
                &[&URL, &["--opensearch-url", "https://u@b"], &WITH_USER],
                "--opensearch-url",
            ),
            (
                &[&["--opensearch-url", "https://a?x=secret"]],
                "--opensearch-url",
            ),
        ];
        for (flags, named) in cases {
            let flags = flags.concat();
            let mistakes = configured(&flags).expect_err(&format!("{flags:?}"));
            assert_eq!(mistakes.0.len(), 1, "{flags:?}: {mistakes}");
            assert!(
                mistakes.0[0].starts_with(&format!("{named}: ")),
                "{flags:?}: {mistakes}"
            );
            assert!(!mistakes.0[0].contains("secret"), "{mistakes}");
        }
        let good: [&[&[&str]]; 6] = [
            &[&URL, &API_KEY, &CA],
            &[&PLAIN, &API_KEY],
            &[&URL, &USER, &FILE, &CA, &CERT, &KEY],
            &[&URL, &AWS, &REGION, &CA],
            &[&PLAIN, &USER, &PASSWORD],
            &[&URL, &CERT, &KEY, &ANY],
        ];
        for flags in good {
            assert!(configured(&flags.concat()).is_ok(), "{flags:?}");
        }
    }
    #[test]
    fn every_way_of_authentication_at_once_is_reported_at_once() {
        let mistakes = configured(&[
            "--opensearch-url=https://u:secret@a:9200",
            "--opensearch-user=u",
            "--opensearch-password=secret",
            "--opensearch-password-file=f",
            "--opensearch-api-key-file=f",
            "--opensearch-aws-service=es",
        ]);
        insta::assert_snapshot!(mistakes.unwrap_err().to_string());
    }
}
