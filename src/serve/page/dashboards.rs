/*! A question goes in; the address of the same in OpenSearch Dashboards (Discover) comes out. Pure. */

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::search::report::Span;

/// What Rison needs as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'!')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b':')
    .remove(b'\'');

/// OpenSearch Dashboards, and the index pattern of log lines there.
#[derive(Debug, Clone)]
pub struct Dashboards {
    pub url: Url,
    /// Id of the saved index pattern.
    pub index_pattern: String,
}

impl Dashboards {
    /// Log lines that a Lucene query selects within the span.
    pub fn discover(&self, query: &str, span: Span) -> String {
        let base = self.url.as_str().trim_end_matches('/');
        let pattern = rison(&self.index_pattern);
        let query = rison(query);
        let time = |time: Timestamp| rison(&time.to_string());
        let (from, to) = (time(span.since), time(span.until));
        let global = format!("(filters:!(),time:(from:{from},to:{to}))");
        let view = format!(
            "(discover:(columns:!(faas.name,log.level,message),sort:!(!('@timestamp',desc))),\
             metadata:(indexPattern:{pattern},view:discover))"
        );
        let query = format!("(filters:!(),query:(language:lucene,query:{query}))");
        let state = [("_g", global), ("_a", view), ("_q", query)]
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, KEPT)));
        format!("{base}/app/data-explorer/discover#?{}", state.join("&"))
    }
}

/// A Rison string.
fn rison(text: &str) -> String {
    format!("'{}'", text.replace('!', "!!").replace('\'', "!'"))
}

/// A value of a field in a Lucene query, as a phrase.
pub fn phrase(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_parameter_of_the_address() {
        let dashboards = Dashboards {
            url: "https://dashboards.example/base/".parse().unwrap(),
            index_pattern: "logferry-logs".to_owned(),
        };
        let at = |text: &str| text.parse().unwrap();
        let span = Span {
            since: at("2026-11-23T10:00:00Z"),
            until: at("2026-11-23T11:00:00Z"),
        };
        let query = format!("faas.invocation_id:{}", phrase("it's \"a\" & b"));
        insta::assert_snapshot!(dashboards.discover(&query, span));
    }
}
