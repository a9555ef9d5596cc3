/*! The key of an object goes in; its statements come out: log group, log stream, function, export task. */

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::decode::event::Origin;
use crate::decode::export_prefix::ExportPrefix;
use crate::decode::log_group;
use crate::decode::log_group_pattern::{LogGroupPattern, group_name};
use crate::decode::log_stream;
use crate::time::calendar::day_of_date;
use crate::uuid::is_uuid;

/// What an object's key states. A CloudWatch export writes `<prefix>/<task id>/<stream>/NNNNNN.gz`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// UUID of the export task.
    pub export_task_id: Option<String>,
    /// `NNNNNN` of the file's name, if an export wrote it.
    pub chunk: Option<u32>,
    /// Log stream. If Lambda made the name, it has slashes, also where the key has dashes.
    pub log_stream: Option<String>,
    /// The part before the task id (before the stream, if there is no task id), without its last slash; empty for keys
    /// that no export wrote.
    pub prefix: String,
    /// Log group, if `logferry export` chose the prefix or a [`LogGroupPattern`] matches it.
    pub log_group: Option<String>,
    /// Function name, from the pattern.
    pub function_name: Option<String>,
    /// AWS account id, from the prefix or the pattern.
    pub account: Option<String>,
    /// AWS region, from the prefix or the pattern.
    pub region: Option<String>,
    /// Whether the object is CloudWatch's probe for its permission to write to the bucket, and not a log.
    pub is_write_test: bool,
    /// Whether the object is of the local copy of a Web Function's log group, by a pattern or by the prefix itself.
    pub is_local_copy: bool,
}

impl KeyInfo {
    /// Reads a key (URL-decoded). A prefix of `logferry export` needs no pattern; else the first pattern that matches
    /// the prefix applies.
    pub fn read(key: &str, patterns: &[LogGroupPattern]) -> Self {
        let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
        let mut info = KeyInfo {
            is_write_test: name == "aws-logs-write-test",
            ..KeyInfo::default()
        };
        let Some(chunk) = chunk(name) else {
            // A copy may have its stream's name as its file name.
            let name = decoded(name);
            let behind = name.find(']').map_or(0, |bracket| bracket + 1);
            let stem = name[behind..].split('.').next().unwrap_or_default();
            let stem = &name[..behind + stem.len()];
            info.log_stream = lambda_stream(folder, stem).map(|(stream, _)| stream);
            return info;
        };
        let (parent, segment) = folder.rsplit_once('/').unwrap_or(("", folder));
        let lambda_name = lambda_stream(parent, segment);
        let rest = lambda_name.as_ref().map_or(parent, |(_, before)| before);
        let (prefix, task) = rest.rsplit_once('/').unwrap_or(("", rest));
        let is_export = is_uuid(task) && !segment.is_empty();
        if !is_export && lambda_name.is_none() {
            return info;
        }
        info.chunk = Some(chunk);
        info.log_stream = Some(match lambda_name {
            Some((stream, _)) => stream,
            None => log_stream::restore(&decoded(segment)),
        });
        if is_export {
            info.export_task_id = Some(task.to_owned());
            info.prefix = prefix.to_owned();
        } else {
            info.prefix = rest.to_owned();
        }
        info.is_local_copy = is_local_copy(&info.prefix);
        if let Some(exported) = ExportPrefix::read(&info.prefix) {
            let group = exported.log_group();
            let (account, region) = (exported.account.to_owned(), exported.region.to_owned());
            info.is_local_copy = is_local_copy(&group);
            (info.account, info.region) = (Some(account), Some(region));
            info.log_group = Some(group);
        } else if let Some(found) = patterns.iter().find_map(|p| p.find(&info.prefix)) {
            info.is_local_copy = found.log_group.as_deref().is_some_and(is_local_copy);
            info.log_group = found.log_group;
            info.function_name = found.function_name;
            info.account = found.account;
            info.region = found.region;
        }
        info
    }

    /// Whether the key has the form of an export's keys.
    pub fn is_export(&self) -> bool {
        self.chunk.is_some()
    }

    /// Whether events of export text in the object are identified by stream, time and text, in whatever bucket and key.
    pub fn tells_stream(&self) -> bool {
        self.is_export()
            || self
                .log_stream
                .as_deref()
                .is_some_and(log_stream::is_unique)
    }

