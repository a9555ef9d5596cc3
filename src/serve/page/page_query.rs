/*! The query of a URL goes in; what a page is asked for comes out, or every mistake in it. The way back makes links.
All state of a page is in its URL. Pure. */

use jiff::{Timestamp, ToSpan};
use url::form_urlencoded;

use crate::search::report::Span;
use crate::search::{Question, Since, View, text_mistake, when};

/// Longest value of a parameter, in bytes. A request id has 36, a pasted line some hundred.
const LONGEST_VALUE: usize = 2000;
/// Most parameters of a URL.
const MOST_PARAMETERS: usize = 64;
/// Pages show the last day unless they are asked for another time.
pub const DEFAULT_SINCE: &str = "24h";
const HOW_TO_WRITE_TIMES: &str = "is no time: use a duration back from now (15m, 1h, 7d), a date (2026-11-23) or a time \
     (2026-11-23T10:00, UTC, or with an offset such as +02:00)";

/// What a page is asked for, as typed. An empty text is one that was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    pub text: String,
    /// TEXT has neither fields nor operators.
    pub literal: bool,
    pub functions: Vec<String>,
    pub levels: Vec<String>,
    pub error_types: Vec<String>,
    pub errors: bool,
    pub since: String,
    pub until: String,
    pub request: String,
    pub trace: String,
    pub execution: String,
    pub sort: String,
    /// Index and id of one document.
    pub index: String,
    pub id: String,
    /// Number of the page of a list, from 1; 0 stands for 1.
    pub page: usize,
}

impl PageQuery {
    pub fn parse(query: &str) -> Result<Self, Vec<String>> {
        let mut parsed = Self::default();
        let mut mistakes = Vec::new();
        for (number, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            if number >= MOST_PARAMETERS {
                mistakes.push(format!(
                    "the URL has more than {MOST_PARAMETERS} parameters"
                ));
                break;
            }
            if value.len() > LONGEST_VALUE {
                mistakes.push(format!("{name}: has more than {LONGEST_VALUE} bytes"));
                continue;
            }
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let value = value.to_owned();
            match &*name {
                "q" => parsed.text = value,
                "literal" => parsed.literal = true,
                "function" => parsed.functions.push(value),
                "level" => parsed.levels.push(value),
                "error" => parsed.error_types.push(value),
                "errors" => parsed.errors = true,
                "since" => parsed.since = value,
                "until" => parsed.until = value,
                "request" => parsed.request = value,
                "trace" => parsed.trace = value,
                "execution" => parsed.execution = value,
                "sort" => parsed.sort = value,
                "index" => parsed.index = value,
                "id" => parsed.id = value,
                "page" => match value.parse() {
                    Ok(page) if page > 0 => parsed.page = page,
                    _ => mistakes.push("page: is no number from 1".to_owned()),
                },
                // Another version's link may have more.
                _ => {}
            }
        }
        let text = Some(&parsed.text).filter(|text| !text.is_empty());
        let text = text.and_then(|text| text_mistake(text, parsed.literal));
        mistakes.extend(text.map(|mistake| format!("The text {mistake}")));
        if mistakes.is_empty() {
            Ok(parsed)
        } else {
            Err(mistakes)
        }
    }

