/*! The answers of S3 about a bucket go in; findings about listing and reading come out. */

use crate::check::{Area, Finding};
use crate::source::OpenError;
use logferry_core::allow_list::BucketAllowList;

const AREA: Area = Area::Bucket;

/// Keys of a listing and the size of the largest object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub keys: Vec<String>,
    pub largest: u64,
}

/// The object that was opened, or a key that no object has.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'a> {
    pub bucket: &'a str,
    pub prefix: &'a str,
    /// `None`: there is no object yet.
    pub key: Option<&'a str>,
    /// The account that must own the bucket.
    pub owner: Option<&'a str>,
}

/// Whether messages may name the bucket.
pub fn allowed(bucket: &str, allowed: &BucketAllowList) -> Option<Finding> {
    (!allowed.allow(bucket)).then(|| {
        let text =
            "--allow-bucket does not name it: messages that do are left to the redrive policy";
        Finding::fault(AREA, "allowed", text).remedy(format!("add --allow-bucket {bucket}"))
    })
}

pub fn listed(seen: &Result<Seen, String>, prefix: &str) -> Finding {
    let below = match prefix {
        "" => String::new(),
        prefix => format!(" below {prefix}"),
    };
    match seen {
        Ok(Seen { keys, .. }) if keys.is_empty() => {
            Finding::ok(AREA, "list", format!("there is no object yet{below}"))
        }
        Ok(Seen { keys, largest }) => {
            let largest = bytesize::ByteSize(*largest).display().iec();
            let text = format!(
                "{} objects{below} were listed, the largest has {largest}",
                keys.len()
            );
            Finding::ok(AREA, "list", text)
        }
        Err(reason) => Finding::fault(AREA, "list", format!("cannot be listed{below}: {reason}")),
    }
}

/// The result of opening an object as the worker does.
pub fn read(opened: Opened<'_>, result: &Result<(), OpenError>) -> Finding {
    let check = "read";
    let Opened {
        bucket,
        prefix,
        key,
        owner,
    } = opened;
    match (result, key) {
        (Ok(()), _) => Finding::ok(
            AREA,
            check,
            format!("{} was opened", key.unwrap_or("an object")),
        ),
        (Err(OpenError::Gone | OpenError::Changed), None) => Finding::ok(
            AREA,
            check,
            "a key that no object has is answered as missing: s3:GetObject is allowed",
        ),
        (Err(OpenError::Gone | OpenError::Changed), Some(key)) => Finding::ok(
            AREA,
            check,
            format!("{key} was deleted meanwhile, and is answered as missing"),
        ),
        (Err(OpenError::Denied(reason)), _) => {
            let owner = owner.map_or(String::new(), |owner| {
                format!(", and see that account {owner} owns the bucket")
            });
            Finding::fault(AREA, check, format!("objects cannot be read ({reason})")).remedy(
                format!("allow s3:GetObject on arn:aws:s3:::{bucket}/{prefix}*{owner}"),
            )
        }
        (Err(OpenError::Other(error)), key)
            if error.code.as_deref() == Some("InvalidObjectState") =>
        {
            let key = key.unwrap_or("an object");
            Finding::warning(AREA, check, format!("{key} is archived ({})", error.reason))
                .remedy("archive objects only after the worker has read them")
        }
        (Err(OpenError::Other(error)), _) => {
            let fault = Finding::fault(
                AREA,
                check,
                format!("objects cannot be read ({})", error.reason),
            );
            match error.reason.to_ascii_lowercase().contains("kms") {
                true => fault.remedy(
                    "allow kms:Decrypt on the key of the bucket, and see that the key is enabled",
                ),
                false => fault.remedy("see that S3 can be reached"),
            }
        }
    }
}

/// Checks that need a listing.
pub fn not_listed() -> Finding {
    Finding::not_checked(AREA, "read", "the bucket cannot be listed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use crate::error_class::ErrorClass;
    use crate::source::StoreError;

    fn opened(key: Option<&str>) -> Opened<'_> {
        Opened {
            bucket: "logs",
            prefix: "exports/",
            key,
            owner: Some("111111111111"),
        }
    }

    fn other(code: &str, reason: &str) -> OpenError {
        OpenError::Other(StoreError {
            class: ErrorClass::Retryable,
            status: None,
            code: Some(code.to_owned()),
            reason: reason.to_owned(),
        })
    }

    #[test]
    fn a_refusal_names_the_permission() {
        let denied = || OpenError::Denied("AccessDenied: Access Denied".to_owned());
        for (key, result, outcome, word) in [
            (Some("k"), Ok(()), Outcome::Ok, "k was opened"),
            (
                None,
                Err(OpenError::Gone),
                Outcome::Ok,
                "s3:GetObject is allowed",
            ),
            (
                None,
                Err(denied()),
                Outcome::Fault,
                "allow s3:GetObject on arn:aws:s3:::logs/exports/*, and see that account 111111111111",
            ),
            (Some("k"), Err(denied()), Outcome::Fault, "AccessDenied"),
            (
                Some("k"),
                Err(other("KMS.DisabledException", "KMS.DisabledException: off")),
                Outcome::Fault,
                "kms:Decrypt",
            ),
            (
                Some("k"),
                Err(other("InvalidObjectState", "archived (GLACIER)")),
                Outcome::Warning,
                "archive objects only",
            ),
            (
                Some("k"),
                Err(other("", "no answer in time")),
                Outcome::Fault,
                "can be reached",
            ),
        ] {
            let found = read(opened(key), &result);
            assert_eq!(found.outcome, outcome, "{result:?}");
            let text = found.sentence();
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_bucket_that_messages_may_not_name_is_a_fault() {
        let list = BucketAllowList::new(vec!["logs-*".to_owned()]);
        assert_eq!(allowed("logs-eu", &list), None);
        let found = allowed("other", &list).unwrap();
        assert_eq!(found.remedy.as_deref(), Some("add --allow-bucket other"));
    }
}
