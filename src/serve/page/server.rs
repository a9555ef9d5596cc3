/*! The server of the page. In: an address, who may see it and what all views share; out: all routes, served until the
token is cancelled, with the requests that are under way answered. */

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::serve::connections::{LIMITS, serve_connections};
use crate::serve::page::failure::{PageError, plain_page};
use crate::serve::page::guard::{Guard, guard, harmless_headers};
use crate::serve::page::page_query::PageQuery;
use crate::serve::page::shared::{Answer, Shared};
use crate::serve::page::views::{errors, functions, invocation, line, pipeline, search};

/// How long answers that are under way may take after a signal.
const DRAIN: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
enum View {
    Functions,
    Search,
    Errors,
    Invocation,
    Line,
    Document,
    Pipeline,
}

/// The server, bound to its address.
pub struct PageServer {
    listener: TcpListener,
    app: Router,
}

impl PageServer {
    /// `listen` may have port 0.
    pub async fn bind(listen: SocketAddr, guard: Guard, shared: Shared) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        Ok(Self {
            listener,
            app: app(guard, Arc::new(shared)),
        })
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled and what is under way is answered, or has had its time.
    pub async fn serve(self, stop: CancellationToken) {
        let served = serve_connections(self.listener, self.app, LIMITS, &stop);
        tokio::select! {
            () = served => {}
            () = async {
                stop.cancelled().await;
                tokio::time::sleep(DRAIN).await;
            } => {}
        }
    }
}

/// Every route with its guard and its headers.
pub fn app(of: Guard, shared: Arc<Shared>) -> Router {
    let view = |view: View| {
        get(
            move |State(shared): State<Arc<Shared>>, uri: Uri| async move {
                answer(view, &shared, &uri).await
            },
        )
    };
    let views = Router::new()
        .route("/", view(View::Functions))
        .route("/search", view(View::Search))
        .route("/errors", view(View::Errors))
        .route("/invocation", view(View::Invocation))
        .route("/line", view(View::Line))
        .route("/line.json", view(View::Document))
        .route("/pipeline", view(View::Pipeline))
        .with_state(shared);
    let files = Router::new()
        .route(
            "/static/page.css",
            get(|| file("text/css", include_str!("assets/page.css"))),
        )
        .route(
            "/static/page.js",
            get(|| file("text/javascript", include_str!("assets/page.js"))),
        )
        .route(
            "/static/icon.svg",
            get(|| file("image/svg+xml", include_str!("assets/icon.svg"))),
        );
    views
        .merge(files)
        .fallback(nowhere)
        .layer(from_fn_with_state(Arc::new(of), guard))
        // A probe is no page: it has neither host nor user.
        .route("/livez", get(|| async { "alive\n" }))
        .layer(from_fn(harmless_headers))
}

async fn file(content_type: &'static str, text: &'static str) -> Response {
    let content_type = format!("{content_type}; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

async fn nowhere() -> Response {
    plain_page(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "The navigation leads to the pages that there are.",
    )
}

async fn ask(view: View, shared: &Shared, query: &PageQuery) -> Result<Answer, PageError> {
    let now = Timestamp::now();
    // Boxed: the compiler loses sight of lifetimes in futures that are nested so deeply.
    let answer: BoxFuture<'_, Result<Answer, PageError>> = match view {
        View::Functions => Box::pin(functions::page(shared, query, now)),
        View::Search => Box::pin(search::page(shared, query, now)),
        View::Errors => Box::pin(errors::page(shared, query, now)),
        View::Invocation => Box::pin(invocation::page(shared, query, now)),
        View::Line => Box::pin(line::page(shared, query)),
        View::Document => Box::pin(line::document(shared, query)),
        View::Pipeline => Box::pin(pipeline::page(shared, query, now)),
    };
    answer.await
}

/// Asks a view within the time limit, and makes a page of a failure.
async fn answer(view: View, shared: &Shared, uri: &Uri) -> Response {
    let start = Instant::now();
    let here = uri.path_and_query().map_or("/", |here| here.as_str());
    let query = match PageQuery::parse(uri.query().unwrap_or_default()) {
        Ok(query) => query,
        Err(mistakes) => {
            let nothing = PageQuery::default();
            return PageError::Query(mistakes).page(uri.path(), &nothing, "");
        }
    };
    let asked = tokio::time::timeout(shared.timeout, ask(view, shared, &query)).await;
    let asked = asked.unwrap_or_else(|_| Err(PageError::Slow(shared.timeout.as_secs())));
    let (mut response, rendering) = match asked {
        Ok(Answer::Page { html, rendering }) => (Html(html).into_response(), rendering),
        Ok(Answer::Streamed {
            begin,
            rendering,
            rest,
        }) => {
            let begin = futures_util::stream::iter([Ok(bytes::Bytes::from(begin))]);
            let body = Body::from_stream(futures_util::StreamExt::chain(begin, rest));
            (Html(body).into_response(), rendering)
        }
        Ok(Answer::Elsewhere(href)) => (Redirect::to(&href).into_response(), Duration::ZERO),
        Ok(Answer::Document { name, json }) => (document(&name, json), Duration::ZERO),
        Err(error) => (error.page(uri.path(), &query, here), Duration::ZERO),
    };
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let timing = format!(
        "total;dur={:.1}, render;dur={:.1}",
        ms(start.elapsed()),
        ms(rendering)
    );
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("server-timing"), timing);
    }
    response
}

fn document(name: &str, json: String) -> Response {
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect();
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/json; charset=utf-8".to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.json\""),
        ),
    ];
    (headers, json).into_response()
}
