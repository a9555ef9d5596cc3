/*! Probes. In: the readiness of the worker; out: `/livez`, and `/readyz` with the reason. */

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::observe::Metrics;

pub(super) fn routes() -> Router<Arc<Metrics>> {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
}

/// The process is alive if it answers at all.
async fn livez() -> &'static str {
    "alive\n"
}

async fn readyz(State(metrics): State<Arc<Metrics>>) -> (StatusCode, String) {
    match metrics.readiness.why_not() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(reason) => {
            let body = format!("not ready: {reason}\n");
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
    }
}
