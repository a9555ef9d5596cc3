/*! The name of a log stream goes in; date, function, version and execution environment come out, if Lambda named the
stream. */

use crate::decode::event::Origin;
use crate::decode::log_group;
use crate::decode::log_group::{is_account, is_region};
use crate::time::iso8601::leading_date;
use crate::uuid::{UUID_LEN, is_uuid};

/// A stream's name as Lambda makes it: `YYYY/MM/DD/[version]environment` or, in a log group that the function's
/// configuration names, `YYYY/MM/DD/function[version]environment`. AWS documents `…[version][environment]` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamName<'a> {
    /// The day on which the execution environment started, in days since 1970-01-01.
    pub day: i32,
    /// The date as text: `YYYY/MM/DD`.
    pub date: &'a str,
    /// Function name, if the stream's name has one.
    pub function_name: Option<&'a str>,
    /// `$LATEST`, a number or an alias; `$LATEST.PUBLISHED` on Lambda Managed Instances.
    pub version: &'a str,
    /// Id of the execution environment: 32 hexadecimal digits, followed by `-<account>-<region>` in a centralised
    /// group.
    pub environment_id: &'a str,
}

impl StreamName<'_> {
    /// Whether the name is globally unique: it contains 128 random bits.
    pub fn is_unique(&self) -> bool {
        is_environment(self.environment_id)
    }
}

/// Whether Lambda made the name and it is globally unique.
pub fn is_unique(name: &str) -> bool {
    parse(name).is_some_and(|name| name.is_unique())
}

/// Reads a stream's name; `None` if Lambda did not make it.
pub fn parse(name: &str) -> Option<StreamName<'_>> {
    read(name, b'/')
}

/// Restores the slashes in the name of a stream as an export's key has it, with dashes:
/// `2023-01-04-[$LATEST]072b…` → `2023/01/04/[$LATEST]072b…`, and likewise for the stream of an event source
/// mapping. Any other name is returned unchanged, because its dashes may be its own.
pub fn restore(segment: &str) -> String {
    if read(segment, b'-').is_none() && !is_of_event_source_mapping(segment, b'-') {
        return segment.to_owned();
    }
    format!(
        "{}/{}/{}/{}",
        &segment[..4],
        &segment[5..7],
        &segment[8..10],
        &segment[11..]
    )
}

/// A stream that CloudWatch copied from another account or region: `<original>-<account>-<region>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedStream<'a> {
    /// The name of the stream that was copied.
    pub original: &'a str,
    pub account: &'a str,
    pub region: &'a str,
}

impl<'a> CopiedStream<'a> {
    /// The parts of a copied stream's name; `None` for other names. Only Lambda's streams are recognised, because other
    /// streams may have such an end of their own.
    pub fn of(name: &'a str) -> Option<CopiedStream<'a>> {
        let copied = split_copied(name)?;
        let is_known = read(copied.original, b'/').is_some()
            || is_of_event_source_mapping(copied.original, b'/');
        is_known.then_some(copied)
    }
}

/// The name of the stream that was copied, or `name` itself if it is no copy.
pub fn original_of(name: &str) -> &str {
    CopiedStream::of(name).map_or(name, |copied| copied.original)
}

/// Splits a name that ends with an account and a region.
fn split_copied(name: &str) -> Option<CopiedStream<'_>> {
    // A region ends with a dash and a digit; nearly all names do not.
    let [.., b'-', b'0'..=b'9'] = name.as_bytes() else {
        return None;
    };
    name.rmatch_indices('-').find_map(|(dash, _)| {
        let (account, region) = name[dash + 1..].split_once('-')?;
        (is_account(account) && is_region(region)).then_some(CopiedStream {
            original: &name[..dash],
            account,
            region,
        })
    })
}

/// Whether this is the stream of an event source mapping, to which the poller of a topic logs, or a copy of it:
/// `YYYY/MM/DD/<id of the mapping>`, with `between` for the slashes.
fn is_of_event_source_mapping(name: &str, between: u8) -> bool {
    let name = split_copied(name).map_or(name, |copied| copied.original);
    leading_date(name.as_bytes(), between).is_some()
        && name.as_bytes().get(10) == Some(&between)
        && is_mapping(&name[11..])
}

/// Whether `text` is the id of an event source mapping: a UUID, which AWS's example writes without its last digit.
fn is_mapping(text: &str) -> bool {
    is_uuid(text) || text.len() == UUID_LEN - 1 && is_uuid(&format!("{text}0"))
}

