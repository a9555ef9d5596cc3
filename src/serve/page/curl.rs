/*! A request to OpenSearch goes in; a command that sends it comes out, for a person to copy. Secrets stay variables of
the shell. Pure. */

use serde_json::Value;
use url::Url;

/// How a person reaches OpenSearch.
#[derive(Debug, Clone)]
pub struct CurlAccess {
    pub url: Url,
    pub credentials: CurlCredentials,
    /// OpenSearch has a certificate that the system may not trust.
    pub own_authority: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurlCredentials {
    None,
    Password,
    ApiKey,
    /// The service's name in a signature.
    Signed(&'static str),
}

/// A command with what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curl {
    pub purpose: &'static str,
    pub command: String,
}

impl CurlAccess {
    /// `path` begins with a slash.
    pub fn command(&self, purpose: &'static str, path: &str, body: &Value) -> Curl {
        let mut command = "curl".to_owned();
        match self.credentials {
            CurlCredentials::None => {}
            CurlCredentials::Password => {
                command.push_str(" -u \"$OPENSEARCH_USER:$OPENSEARCH_PASSWORD\"");
            }
            CurlCredentials::ApiKey => {
                command.push_str(" -H \"Authorization: ApiKey $OPENSEARCH_API_KEY\"");
            }
            CurlCredentials::Signed(service) => command.push_str(&format!(
                " --aws-sigv4 \"aws:amz:$AWS_REGION:{service}\" -u \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" -H \
                 \"X-Amz-Security-Token: $AWS_SESSION_TOKEN\""
            )),
        }
        if self.own_authority {
            command.push_str(" --cacert \"$OPENSEARCH_CA\"");
        }
        let url = format!("{}{}", self.url.as_str().trim_end_matches('/'), path);
        command.push_str(&format!(
            " -H 'Content-Type: application/json' {} -d {}",
            quoted(&url),
            quoted(&ascii(&body.to_string()))
        ));
        Curl { purpose, command }
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// JSON with ASCII characters only: what is copied must be what is seen.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hostile_text_stays_one_word_of_the_shell() {
        let access = CurlAccess {
            url: "https://search.example:9200/".parse().unwrap(),
            credentials: CurlCredentials::Password,
            own_authority: true,
        };
        let body = json!({"q": "'; rm -rf / #\u{202e}\u{1b}🚢"});
        let curl = access.command("lines", "/l-*/_search", &body);
        insta::assert_snapshot!(curl.command);
        // The shell takes the words apart as they were put together.
        let script = format!(
            "set -- {}; printf %s \"$#\"; printf ' %s' \"${{@: -1}}\"",
            &curl.command[5..]
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (words, last) = printed.split_once(' ').unwrap();
        assert_eq!(words, "9", "{printed}");
        assert_eq!(serde_json::from_str::<Value>(last).unwrap(), body);
    }
}