    /// Every parameter by its name, as the URL has it.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let flag = |set: bool| if set { "1" } else { "" }.to_owned();
        let page = if self.page > 1 {
            self.page.to_string()
        } else {
            String::new()
        };
        let many = |name: &'static str, values: &[String]| {
            let values = values.iter().cloned();
            values.map(|value| (name, value)).collect::<Vec<_>>()
        };
        let mut all = vec![("q", self.text.clone()), ("literal", flag(self.literal))];
        all.extend(many("function", &self.functions));
        all.extend(many("level", &self.levels));
        all.extend(many("error", &self.error_types));
        all.push(("errors", flag(self.errors)));
        all.push(("request", self.request.clone()));
        all.push(("trace", self.trace.clone()));
        all.push(("execution", self.execution.clone()));
        all.push(("sort", self.sort.clone()));
        all.push(("index", self.index.clone()));
        all.push(("id", self.id.clone()));
        all.push(("since", self.since.clone()));
        all.push(("until", self.until.clone()));
        all.push(("page", page));
        all.retain(|(_, value)| !value.is_empty());
        all
    }

    /// The link to this state of a page.
    pub fn href(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.parameters());
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{path}{mark}{query}")
    }

    /// The times only: what one view hands on to another.
    pub fn times(&self) -> Self {
        Self {
            since: self.since.clone(),
            until: self.until.clone(),
            ..Self::default()
        }
    }

    /// The same question on its first page.
    pub fn first_page(&self) -> Self {
        Self {
            page: 0,
            ..self.clone()
        }
    }

    /// The same question within these times.
    pub fn zoomed(&self, span: Span) -> Self {
        Self {
            since: span.since.to_string(),
            until: span.until.to_string(),
            ..self.first_page()
        }
    }

    /// The times that are asked for.
    pub fn span(&self, now: Timestamp) -> Result<Span, Vec<String>> {
        let mut mistakes = Vec::new();
        let since = match &*self.since {
            "" => DEFAULT_SINCE,
            since => since,
        };
        // Times are compared in whole milliseconds, and a line of this moment counts.
        let now = now.checked_add(1.millisecond()).unwrap_or(now);
        let since_at = when::since(since, now).map(|since| since.at(now));
        if since_at.is_none() {
            mistakes.push(format!("since: “{since}” {HOW_TO_WRITE_TIMES}"));
        }
        let until = match &*self.until {
            "" => Some(now),
            until => when::until(until, now),
        };
        if until.is_none() {
            mistakes.push(format!("until: “{}” {HOW_TO_WRITE_TIMES}", self.until));
        }
        match (since_at.map(whole_ms), until.map(whole_ms)) {
            (Some(since), Some(until)) if since < until => Ok(Span { since, until }),
            (Some(_), Some(_)) => Err(vec!["until: is not after since".to_owned()]),
            _ => Err(mistakes),
        }
    }

    /// The question about log lines or invocations within the span.
    pub fn question(&self, span: Span, view: View) -> Question {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Question {
            view,
            text: text(&self.text),
            literal: self.literal,
            request_id: text(&self.request),
            trace_id: text(&self.trace),
            execution: text(&self.execution),
            functions: self.functions.clone(),
            levels: self.levels.clone(),
            error_types: self.error_types.clone(),
            errors: self.errors,
            range: crate::search::TimeRange {
                since: Some(Since::At(span.since)),
                until: Some(span.until),
            },
            ..Question::default()
        }
    }
}

fn whole_ms(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_link_leads_back_to_its_state() {
        let query = PageQuery {
            text: "a&b=<c> \u{202e}".to_owned(),
            literal: true,
            functions: vec!["orders".to_owned(), "a b".to_owned()],
            error_types: vec!["E".to_owned()],
            since: "7d".to_owned(),
            page: 3,
            ..PageQuery::default()
        };
        let href = query.href("/search");
        let (path, parameters) = href.split_once('?').unwrap();
        assert_eq!(path, "/search");
        assert!(
            href.bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>\"'".contains(&b)),
            "{href}"
        );
        let back = PageQuery::parse(parameters).unwrap();
        assert_eq!(
            back,
            PageQuery {
                text: "a&b=<c> \u{202e}".trim().to_owned(),
                ..query
            }
        );
        assert_eq!(PageQuery::default().href("/"), "/");
    }

    #[test]
    fn every_mistake_is_named() {
        let long = "x".repeat(LONGEST_VALUE + 1);
        for (query, mistake) in [
            ("page=0", "page: is no number"),
            ("q=---", "The text has no letter or digit"),
            (&*format!("q={long}"), "q: has more than 2000 bytes"),
            (&"a=1&".repeat(65), "more than 64 parameters"),
            (&format!("q={}x", "(".repeat(101)), "open brackets"),
        ] {
            let mistakes = PageQuery::parse(query).unwrap_err();
            assert!(mistakes.concat().contains(mistake), "{query}: {mistakes:?}");
        }
        for (query, mistake) in [
            ("since=never", "since: “never” is no time"),
            ("since=1h&until=2h", "until: is not after since"),
            ("since=x&until=y", "until: “y” is no time"),
        ] {
            let mistakes = PageQuery::parse(query).unwrap().span(now()).unwrap_err();
            assert!(mistakes.concat().contains(mistake), "{query}: {mistakes:?}");
        }
    }

    #[test]
    fn times_are_as_in_search() {
        for (query, since, until) in [
            ("", "2026-11-23T12:00:00.001Z", "2026-11-24T12:00:00.001Z"),
            (
                "since=2026-11-22&until=2026-11-22",
                "2026-11-22T00:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
        ] {
            let span = PageQuery::parse(query).unwrap().span(now()).unwrap();
            assert_eq!(
                (span.since.to_string(), span.until.to_string()),
                (since.to_owned(), until.to_owned())
            );
        }
    }
}
