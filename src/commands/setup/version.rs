/*! The version of an index goes in; the reason why logferry cannot use it comes out. Pure. */

use crate::sink::opensearch::SERVERLESS;

/// The reason why an index of this version (`opensearch 3.4.0`) cannot be used; `None` if it can.
pub(crate) fn unsupported(version: &str) -> Option<String> {
    if version == SERVERLESS {
        return None;
    }
    let (distribution, number) = version.split_once(' ').unwrap_or((version, ""));
    let wanted = "logferry needs OpenSearch 2.19 or newer";
    if distribution != "opensearch" {
        return Some(format!("this is {distribution} {number}: {wanted}"));
    }
    let mut parts = number.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        return Some(format!(
            "this OpenSearch calls its version {number:?}: {wanted}"
        ));
    };
    match (major, minor) {
        (7, 10) => Some(format!(
            "this OpenSearch calls itself {number}: switch compatibility.override_main_response_version off, so that it tells its version; {wanted}"
        )),
        (major, minor) if (major, minor) < (2, 19) => {
            Some(format!("this is OpenSearch {number}: {wanted}"))
        }
        _ => None,
    }
}

/// Whether the version is newer than all tested versions.
pub(crate) fn untested(version: &str) -> bool {
    let number = version.strip_prefix("opensearch ").unwrap_or_default();
    let major = number.split('.').next().and_then(|m| m.parse::<u32>().ok());
    major.is_some_and(|major| major > 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_2_19_on() {
        for good in [
            "opensearch 2.19.0",
            "opensearch 2.19.4",
            "opensearch 2.20.0",
            "opensearch 3.0.0-alpha1",
            "opensearch 3.4.0",
            "opensearch 4.0.0",
            SERVERLESS,
        ] {
            assert_eq!(unsupported(good), None);
            assert_eq!(untested(good), good.contains(" 4"));
        }
        let all = [
            "opensearch 1.3.20",
            "opensearch 2.9.0",
            "opensearch 2.18.0",
            "opensearch 7.10.2",
            "elasticsearch 8.11.1",
            "opensearch x",
        ]
        .map(|version| unsupported(version).unwrap());
        insta::assert_snapshot!(all.join("\n"));
    }
}
