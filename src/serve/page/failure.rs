/*! What went wrong goes in; the page that says so comes out: the status, what happened, and what to do. */

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::error_class::ErrorClass;
use crate::search::SearchError;
use crate::search::reading::harmless;
use crate::serve::page::chrome::{Foot, Head, SearchForm};
use crate::serve::page::page_query::PageQuery;
use crate::sink::IndexError;

/// Why a view has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The URL asks for something senseless.
    #[error("{}", .0.join("; "))]
    Query(Vec<String>),
    /// The text is no query.
    #[error("{0}")]
    Text(String),
    #[error("{0}")]
    NotFound(String),
    #[error("OpenSearch has not answered within {0} s")]
    Slow(u64),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Template(#[from] askama::Error),
}

impl From<IndexError> for PageError {
    fn from(error: IndexError) -> Self {
        PageError::Search(error.into())
    }
}

/// Status, headline and advice.
struct Failure {
    status: StatusCode,
    headline: &'static str,
    reasons: Vec<String>,
    advice: &'static str,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    head: Head,
    form: Option<SearchForm>,
    reasons: Vec<String>,
    advice: &'static str,
    again: String,
    foot: Foot,
}

impl PageError {
    fn failure(&self) -> Failure {
        let (status, headline, advice) = match self {
            PageError::Query(_) => (
                StatusCode::BAD_REQUEST,
                "This cannot be asked",
                "Correct the address or the form and ask again.",
            ),
            PageError::Text(_) => (
                StatusCode::BAD_REQUEST,
                "The text is no query",
                "Words without operators are always right: tick “as it stands” to search for the text as it was pasted.",
            ),
            PageError::NotFound(_) => (
                StatusCode::NOT_FOUND,
                "Nothing was found",
                "Logs may come hours after their time. Look further back, or check the id.",
            ),
            PageError::Slow(_) => (
                StatusCode::GATEWAY_TIMEOUT,
                "OpenSearch is too slow",
                "Ask for a shorter time or fewer functions, or look after the cluster: GET _cluster/health, GET _nodes/hot_threads.",
            ),
            PageError::Search(error) => of_search(error),
            PageError::Template(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The page cannot be made",
                "This is a fault of logferry: please report it.",
            ),
        };
        let reasons = match self {
            PageError::Query(mistakes) => mistakes.clone(),
            PageError::Search(
                error @ (SearchError::UnknownResponse { source, .. }
                | SearchError::UnknownDocument { source, .. }),
            ) => vec![format!("{error}: {source}")],
            error => vec![error.to_string()],
        };
        Failure {
            status,
            headline,
            reasons: reasons.iter().map(|reason| harmless(reason)).collect(),
            advice,
        }
    }

    /// The page that says so, at the place of the view that failed.
    pub fn page(&self, path: &str, query: &PageQuery, uri: &str) -> Response {
        let failure = self.failure();
        let mut head = Head::new(failure.headline, path, query);
        if failure.status.is_server_error() {
            tracing::warn!(error = %self, path, "a view has no answer");
            head.notes.clear();
        }
        let mut form = SearchForm::new(query);
        if let PageError::Text(mistake) = self {
            form.mistake = Some(harmless(mistake));
        }
        let page = FailurePage {
            head,
            form: Some(form),
            reasons: failure.reasons,
            advice: failure.advice,
            again: uri.to_owned(),
            foot: Foot::new(Vec::new(), None),
        };
        rendered(failure.status, &page)
    }
}

fn of_search(error: &SearchError) -> (StatusCode, &'static str, &'static str) {
    match error {
        SearchError::NoIndex(_) => (
            StatusCode::NOT_FOUND,
            "There are no logs yet",
            "Check --index-prefix, and whether a worker or ingest has loaded anything yet.",
        ),
        SearchError::OpenSearch(IndexError::Unanswered(_)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "OpenSearch does not answer",
            "Check that the cluster runs and that --opensearch-url is right, then ask again. Nothing is lost: workers wait \
             until it is back.",
        ),
        SearchError::OpenSearch(error) if matches!(error.status(), Some(401 | 403)) => (
            StatusCode::BAD_GATEWAY,
            "OpenSearch refuses the question",
            "Check user and password of serve, and that the user has the role logferry-search (docs/access.md).",
        ),
        SearchError::OpenSearch(error) if error.class() == ErrorClass::Retryable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "OpenSearch cannot answer now",
            "Ask again in a moment, for a shorter time if it stays so, and look after the cluster: GET _cluster/health.",
        ),
        SearchError::Interrupted => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The page is ending",
            "It was told to stop. Ask again when it is back.",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "OpenSearch has answered something else",
            "Check that the indices are those of logferry, and ask again.",
        ),
    }
}

/// A page without a view: what the guard refuses.
pub fn plain_page(status: StatusCode, headline: &'static str, advice: &'static str) -> Response {
    let page = FailurePage {
        head: Head::new(headline, "", &PageQuery::default()),
        form: None,
        reasons: Vec::new(),
        advice,
        again: String::new(),
        foot: Foot::new(Vec::new(), None),
    };
    rendered(status, &page)
}

fn rendered(status: StatusCode, page: &FailurePage) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        let unanswered = || IndexError::Unanswered("nothing listens at http://os:9200/".to_owned());
        let forbidden = IndexError::Response {
            class: ErrorClass::Fatal,
            status: Some(403),
            error_type: None,
            reason: "no permissions".to_owned(),
        };
        for (error, status) in [
            (PageError::Query(vec!["page: is no number".to_owned()]), 400),
            (PageError::Text("it breaks off".to_owned()), 400),
            (PageError::NotFound("no such request".to_owned()), 404),
            (PageError::Slow(10), 504),
            (unanswered().into(), 503),
            (forbidden.into(), 502),
            (SearchError::NoIndex("l-logs-*".to_owned()).into(), 404),
        ] {
            let response = error.page("/search", &PageQuery::default(), "/search");
            assert_eq!(response.status().as_u16(), status, "{error}");
        }
    }
}
