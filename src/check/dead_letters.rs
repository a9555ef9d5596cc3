/*! The result of a trial of the dead-letter store goes in; a finding comes out. */

use crate::check::{Area, Finding};
use crate::sink::dead_letters::TrialEnd;

/// `store` is the value of `--dead-letters`.
pub fn judge(store: &str, trial: &Result<TrialEnd, String>) -> Finding {
    let (area, check) = (Area::DeadLetters, "write");
    match trial {
        Ok(TrialEnd::Removed) => Finding::ok(
            area,
            check,
            format!("{store} takes letters (a test object was written and removed)"),
        ),
        Ok(TrialEnd::Stays(reason)) => {
            let text = format!(
                "{store} takes letters; the test object logferry-check stays, since it may not be removed ({reason})"
            );
            Finding::ok(area, check, text)
        }
        Err(reason) => {
            let permission = match store.split_once(':') {
                Some(("s3", _)) => "allow s3:PutObject on it, and see that the bucket exists",
                Some(("file", _)) => "make the folder writable for the user of the worker",
                _ => "give the user the index permissions of the role logferry-worker on it",
            };
            Finding::fault(area, check, format!("{store} takes no letters ({reason})"))
                .remedy(permission)
        }
    }
}

/// A store in a bucket whose objects are notified to the queue: letters would come back as logs.
pub fn comes_back(store: &str, bucket: &str) -> Finding {
    let text = format!(
        "{store} lies where {bucket} notifies the queue of new objects: letters are read as logs"
    );
    Finding::warning(Area::DeadLetters, "place", text)
        .remedy("take another bucket or prefix, or give the notification a prefix without it")
}