fn read(name: &str, between: u8) -> Option<StreamName<'_>> {
    let day = leading_date(name.as_bytes(), between)?;
    if name.as_bytes().get(10) != Some(&between) {
        return None;
    }
    let (function, rest) = name[11..].split_once('[')?;
    let (version, rest) = rest.split_once(']')?;
    let (environment_id, suffix) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => (rest, ""),
    };
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if !plain(function) || !plain(environment_id) || environment_id.is_empty() || !plain(suffix) {
        return None;
    }
    // Other streams' names may have a word in brackets. The word is an alias only before an environment's id.
    let is_alias = || !version.contains('.') && plain(version) && is_environment(environment_id);
    let is_number = version.bytes().all(|b| b.is_ascii_digit());
    let is_latest = matches!(version, "$LATEST" | "$LATEST.PUBLISHED");
    if version.is_empty() || !(is_latest || is_number || is_alias()) {
        return None;
    }
    Some(StreamName {
        day,
        date: &name[..10],
        function_name: Some(function).filter(|name| !name.is_empty()),
        version,
        environment_id,
    })
}

/// Whether an id begins with 32 hexadecimal digits, with or without a UUID's dashes, and ends there or continues with a
/// dash.
fn is_environment(id: &str) -> bool {
    let begins = |len: usize, is_id: fn(&str) -> bool| {
        id.split_at_checked(len)
            .is_some_and(|(head, rest)| is_id(head) && (rest.is_empty() || rest.starts_with('-')))
    };
    begins(32, |head| head.bytes().all(|b| b.is_ascii_hexdigit())) || begins(36, is_uuid)
}

impl Origin {
    /// Sets the log group, and the function, account and region if the group's name states them.
    pub(crate) fn set_group(&mut self, group: &str) {
        self.log_group = Some(group.to_owned());
        let name = log_group::read(group);
        set(&mut self.function_name, name.function);
        set(&mut self.account, name.account);
        set(&mut self.region, name.region);
    }

    /// Sets the log stream, and the function, version, day, account and region if the stream's name states them.
    pub(crate) fn set_stream(&mut self, stream: &str) {
        self.log_stream = Some(stream.to_owned());
        if let Some(copy) = CopiedStream::of(stream) {
            set(&mut self.account, Some(copy.account));
            set(&mut self.region, Some(copy.region));
        }
        if let Some(name) = parse(stream) {
            if let Some(function) = name.function_name {
                self.function_name = Some(function.to_owned());
            }
            self.function_version = Some(name.version.to_owned());
            self.stream_day = Some(name.day);
        }
    }
}

