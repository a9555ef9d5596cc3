/*! Names of log streams: what Lambda puts into them. */

use super::event::Origin;
use super::time::date;

/// A stream's name as Lambda makes it: `YYYY/MM/DD/[version]environment` or, in a group that the function was given, `YYYY/MM/DD/function[version]environment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamName<'a> {
    /// Days since 1970-01-01 of the date, on which the execution environment started.
    pub day: i32,
    /// The date as it is written: `YYYY/MM/DD`.
    pub date: &'a str,
    /// Function name, where the name has one.
    pub function_name: Option<&'a str>,
    /// `$LATEST` or a number.
    pub version: &'a str,
    /// Identifies the execution environment: 32 hexadecimal digits.
    pub environment_id: &'a str,
}

/// Reads a stream's name; none if Lambda did not make it.
pub fn parse(name: &str) -> Option<StreamName<'_>> {
    read(name, b'/')
}

/// The name of a stream as an export's key has it, where slashes became dashes: `2023-01-04-[$LATEST]072b…` → `2023/01/04/[$LATEST]072b…`. A
/// name that Lambda did not make stays as it is, for which of its dashes were slashes cannot be known.
pub fn restore(segment: &str) -> String {
    match read(segment, b'-') {
        Some(_) => format!(
            "{}/{}/{}/{}",
            &segment[..4],
            &segment[5..7],
            &segment[8..10],
            &segment[11..]
        ),
        None => segment.to_owned(),
    }
}

fn read(name: &str, between: u8) -> Option<StreamName<'_>> {
    let day = date(name.as_bytes(), between)?;
    if name.as_bytes().get(10) != Some(&between) {
        return None;
    }
    let (function, rest) = name[11..].split_once('[')?;
    let (version, environment_id) = rest.split_once(']')?;
    if version != "$LATEST" && (version.is_empty() || !version.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if !plain(function) || !plain(environment_id) || environment_id.is_empty() {
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

/// The function that logs to a group by default: `/aws/lambda/<name>`, at the edge `/aws/lambda/us-east-1.<name>`.
pub fn function_of_group(group: &str) -> Option<&str> {
    let name = group.strip_prefix("/aws/lambda/")?;
    let name = name.rsplit('.').next().unwrap_or(name);
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

impl Origin {
    /// Sets the group, and the function that its name tells.
    pub(super) fn set_group(&mut self, group: &str) {
        self.log_group = Some(group.to_owned());
        if let Some(function) = function_of_group(group) {
            self.function_name = Some(function.to_owned());
        }
    }

    /// Sets the stream, and what its name tells.
    pub(super) fn set_stream(&mut self, stream: &str) {
        self.log_stream = Some(stream.to_owned());
        if let Some(name) = parse(stream) {
            if let Some(function) = name.function_name {
                self.function_name = Some(function.to_owned());
            }
            self.function_version = Some(name.version.to_owned());
            self.stream_day = Some(name.day);
        }
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
    fn functions_of_groups() {
        assert_eq!(function_of_group("/aws/lambda/checkout"), Some("checkout"));
        assert_eq!(
            function_of_group("/aws/lambda/us-east-1.checkout"),
            Some("checkout")
        );
        assert_eq!(function_of_group("/aws/lambda/"), None);
        assert_eq!(function_of_group("/aws/codebuild/x"), None);
    }
}
