/*! Scrapes. In: the `Accept` header and the metrics; out: `/metrics` in the format that the scraper prefers. */

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::observe::{ExpositionFormat, Metrics};

pub(super) fn routes() -> Router<Arc<Metrics>> {
    Router::new().route("/metrics", get(scrape))
}

async fn scrape(State(metrics): State<Arc<Metrics>>, request: HeaderMap) -> impl IntoResponse {
    let accept = request.get_all(header::ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let format = ExpositionFormat::accepted(&accept.join(","));
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::VARY, "accept"),
    ];
    (headers, metrics.expose(format))
}
