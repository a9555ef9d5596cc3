/*! What all views share: the way to OpenSearch, limits, and the links to elsewhere. */

use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::search::{Query, SearchClient};
use crate::serve::page::curl::{Curl, CurlAccess};
use crate::serve::page::dashboards::Dashboards;
use crate::serve::page::failure::PageError;
use crate::serve::page::pipeline_sources::PipelineSources;
use crate::sink::opensearch::OpenSearch;

pub struct Shared {
    pub opensearch: Arc<OpenSearch>,
    pub index_prefix: String,
    pub curl: CurlAccess,
    pub dashboards: Option<Dashboards>,
    /// Time limit of all questions of one page.
    pub timeout: Duration,
    pub pipeline: PipelineSources,
    pub stop: CancellationToken,
}

impl Shared {
    /// A client for one page: what was incomplete is known for that page alone.
    pub fn client(&self) -> SearchClient {
        let prefix = self.index_prefix.clone();
        SearchClient::new(self.opensearch.clone(), prefix, self.stop.clone())
    }

    /// The command that asks a query.
    pub fn curl_of(
        &self,
        purpose: &'static str,
        client: &SearchClient,
        query: &Query,
        size: usize,
    ) -> Curl {
        let (path, body): (String, Value) = client.as_request(query, size);
        self.curl.command(purpose, &path, &body)
    }
}

/// An answer to a request, and how long its markup took.
pub enum Answer {
    Page {
        html: String,
        rendering: Duration,
    },
    /// The beginning of a page, and its rest as it comes.
    Streamed {
        begin: String,
        rendering: Duration,
        rest: BoxStream<'static, Result<Bytes, std::convert::Infallible>>,
    },
    /// Another page shows it.
    Elsewhere(String),
    /// A document for a program, as a file.
    Document {
        name: String,
        json: String,
    },
}

impl Answer {
    pub fn page(template: &impl Template) -> Result<Self, PageError> {
        let (html, rendering) = timed(template)?;
        Ok(Answer::Page { html, rendering })
    }

    pub fn streamed<S>(template: &impl Template, rest: S) -> Result<Self, PageError>
    where
        S: Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
    {
        let (begin, rendering) = timed(template)?;
        Ok(Answer::Streamed {
            begin,
            rendering,
            rest: Box::pin(rest),
        })
    }
}

fn timed(template: &impl Template) -> Result<(String, Duration), askama::Error> {
    let start = Instant::now();
    let html = template.render()?;
    Ok((html, start.elapsed()))
}