    /// Where the object's events were logged, as far as the key states it. Account and region in the names of group and
    /// stream are the source's; those of a pattern may be a central account's.
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

/// Whether `text`, a log group or the prefix of a key, ends with the name of a local copy of a Web Function's group.
fn is_local_copy(text: &str) -> bool {
    let last = || text.rsplit('/').next().unwrap_or(text);
    log_group::read(text).is_local_copy || log_group::read(&group_name(last())).is_local_copy
}

/// The stream that Lambda named, if its name ends with `segment` in `folder`, and the folder before the name. The name
/// has dashes, as exports write them, or slashes; then it begins three folders above.
fn lambda_stream<'a>(folder: &'a str, segment: &str) -> Option<(String, &'a str)> {
    let segment = decoded(segment);
    let restored = log_stream::restore(&segment);
    if log_stream::parse(&restored).is_some() {
        return Some((restored, folder));
    }
    let date = (folder.rmatch_indices('/').nth(2)).map_or(0, |(slash, _)| slash + 1);
    let name = format!("{}/{segment}", &folder[date..]);
    log_stream::parse(&name)?;
    Some((name, &folder[..date.saturating_sub(1)]))
}

/// The last date in a key, in days since 1970-01-01: `2026-11-27`, `2026/11/27`, `20261127` or
/// `year=2026/month=11/day=27`.
pub(crate) fn date_in(key: &str) -> Option<i32> {
    let key = key.as_bytes();
    (0..key.len()).rev().find_map(|at| {
        let begins = at == 0 || !key[at - 1].is_ascii_alphanumeric();
        begins.then(|| date_at(&key[at..])).flatten()
    })
}

fn date_at(text: &[u8]) -> Option<i32> {
    const BETWEEN: [(&[u8], &[u8]); 6] = [
        (b"-", b"-"),
        (b"/", b"/"),
        (b"_", b"_"),
        (b".", b"."),
        (b"", b""),
        (b"/month=", b"/day="),
    ];
    BETWEEN.iter().find_map(|(first, second)| {
        let (year, rest) = number(text, 4)?;
        let (month, rest) = number(rest.strip_prefix(*first)?, 2)?;
        let (day, rest) = number(rest.strip_prefix(*second)?, 2)?;
        let ends = !rest.first().is_some_and(u8::is_ascii_digit);
        ends.then(|| day_of_date(year, month, day)).flatten()
    })
}

/// The number of exactly `digits` digits at the start of `text`, and the rest behind it.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let number = number.iter().try_fold(0, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        Some(number * 10 + digit)
    })?;
    Some((number, rest))
}

/// The number in a file name `NNNNNN.gz`. An unpacked copy has another ending or none.
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

