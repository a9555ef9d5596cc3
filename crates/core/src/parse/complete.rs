/*! A line of the platform and its record go in; whether the record holds all that the line says, and reports no
failure, comes out. */

use crate::parse::json::known_platform_event;
use crate::parse::record::{App, Kind, Record};
use crate::parse::text::known_platform_line;

/// Longest text that is asked about, in bytes. Lambda's own lines are shorter.
const LONGEST: usize = 1024;

/// Whether this is a line of the start, the end or the init of an invocation, and its record and its text are all that
/// there is to know of it. A line that reports a failure is none: searches for errors find its document.
pub fn is_complete(record: &Record<'_>, text: &str) -> bool {
    let is_of_invocation = matches!(
        record.kind,
        Kind::Start
            | Kind::End
            | Kind::Report
            | Kind::RuntimeDone
            | Kind::InitStart
            | Kind::InitReport
            | Kind::InitRuntimeDone
            | Kind::RestoreStart
            | Kind::RestoreReport
            | Kind::RestoreRuntimeDone
    );
    is_of_invocation
        && text.len() <= LONGEST
        && !reports_failure(record)
        && match &record.app {
            None => known_platform_line::is_known(text),
            Some(app) => is_as_written(app, text) && known_platform_event::is_known(text),
        }
}

fn is_as_written(app: &App<'_>, text: &str) -> bool {
    app.is_plain() && !app.is_repaired() && **app == *text
}

fn reports_failure(record: &Record<'_>) -> bool {
    let platform = record.platform.as_deref();
    record.error.is_some()
        || record.level.is_some()
        || platform.is_some_and(|platform| {
            let status = platform.status.as_deref();
            platform.error_type.is_some()
                || platform.timeout_seconds.is_some()
                || status.is_some_and(|status| status != "success")
        })
}
