/*! The trait of a listing: a cursor goes in, the next page of objects comes out. */

use async_trait::async_trait;

use crate::error_class::ErrorClass;
use logferry_core::notification::ObjectRef;

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub object: ObjectRef,
    /// Milliseconds since 1970, if the listing tells it.
    pub last_modified: Option<i64>,
}

/// Some objects of a listing, in its order.
#[derive(Debug, Default)]
pub struct Page {
    pub objects: Vec<Listed>,
    /// The cursor behind this page. None: the page is empty and the listing ends before it.
    pub through: Option<String>,
    /// Objects may follow.
    pub more: bool,
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct ListError {
    /// `Retryable` or `Fatal`.
    pub class: ErrorClass,
    /// A sentence with the name of the listing.
    pub reason: String,
}

impl ListError {
    pub fn fatal(reason: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Fatal,
            reason: reason.into(),
        }
    }

    pub fn retryable(reason: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Retryable,
            reason: reason.into(),
        }
    }
}

/// A listing of objects in a fixed order. A cursor is a text that only the listing itself understands; it is valid in
/// a later process too.
#[async_trait]
pub trait Lister: Send + Sync {
    /// The page behind a cursor; `None` stands for the beginning.
    async fn page(&self, after: Option<&str>) -> Result<Page, ListError>;
}
