/*! The answer of STS about the caller goes in; a finding comes out. */

use crate::check::{Area, Finding};
use crate::source::identity::{Identity, Unidentified};

pub fn judge(identity: &Result<Identity, Unidentified>) -> Finding {
    let (area, check) = (Area::Credentials, "identity");
    match identity {
        Ok(Identity { arn, account }) => {
            Finding::ok(area, check, format!("{arn} (account {account})"))
        }
        Err(Unidentified::NoRegion) => Finding::fault(area, check, "there is no AWS region")
            .remedy("set AWS_REGION to the queue's region"),
        Err(Unidentified::Missing(reason)) => Finding::fault(area, check, reason).remedy(
            "give the worker a role (EKS: IRSA or Pod Identity; ECS: a task role), a profile, or AWS_ACCESS_KEY_ID with \
             AWS_SECRET_ACCESS_KEY",
        ),
        Err(Unidentified::Refused(reason)) => {
            Finding::fault(area, check, format!("AWS refuses the credentials ({reason})"))
                .remedy("renew them, or give others")
        }
        Err(Unidentified::Emulated) => Finding::not_checked(
            area,
            check,
            "the endpoint of SQS is not AWS's, and STS has none of its own (AWS_ENDPOINT_URL_STS)",
        ),
        Err(Unidentified::Unanswered(reason)) => Finding::warning(
            area,
            check,
            format!("STS cannot be asked who this is ({reason}); the checks below use the credentials all the same"),
        )
        .remedy("let the network reach STS (in a VPC: an endpoint for it) to see the identity; the worker does not need it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn only_missing_and_refused_credentials_are_faults() {
        let reason = || "r".to_owned();
        for (identity, outcome) in [
            (
                Ok(Identity {
                    arn: "arn:aws:sts::1:assumed-role/logferry/i".to_owned(),
                    account: "1".to_owned(),
                }),
                Outcome::Ok,
            ),
            (Err(Unidentified::NoRegion), Outcome::Fault),
            (Err(Unidentified::Missing(reason())), Outcome::Fault),
            (Err(Unidentified::Refused(reason())), Outcome::Fault),
            (Err(Unidentified::Unanswered(reason())), Outcome::Warning),
            (Err(Unidentified::Emulated), Outcome::NotChecked),
        ] {
            assert_eq!(judge(&identity).outcome, outcome, "{identity:?}");
        }
    }
}