/// Replaces a value if there is a new one.
fn set(value: &mut Option<String>, new: Option<&str>) {
    if let Some(new) = new {
        *value = Some(new.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_name() {
        let name = parse("2024/03/05/apcStackMonitor[$LATEST]6e6762b029cb4f7d8963c3206226deac");
        assert_eq!(
            name,
            Some(StreamName {
                day: 19_787,
                date: "2024/03/05",
                function_name: Some("apcStackMonitor"),
                version: "$LATEST",
                environment_id: "6e6762b029cb4f7d8963c3206226deac",
            })
        );
        assert_eq!(
            parse("2023/07/05/[56]374c").map(|name| (name.function_name, name.version)),
            Some((None, "56"))
        );
        for other in [
            "",
            "2023/07/05",
            "2023/07/05/",
            "2023/13/05/[1]a",
            "2023-07-05-[1]a",
            "2023/07/05/[]a",
            "2023/07/05/[1]",
            "2023/07/05/[beta]a",
            "2023/07/05/a b[1]c",
            "2023/07/05/[1]c d",
            "x2023/07/05/[1]c",
            "é023/07/05/[1]c",
            "2023/07/05é[1]c",
            "i-093aecf17bf771f5c",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn an_alias_stands_where_the_version_does() {
        let id = "0123456789abcdef0123456789ABCDEF";
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        for (name, version) in [
            (format!("2026/11/27/orders[prod]{id}"), "prod"),
            (format!("2026/11/27/orders[blue_1-b]{id}"), "blue_1-b"),
            (format!("2026/11/27/orders[7]{id}"), "7"),
            (
                format!("2026/11/27/orders[$LATEST.PUBLISHED]{id}"),
                "$LATEST.PUBLISHED",
            ),
            (format!("2026/11/27/orders[$LATEST][{id}]"), "$LATEST"),
            (format!("2026/11/27/orders[$LATEST][{uuid}]"), "$LATEST"),
            (format!("2026/11/27/orders[prod][{uuid}]"), "prod"),
            (
                format!("2026/11/27/orders[prod]{id}-123456789012-eu-central-1"),
                "prod",
            ),
        ] {
            let read = parse(&name).unwrap();
            assert_eq!(
                (read.function_name, read.version),
                (Some("orders"), version),
                "{name}"
            );
            assert!(read.is_unique(), "{name}");
            let exported = name.replacen('/', "-", 3);
            assert_eq!(restore(&exported), name);
        }
        for other in [
            "2026/11/27/orders[prod]web-1".to_owned(),
            format!("2026/11/27/orders[a b]{id}"),
            format!("2026/11/27/orders[$HEAD]{id}"),
            format!("2026/11/27/orders[a.b]{id}"),
            format!("2026/11/27/orders[]{id}"),
            format!("2026/11/27/orders[prod][{id}"),
            format!("2026/11/27/orders[prod]{id}0"),
            format!("2026/11/27/orders[prod]{}", &id[1..]),
        ] {
            assert_eq!(parse(&other), None, "{other}");
        }
    }

    #[test]
    fn only_a_whole_environment_id_makes_a_name_unique() {
        let id = "0123456789abcdef0123456789abcdef";
        for name in [
            format!("2026/11/27/[$LATEST]{id}"),
            format!("2026/11/27/[$LATEST]{id}-123456789012-eu-central-1"),
            format!("2026/11/27/f[12]{id}"),
        ] {
            assert!(is_unique(&name), "{name}");
        }
        for name in [
            "2026/11/27/[$LATEST]072b".to_owned(),
            format!("2026/11/27/[$LATEST]{id}0"),
            format!("2026/11/27/[$LATEST]g{}", &id[1..]),
            id.to_owned(),
            "i-093aecf17bf771f5c".to_owned(),
        ] {
            assert!(!is_unique(&name), "{name}");
        }
    }

    #[test]
    fn slashes_come_back() {
        assert_eq!(
            restore("2023-01-04-[$LATEST]072b"),
            "2023/01/04/[$LATEST]072b"
        );
        assert_eq!(
            restore("2023-01-04-my-fn_2[7]072b"),
            "2023/01/04/my-fn_2[7]072b"
        );
        assert_eq!(restore("i-093aecf17bf771f5c"), "i-093aecf17bf771f5c");
        assert_eq!(restore("2023-01-04"), "2023-01-04");
    }

    #[test]
    fn a_copied_stream_names_its_source() {
        let id = "0123456789abcdef0123456789abcdef";
        let poller = "2026/11/27/12345678-1234-1234-1234-123456789012";
        for original in [
            format!("2026/11/27/[$LATEST]{id}"),
            format!("2026/11/27/orders[7]{id}"),
            format!("2026/11/27/[$LATEST][{id}]"),
            "2026/11/27/[$LATEST]072b".to_owned(),
            poller.to_owned(),
        ] {
            for region in ["us-east-1", "us-gov-west-1", "eusc-de-east-1"] {
                let name = format!("{original}-123456789012-{region}");
                let expected = CopiedStream {
                    original: &original,
                    account: "123456789012",
                    region,
                };
                assert_eq!(CopiedStream::of(&name), Some(expected), "{name}");
                assert_eq!(original_of(&name), original, "{name}");
            }
            assert_eq!(CopiedStream::of(&original), None, "{original}");
            assert_eq!(original_of(&original), original);
        }
        for other in [
            format!("2026/11/27/[$LATEST]{id}-12345678901-us-east-1"),
            format!("2026/11/27/[$LATEST]{id}-123456789012"),
            format!("2026/11/27/[$LATEST]{id}-123456789012-us-east"),
            "build-123456789012-us-east-1".to_owned(),
        ] {
            assert_eq!(CopiedStream::of(&other), None, "{other}");
            assert_eq!(original_of(&other), other);
        }
    }

    #[test]
    fn streams_of_event_source_mappings_have_their_slashes_back() {
        for (segment, name) in [
            (
                "2020-01-01-12345678-1234-1234-1234-12345678901",
                "2020/01/01/12345678-1234-1234-1234-12345678901",
            ),
            (
                "2026-11-27-0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6",
                "2026/11/27/0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6",
            ),
            (
                "2026-11-27-0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6-123456789012-eu-west-1",
                "2026/11/27/0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6-123456789012-eu-west-1",
            ),
        ] {
            assert_eq!(restore(segment), name);
            assert_eq!(restore(name), name);
        }
        for other in [
            "2026-11-27-0193a1b2",
            "2026-13-27-0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6",
            "2026-11-27-0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6-x",
            "0193a1b2-c3d4-75e6-8f90-a1b2c3d4e5f6",
        ] {
            assert_eq!(restore(other), other);
        }
    }
}
