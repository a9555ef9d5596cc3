//! Why an object cannot be read on.

use std::io;

use crate::error_class::ErrorClass;
use crate::source::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object was not there any more when its broken body was to be resumed.
    #[error("the object was removed while it was read")]
    Removed,
    /// The compressed data is damaged, or the object holds no logs.
    #[error("{reason}")]
    Corrupt {
        reason: String,
        /// The bytes before it end with a whole compressed member.
        whole: bool,
    },
}

impl ReadError {
    pub fn class(&self) -> ErrorClass {
        match self {
            ReadError::Store(e) => e.class,
            ReadError::Removed | ReadError::Corrupt { .. } => ErrorClass::Broken,
        }
    }

    /// Whether the bytes before it end with a whole compressed member.
    pub fn is_behind_whole_members(&self) -> bool {
        matches!(self, ReadError::Corrupt { whole: true, .. })
    }

    /// The bytes before it may be cut anywhere.
    pub(super) fn cut(reason: &str) -> Self {
        ReadError::Corrupt {
            reason: reason.to_owned(),
            whole: false,
        }
    }

    /// The same error, in the middle of a member of the next layer.
    pub(super) fn within_member(self) -> Self {
        match self {
            ReadError::Corrupt { reason, .. } => ReadError::Corrupt {
                reason,
                whole: false,
            },
            other => other,
        }
    }
}

/// The typed error that a reader passed on as one of `io`.
pub(super) fn read_error(error: io::Error) -> ReadError {
    let text = error.to_string();
    match error.downcast::<ReadError>() {
        Ok(read) => read,
        Err(error) => match error.downcast::<StoreError>() {
            Ok(store) => ReadError::Store(store),
            Err(_) => ReadError::cut(&text),
        },
    }
}
