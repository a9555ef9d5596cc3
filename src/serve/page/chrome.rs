/*! A view and its state go in; what stands around every page comes out: navigation, times, notes, requests to copy.
Pure. */

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::search::report::Span;
use crate::serve::page::curl::Curl;
use crate::serve::page::page_query::{DEFAULT_SINCE, PageQuery};
use crate::serve::page::plot::time;

/// The views that the navigation names, with their keys (accesskey).
const VIEWS: [(&str, &str, &str); 4] = [
    ("/", "Functions", "f"),
    ("/search", "Search", "s"),
    ("/errors", "Errors", "e"),
    ("/pipeline", "Pipeline", "p"),
];
/// Times that are one click away.
const PRESETS: [&str; 5] = ["15m", "1h", "24h", "7d", "30d"];
/// Parameters that the form of times has fields for.
const TIMES: [&str; 3] = ["since", "until", "page"];

/// The beginning of a page, up to its `<main>`.
#[derive(Template)]
#[template(path = "head.html")]
pub struct Head {
    /// Harmless text.
    pub title: String,
    views: Vec<ViewLink>,
    /// There is one where times select what is shown.
    times: Option<Times>,
    /// Sentences about what the page lacks.
    pub notes: Vec<String>,
}

struct ViewLink {
    href: String,
    name: &'static str,
    key: &'static str,
    is_current: bool,
}

struct Times {
    path: &'static str,
    since: String,
    until: String,
    hidden: Vec<(&'static str, String)>,
    presets: Vec<Preset>,
    earlier: String,
    later: String,
    wider: String,
    shown: String,
}

struct Preset {
    name: &'static str,
    href: String,
    is_current: bool,
}

impl Head {
    /// `path` is the path of the view.
    pub fn new(title: &str, path: &str, query: &PageQuery) -> Self {
        let views = VIEWS.map(|(view, name, key)| ViewLink {
            href: query.times().href(view),
            name,
            key,
            is_current: view == path,
        });
        Self {
            title: title.to_owned(),
            views: views.into(),
            times: None,
            notes: Vec::new(),
        }
    }

    /// With a form for the times that select what is shown.
    pub fn with_times(mut self, path: &'static str, query: &PageQuery, span: Span) -> Self {
        let length = span.duration();
        let moved = |since: SignedDuration, until: SignedDuration| {
            let add = |time: Timestamp, by| time.checked_add(by).unwrap_or(time);
            let span = Span {
                since: add(span.since, since),
                until: add(span.until, until),
            };
            query.zoomed(span).href(path)
        };
        let back = length.checked_neg().unwrap_or_default();
        let parameters = query.parameters().into_iter();
        let presets = PRESETS.map(|name| {
            let preset = PageQuery {
                since: name.to_owned(),
                until: String::new(),
                ..query.first_page()
            };
            let since = if query.since.is_empty() {
                DEFAULT_SINCE
            } else {
                &query.since
            };
            Preset {
                name,
                href: preset.href(path),
                is_current: since == name && query.until.is_empty(),
            }
        });
        self.times = Some(Times {
            path,
            since: query.since.clone(),
            until: query.until.clone(),
            hidden: parameters
                .filter(|(name, _)| !TIMES.contains(name))
                .collect(),
            presets: presets.into(),
            earlier: moved(back, back),
            later: moved(length, length),
            wider: moved(back, length),
            shown: format!("{} to {} UTC", time(span.since), time(span.until)),
        });
        self
    }
}

/// The end of a page.
#[derive(Template)]
#[template(path = "foot.html")]
pub struct Foot {
    /// The requests behind the page.
    pub curls: Vec<Curl>,
    /// The same in OpenSearch Dashboards.
    pub dashboards: Option<String>,
    pub version: &'static str,
}

impl Foot {
    pub fn new(curls: Vec<Curl>, dashboards: Option<String>) -> Self {
        Self {
            curls,
            dashboards,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The form of a search, the same on each page.
#[derive(Template)]
#[template(path = "search_form.html")]
pub struct SearchForm {
    text: String,
    literal: bool,
    errors: bool,
    hidden: Vec<(&'static str, String)>,
    /// Filters that are set, with the link that takes them away.
    filters: Vec<Filter>,
    /// Why the text cannot be searched for.
    pub mistake: Option<String>,
}

struct Filter {
    name: &'static str,
    value: String,
    without: String,
}

impl SearchForm {
    pub fn new(query: &PageQuery) -> Self {
        let fields = ["q", "literal", "errors", "page"];
        let parameters = query.parameters();
        let removable = ["function", "level", "error", "request"];
        let filters = (parameters
            .iter()
            .filter(|(name, _)| removable.contains(name)))
        .map(|(name, value)| {
            let mut without = query.first_page();
            without
                .functions
                .retain(|v| *name != "function" || v != value);
            without.levels.retain(|v| *name != "level" || v != value);
            without
                .error_types
                .retain(|v| *name != "error" || v != value);
            if *name == "request" {
                without.request.clear();
            }
            Filter {
                name,
                value: value.clone(),
                without: without.href("/search"),
            }
        });
        Self {
            text: query.text.clone(),
            literal: query.literal,
            errors: query.errors,
            filters: filters.collect(),
            hidden: (parameters
                .iter()
                .filter(|(name, _)| !fields.contains(name))
                .cloned())
            .collect(),
            mistake: None,
        }
    }
}
