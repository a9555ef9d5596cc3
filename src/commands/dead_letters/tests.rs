//! Letters for the tests.

use crate::sink::dead_letters::DeadLetter;
use logferry_core::dead_letter::FORMAT;

pub fn letter(time: &str, kind: &'static str, index: Option<&str>, reason: &str) -> DeadLetter {
    DeadLetter {
        format: FORMAT,
        time: time.to_owned(),
        kind: kind.into(),
        bucket: "logs".to_owned(),
        key: "k".to_owned(),
        etag: None,
        version_id: None,
        offset: 7,
        size: None,
        status: None,
        reason: reason.to_owned(),
        worker: "logferry".into(),
        index: index.map(str::to_owned),
        id: None,
        source: None,
    }
}