/// The segment, percent-decoded if it has an encoded bracket: a local copy of a bucket may keep `[$LATEST]` as
/// `%5B%24LATEST%5D`.
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

    fn read(key: &str) -> KeyInfo {
        KeyInfo::read(key, &[])
    }

    #[test]
    fn an_export_key() {
        let info = read(&format!("a/b/{TASK}/2023-01-04-fn[3]072b/000017.gz"));
        assert_eq!(info.export_task_id.as_deref(), Some(TASK));
        assert_eq!(info.chunk, Some(17));
        assert_eq!(info.log_stream.as_deref(), Some("2023/01/04/fn[3]072b"));
        assert_eq!(info.prefix, "a/b");
        let origin = info.origin();
        assert_eq!(origin.function_name.as_deref(), Some("fn"));
        assert_eq!(origin.function_version.as_deref(), Some("3"));
        assert_eq!(origin.stream_day, Some(19_361));
    }

    #[test]
    fn an_alias_in_the_stream_of_an_export_does_not_hide_the_function() {
        let id = "0123456789abcdef0123456789abcdef";
        for (name, version) in [
            (format!("orders[prod]{id}"), "prod"),
            (format!("orders[$LATEST][{id}]"), "$LATEST"),
            (format!("orders%5Bprod%5D{id}"), "prod"),
        ] {
            let origin = read(&format!("p/{TASK}/2026-11-27-{name}/000000.gz")).origin();
            assert_eq!(origin.function_name.as_deref(), Some("orders"), "{name}");
            assert_eq!(origin.function_version.as_deref(), Some(version), "{name}");
            assert!(origin.stream_day.is_some(), "{name}");
        }
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
            assert_eq!(read(other), KeyInfo::default(), "{other}");
        }
        let plain = format!("p/{TASK}/s/notes.txt");
        assert!(!read(&plain).is_export());
    }

    #[test]
    fn an_exported_central_group_names_the_source() {
        let patterns = ["{account}/{region}/{log_group}".parse().unwrap()];
        let id = "0123456789abcdef0123456789abcdef";
        let stream = format!("2026-09-16-[$LATEST]{id}-123456789012-us-east-1");
        let key = format!("999999999999/eu-west-1/central/{TASK}/{stream}/000000.gz");
        let origin = KeyInfo::read(&key, &patterns).origin();
        assert_eq!(origin.account.as_deref(), Some("123456789012"));
        assert_eq!(origin.region.as_deref(), Some("us-east-1"));
        assert_eq!(origin.log_group.as_deref(), Some("central"));
        let patterns = ["exports/{log_group}".parse().unwrap()];
        let key = format!("exports/123456789012/us-east-1/aws/lambda/f/{TASK}/s/000000.gz");
        let origin = KeyInfo::read(&key, &patterns).origin();
        assert_eq!(origin.account.as_deref(), Some("123456789012"));
        assert_eq!(origin.region.as_deref(), Some("us-east-1"));
        assert_eq!(origin.function_name.as_deref(), Some("f"));
    }

    #[test]
    fn local_copies_are_recognised_with_a_pattern_and_without() {
        let read = |prefix: &str, patterns: &[LogGroupPattern]| {
            let key = format!("{prefix}/{TASK}/2026-09-16-[$LATEST]072b/000000.gz");
            KeyInfo::read(&key, patterns).is_local_copy
        };
        let pattern = ["exports/{log_group}/*".parse().unwrap()];
        for prefix in [
            "exports/aws/lambda/web/x.local",
            "exports//aws/lambda/web/x.local",
            "exports/aws-lambda-web-x.local",
            "%2Faws%2Flambda%2Fweb%2Fx.local",
        ] {
            assert!(read(prefix, &[]), "{prefix}");
        }
        assert!(read("exports/aws-lambda-web-x.local/2026", &pattern));
        assert!(!read("exports/aws-lambda-web-x/2026", &pattern));
        for prefix in [
            "exports/aws/lambda/web/x",
            "exports/x.local",
            "exports/aws/lambda/x.local",
            "exports/aws/lambda/web/x.local/more",
            "",
        ] {
            assert!(!read(prefix, &[]), "{prefix}");
        }
    }

    #[test]
    fn a_prefix_of_logferry_export_needs_no_pattern() {
        let greedy = ["{log_group}".parse().unwrap()];
        let base = "a/b/logferry/123456789012/eu-central-1";
        for patterns in [&[][..], &greedy] {
            let key =
                format!("{base}/!aws!lambda!orders/{TASK}/2026-11-27-[$LATEST]072b/000000.gz");
            let info = KeyInfo::read(&key, patterns);
            assert_eq!(info.prefix, format!("{base}/!aws!lambda!orders"));
            assert!(!info.is_local_copy);
            let origin = info.origin();
            assert_eq!(origin.account.as_deref(), Some("123456789012"));
            assert_eq!(origin.region.as_deref(), Some("eu-central-1"));
            assert_eq!(origin.log_group.as_deref(), Some("/aws/lambda/orders"));
            assert_eq!(origin.function_name.as_deref(), Some("orders"));
        }
        let local = read(&format!(
            "{base}/!aws!lambda!web!x.local/{TASK}/s/000000.gz"
        ));
        assert!(local.is_local_copy);
        let central = "210987654321!us-east-1!aws!lambda!orders";
        let origin = read(&format!("{base}/{central}/{TASK}/s/000000.gz")).origin();
        assert_eq!(
            origin.account.as_deref(),
            Some("210987654321"),
            "the source's"
        );
        assert_eq!(origin.function_name.as_deref(), Some("orders"));
        let other = read(&format!(
            "logferry/{TASK}/2026-11-27-[$LATEST]072b/000000.gz"
        ));
        assert_eq!((other.log_group, other.account), (None, None));
    }

    #[test]
    fn the_stream_of_an_event_source_mapping_has_its_slashes_back() {
        let mapping = "0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6";
        let info = read(&format!("a/b/{TASK}/2026-01-30-{mapping}/000000.gz"));
        assert_eq!(info.log_stream, Some(format!("2026/01/30/{mapping}")));
        assert_eq!(info.prefix, "a/b");
        // Without an export task the key may be any.
        let other = format!("a/2026-01-30-{mapping}/000000.gz");
        assert_eq!(read(&other), KeyInfo::default());
    }

    #[test]
    fn a_copy_keeps_what_is_left() {
        let info = read("copy/2023-01-04-%5B%24LATEST%5D072b/000000");
        assert_eq!(info.log_stream.as_deref(), Some("2023/01/04/[$LATEST]072b"));
        assert_eq!((info.prefix.as_str(), info.chunk), ("copy", Some(0)));
        for key in [
            "copy/2023/01/04/[$LATEST]072b/000000.gz",
            "copy/2023/01/04/%5B%24LATEST%5D072b/000000",
        ] {
            let info = read(key);
            assert_eq!(info.log_stream.as_deref(), Some("2023/01/04/[$LATEST]072b"));
            assert_eq!((info.prefix.as_str(), info.chunk), ("copy", Some(0)));
        }
        let info = read(&format!("p/{TASK}/2023/01/04/f[1]072b/000001.gz"));
        assert_eq!(info.log_stream.as_deref(), Some("2023/01/04/f[1]072b"));
        assert_eq!(info.export_task_id.as_deref(), Some(TASK));
        assert_eq!((info.prefix.as_str(), info.chunk), ("p", Some(1)));
        for key in [
            "2023/01/04/[$LATEST]072b/000000.gz",
            "2023/01/04/[$LATEST]072b.log",
            "a/2023/01/04/[$LATEST]072b.gz",
        ] {
            let info = read(key);
            let stream = info.log_stream.as_deref();
            assert_eq!(stream, Some("2023/01/04/[$LATEST]072b"), "{key}");
            assert_eq!(info.prefix, "", "{key}");
        }
        let info = read("x/2023-01-04-[$LATEST]072b.log.gz");
        assert_eq!(info.log_stream.as_deref(), Some("2023/01/04/[$LATEST]072b"));
        assert_eq!(info.chunk, None);
    }

    #[test]
    fn a_key_tells_the_stream_of_an_export_or_one_that_is_unique_by_itself() {
        let id = "0123456789abcdef0123456789abcdef";
        for key in [
            format!("p/{TASK}/s/000000.gz"),
            "copy/2023-01-04-[1]072b/000000.gz".to_owned(),
            format!("copy/2023-01-04-[1]{id}.log"),
            format!("copy/2023/01/04/f[prod]{id}.txt.gz"),
        ] {
            assert!(read(&key).tells_stream(), "{key}");
        }
        for key in ["copy/2023-01-04-[1]072b.log", "s/000000.gz", "app.log"] {
            assert!(!read(key).tells_stream(), "{key}");
        }
    }

    #[test]
    fn the_last_date_in_a_key_counts() {
        let day = day_of_date(2026, 11, 27);
        for key in [
            "firehose/2026/11/27/13/x",
            "a/2020/01/01/13/firehose-1-2026-11-27-13-00-01-6b0c",
            "2026-11-27",
            "app-2026-11-27.log.1",
            "app_2026_11_27_1.log",
            "app.2026.11.27.log",
            "x/20261127T1305Z.log",
            "x/20261127.gz",
            "year=2026/month=11/day=27/hour=1/x.gz",
            "dt=2026-11-27/x.gz",
            "exports/2020-01-01/2026-11-27-[$LATEST]3f9c/000002.gz",
        ] {
            assert_eq!(date_in(key), day, "{key}");
        }
        for key in [
            "",
            "2026",
            "2026-13-27",
            "2026-11/27",
            "2026-11-271",
            "x2026-11-27",
            "120261127",
            "202611270",
            "year=2026/day=27",
            "größe/2026-1é-27",
        ] {
            assert_eq!(date_in(key), None, "{key}");
        }
    }
}
