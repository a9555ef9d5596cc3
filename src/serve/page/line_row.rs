/*! A log document goes in; the row that shows it comes out, the same in a list and in a timeline. Pure. */

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::search::reading::{LogLine, Tone};
use crate::search::{Hit, SearchError};
use crate::serve::page::inert::Inert;
use crate::serve::page::page_query::PageQuery;
use logferry_core::document::stored::StoredLogDocument;

/// Longest part of a line that a list shows, in bytes; a link leads to the whole.
const LONGEST_IN_LIST: usize = 600;
/// Longest first line in a timeline, and longest rest of it that is folded.
const LONGEST_FIRST: usize = 2000;
const LONGEST_REST: usize = 16 * 1024;
const LONGEST_NAME: usize = 120;
/// What a link does not take as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
const TOO_LARGE: &str = "(too large to show here)";

/// A line in a list.
pub struct ListRow {
    pub line: ShownLine,
    pub time: Inert<'static>,
    /// Name and the link that filters by it.
    pub function: Option<(Inert<'static>, String)>,
    /// Beginning of the request id, and the link to its invocation.
    pub request: Option<(Inert<'static>, String)>,
    /// The link that filters by the level.
    pub by_level: Option<String>,
}

/// The text of a line.
pub struct ShownLine {
    /// Id in the page, which a link can lead to.
    pub anchor: String,
    pub level: Inert<'static>,
    /// Class in the style sheet.
    pub tone: &'static str,
    pub first: Inert<'static>,
    /// Further lines, as a stack trace.
    pub rest: Option<Inert<'static>>,
    /// How many further lines, in words.
    pub more: String,
    /// The link to the whole line, if a part of it is left out.
    pub whole: Option<String>,
    pub is_failure: bool,
}

/// The id of a document's row in a page.
pub fn anchor(id: &str) -> String {
    format!("l-{id}")
}

/// An anchor as the end of a link.
pub fn fragment(anchor: &str) -> String {
    utf8_percent_encode(anchor, ENCODED).to_string()
}

/// The link to a whole line.
pub fn whole(hit_index: &str, id: &str) -> String {
    let query = PageQuery {
        index: hit_index.to_owned(),
        id: id.to_owned(),
        ..PageQuery::default()
    };
    query.href("/line")
}

/// The link to an invocation, at one of its lines.
pub fn invocation(request_id: &str, id: Option<&str>, query: &PageQuery) -> String {
    let invocation = PageQuery {
        request: request_id.to_owned(),
        ..query.times()
    };
    let href = invocation.href("/invocation");
    match id {
        Some(id) => format!("{href}#{}", fragment(&anchor(id))),
        None => href,
    }
}

impl ListRow {
    pub fn new(hit: &Hit, query: &PageQuery) -> Result<Self, SearchError> {
        let document: StoredLogDocument<'_> = hit.document()?;
        let line = LogLine::new(&document);
        let name = document.faas.name.as_deref();
        let function = name.map(|name| {
            let only = PageQuery {
                functions: vec![name.to_owned()],
                ..query.first_page()
            };
            (
                Inert::line(name.to_owned()).cut(LONGEST_NAME),
                only.href("/search"),
            )
        });
        let request = document
            .faas
            .invocation_id
            .as_deref()
            .filter(|id| !id.is_empty());
        let request = request.map(|id| {
            let short: String = id.chars().take(8).collect();
            (Inert::line(short), invocation(id, Some(&hit.id), query))
        });
        let level = document.log.level.as_deref();
        let by_level = level.map(|level| {
            let only = PageQuery {
                levels: vec![level.to_owned()],
                ..query.first_page()
            };
            only.href("/search")
        });
        let text = if hit.source.is_some() {
            line.one_line()
        } else {
            TOO_LARGE.to_owned()
        };
        let mut shown = ShownLine::of(hit, &line);
        shown.cut(text, LONGEST_IN_LIST, hit);
        Ok(Self {
            line: shown,
            time: Inert::line(
                document
                    .timestamp
                    .replace('T', " ")
                    .trim_end_matches('Z')
                    .to_owned(),
            )
            .cut(40),
            function,
            request,
            by_level,
        })
    }
}

impl ShownLine {
    /// All lines of the text, for a timeline.
    pub fn unfolded(hit: &Hit, document: &StoredLogDocument<'_>) -> Self {
        let line = LogLine::new(document);
        let mut lines = line.all_lines();
        if hit.source.is_none() {
            lines = vec![TOO_LARGE.to_owned()];
        }
        let rest = lines.split_off(lines.len().min(1));
        let mut shown = Self::of(hit, &line);
        shown.cut(lines.pop().unwrap_or_default(), LONGEST_FIRST, hit);
        shown.more = match rest.len() {
            1 => "1 more line".to_owned(),
            more => format!("{more} more lines"),
        };
        if !rest.is_empty() {
            let rest = Inert::block(rest.join("\n")).cut(LONGEST_REST);
            if rest.is_cut {
                shown.whole = Some(whole(&hit.index, &hit.id));
            }
            shown.rest = Some(rest);
        }
        shown
    }

    fn of(hit: &Hit, line: &LogLine<'_>) -> Self {
        let (level, tone) = line.level();
        Self {
            anchor: anchor(&hit.id),
            level: Inert::line(level.to_owned()).cut(LONGEST_NAME),
            tone: match tone {
                Tone::Failure => "failed",
                Tone::Warning => "warned",
                Tone::Platform => "platform",
                Tone::Plain => "plain",
            },
            first: Inert::line(""),
            rest: None,
            more: String::new(),
            whole: None,
            is_failure: tone == Tone::Failure,
        }
    }

    fn cut(&mut self, text: String, longest: usize, hit: &Hit) {
        self.first = Inert::line(text).cut(longest);
        if self.first.is_cut || hit.source.is_none() {
            self.whole = Some(whole(&hit.index, &hit.id));
        }
    }
}
