/*! What the key of an object says about the events in it. */

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::event::Origin;
use super::pattern::LogGroupPattern;
use super::stream;

/// An object's key, understood. A CloudWatch export writes `<prefix>/<task id>/<stream>/NNNNNN.gz`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// UUID of the export task.
    pub export_task_id: Option<String>,
    /// `NNNNNN` of the file's name, in an export.
    pub chunk: Option<u32>,
    /// Log stream, with its slashes where Lambda made the name.
    pub log_stream: Option<String>,
    /// What stands before the task id (or before the stream, if there is no task id), without the last slash; empty outside of exports.
    pub prefix: String,
    /// What a [`LogGroupPattern`] found in the prefix.
    pub log_group: Option<String>,
    /// Likewise.
    pub function_name: Option<String>,
    /// Likewise.
    pub account: Option<String>,
    /// Likewise.
    pub region: Option<String>,
    /// CloudWatch's probe whether it may write to the bucket: no log.
    pub is_write_test: bool,
}

impl KeyFacts {
    /// Reads a decoded key. The first pattern that matches the prefix counts.
    pub fn read(key: &str, patterns: &[LogGroupPattern]) -> Self {
        let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
        let mut facts = KeyFacts {
            is_write_test: name == "aws-logs-write-test",
            ..KeyFacts::default()
        };
        let Some(chunk) = chunk(name) else {
            // A chunk that someone saved under its stream's name.
            let stem = name.split_once(']').map_or(name, |(head, tail)| {
                &name[..head.len() + 1 + tail.find('.').unwrap_or(tail.len())]
            });
            let restored = stream::restore(&decoded(stem));
            if stream::parse(&restored).is_some() {
                facts.log_stream = Some(restored);
            }
            return facts;
        };
        let (rest, segment) = folder.rsplit_once('/').unwrap_or(("", folder));
        let (prefix, task) = rest.rsplit_once('/').unwrap_or(("", rest));
        let restored = stream::restore(&decoded(segment));
        let is_export = is_uuid(task) && !segment.is_empty();
        if !is_export && stream::parse(&restored).is_none() {
            return facts;
        }
        facts.chunk = Some(chunk);
        facts.log_stream = Some(restored);
        if is_export {
            facts.export_task_id = Some(task.to_owned());
            facts.prefix = prefix.to_owned();
        } else {
            facts.prefix = rest.to_owned();
        }
        if let Some(found) = patterns.iter().find_map(|p| p.find(&facts.prefix)) {
            facts.log_group = found.log_group;
            facts.function_name = found.function_name;
            facts.account = found.account;
            facts.region = found.region;
        }
        facts
    }

    /// Whether the key is one that an export makes.
    pub fn is_export(&self) -> bool {
        self.chunk.is_some()
    }

    /// What the key tells of where the object's events were logged.
    pub fn origin(&self) -> Origin {
        let mut origin = Origin {
            account: self.account.clone(),
            region: self.region.clone(),
            ..Origin::default()
        };
        if let Some(group) = &self.log_group {
            origin.set_group(group);
        }
        if let Some(function) = &self.function_name {
            origin.function_name = Some(function.clone());
        }
        if let Some(stream) = &self.log_stream {
            origin.set_stream(stream);
        }
        origin
    }
}

/// `NNNNNN.gz`; other endings and none are what is left after unpacking.
fn chunk(name: &str) -> Option<u32> {
    let (digits, ending) = name.split_once('.').unwrap_or((name, ""));
    let known = matches!(
        ending,
        "" | "gz" | "txt" | "log" | "zst" | "txt.gz" | "log.gz"
    );
    (known && digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// 8-4-4-4-12 hexadecimal digits, of any UUID version.
pub(crate) fn is_uuid(text: &str) -> bool {
    let Ok(mut digits) = <[u8; 36]>::try_from(text.as_bytes()) else {
        return false;
    };
    for dash in [8, 13, 18, 23] {
        if std::mem::replace(&mut digits[dash], b'0') != b'-' {
            return false;
        }
    }
    // Without a branch inside: the compiler makes vector instructions of it.
    let hex = |byte: u8| byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
    digits.iter().fold(true, |all, byte| all & hex(*byte))
}

/// A local copy of a bucket may keep `[$LATEST]` as `%5B%24LATEST%5D`.
fn decoded(segment: &str) -> Cow<'_, str> {
    if segment.contains("%5B") || segment.contains("%5b") {
        percent_decode_str(segment)
            .decode_utf8()
            .unwrap_or(Cow::Borrowed(segment))
    } else {
        Cow::Borrowed(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "248945c1-c71f-430b-ab6b-fd7c9a249ef9";

    fn read(key: &str) -> KeyFacts {
        KeyFacts::read(key, &[])
    }

    #[test]
    fn an_export_key() {
        let facts = read(&format!("a/b/{TASK}/2023-01-04-fn[3]072b/000017.gz"));
        assert_eq!(facts.export_task_id.as_deref(), Some(TASK));
        assert_eq!(facts.chunk, Some(17));
        assert_eq!(facts.log_stream.as_deref(), Some("2023/01/04/fn[3]072b"));
        assert_eq!(facts.prefix, "a/b");
        let origin = facts.origin();
        assert_eq!(origin.function_name.as_deref(), Some("fn"));
        assert_eq!(origin.function_version.as_deref(), Some("3"));
        assert_eq!(origin.stream_day, Some(19_361));
    }

    #[test]
    fn keys_of_other_kinds() {
        assert!(read("p/aws-logs-write-test").is_write_test);
        assert!(read("aws-logs-write-test").is_write_test);
        assert!(!read("p/aws-logs-write-test/x").is_write_test);
        assert_eq!(read(&format!("{TASK}/s/000000.gz")).prefix, "");
        assert_eq!(
            read(&format!("{TASK}/s/000000.gz")).log_stream.as_deref(),
            Some("s")
        );
        for other in [
            "",
            "/",
            "000000.gz",
            "s/000000.gz",
            "x/s/000000.gz",
            "p/2024/03/05/10/firehose-1-2024-03-05-10-00-00-abc",
        ] {
            assert_eq!(read(other), KeyFacts::default(), "{other}");
        }
        let plain = format!("p/{TASK}/s/notes.txt");
        assert!(!read(&plain).is_export());
    }

    #[test]
    fn a_copy_keeps_what_is_left() {
        let facts = read("copy/2023-01-04-%5B%24LATEST%5D072b/000000");
        assert_eq!(
            facts.log_stream.as_deref(),
            Some("2023/01/04/[$LATEST]072b")
        );
        assert_eq!((facts.prefix.as_str(), facts.chunk), ("copy", Some(0)));
        let facts = read("x/2023-01-04-[$LATEST]072b.log.gz");
        assert_eq!(
            facts.log_stream.as_deref(),
            Some("2023/01/04/[$LATEST]072b")
        );
        assert_eq!(facts.chunk, None);
    }
}
