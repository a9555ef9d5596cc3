/*! A question goes in; documents that OpenSearch holds come out, typed. `commands/search` prints them.

`question` is what is asked and `query` is its request body. `client` sends one request, and `response` is what comes
back. `pages` reads all hits, `follow` reads the hits that arrive, `requests` finds the invocations of a timeline, and
`timeline` reads their lines.
`report` asks for figures of many invocations, `overview` for lines over time and for groups of errors, `objects` counts
the documents of objects. `text_rules` and `text_check` find mistakes in TEXT, `when` reads times, and `closed_indices`
finds the indices that OpenSearch leaves out silently. `reading` makes of documents what a person reads. */

mod client;
mod closed_indices;
mod error;
mod follow;
mod objects;
pub mod overview;
mod pages;
mod query;
mod question;
pub mod reading;
pub mod report;
mod requests;
mod response;
mod text_check;
mod text_fields;
mod text_rules;
mod timeline;
pub mod when;

pub use client::{POINT_IN_TIME_KEEP_ALIVE, SearchClient};
pub use error::{IncompleteAnswer, SearchError};
pub use follow::{Follow, FollowNotice, FollowTick};
pub use pages::Pages;
pub use query::{Order, Query, SourceFields, list, named_invocations, named_lines, one_line};
#[cfg(test)]
pub(crate) use question::a_question_of_everything;
pub use question::{Question, Since, TimeRange, View};
pub use requests::{FoundRequests, RequestSummaries, find_requests_with_lines};
pub use response::{Hit, Page, Total, TotalRelation};
pub use text_check::{
    TextCheck, TextProblem, check_text, names_fields, names_other_fields, refused_text,
};
pub use text_rules::text_mistake;
pub use timeline::{RequestLines, RequestPages};
