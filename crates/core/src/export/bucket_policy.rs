/*! The bucket's policy goes in; the permissions of CloudWatch Logs that it lacks come out. And the policy to add. */

use serde_json::{Value, json};

use crate::export::Destination;

/// What CloudWatch Logs needs of the bucket's policy.
#[derive(Debug, Clone)]
pub struct BucketPolicy<'a> {
    pub destination: &'a Destination,
    pub account: &'a str,
    pub region: &'a str,
}

const GET_ACL: &str = "s3:GetBucketAcl";
const PUT: &str = "s3:PutObject";

impl BucketPolicy<'_> {
    /// The policy, indented. Statements of other services have to stay in the bucket's policy.
    pub fn write(&self) -> String {
        let (account, region) = (self.account, self.region);
        let partition = self.partition();
        let arns = json!([format!(
            "arn:{partition}:logs:{region}:{account}:log-group:*"
        )]);
        let statement = |sid: &str, action: &str, resource: String| {
            json!({
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": self.service()},
                "Action": action,
                "Resource": resource,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": [account]},
                    "ArnLike": {"aws:SourceArn": arns},
                },
            })
        };
        let mut put = statement("LogferryExportPut", PUT, self.objects());
        put["Condition"]["StringEquals"]["s3:x-amz-acl"] = json!("bucket-owner-full-control");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [statement("LogferryExportAcl", GET_ACL, self.bucket()), put],
        });
        format!("{policy:#}")
    }

    /// The permissions that no statement of the bucket's policy allows. Conditions and denials are not evaluated.
    pub fn missing(&self, policy: &str) -> Vec<String> {
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = each(&policy["Statement"]);
        let allows = |action: &str, resource: &str| {
            statements.iter().any(|statement| {
                let services = each(&statement["Principal"]["Service"]);
                let is_service = services.iter().any(|service| {
                    let service = service.as_str().unwrap_or_default();
                    service == self.service() || service == "logs.amazonaws.com"
                });
                let is_anyone =
                    statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
                statement["Effect"] == "Allow"
                    && (is_service || is_anyone)
                    && each(&statement["Action"])
                        .iter()
                        .any(|a| is_like(a, action))
                    && each(&statement["Resource"])
                        .iter()
                        .any(|r| is_like(r, resource))
            })
        };
        let needed = [(GET_ACL, self.bucket()), (PUT, self.objects())];
        let missing = needed
            .into_iter()
            .filter(|(action, resource)| !allows(action, resource));
        missing
            .map(|(action, resource)| format!("{action} on {resource} for {}", self.service()))
            .collect()
    }

    fn service(&self) -> String {
        format!("logs.{}.amazonaws.com", self.region)
    }

    fn partition(&self) -> &'static str {
        match self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            region if region.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        }
    }

    fn bucket(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition(), self.destination.bucket)
    }

    fn objects(&self) -> String {
        let prefix = &self.destination.prefix;
        let objects = format!("{}/{prefix}/logferry/*", self.bucket());
        objects.replace("//", "/")
    }
}

/// A policy writes one value alone or in a list.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

/// Whether a value with `*` covers a text, in which a `*` stands for any text too.
fn is_like(value: &Value, text: &str) -> bool {
    let Some(pattern) = value.as_str() else {
        return false;
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = pattern.contains('*').then(|| parts.next_back()).flatten() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(prefix: &str) -> Destination {
        Destination {
            bucket: "my-logs".to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    fn policy<'a>(destination: &'a Destination) -> BucketPolicy<'a> {
        BucketPolicy {
            destination,
            account: "123456789012",
            region: "eu-central-1",
        }
    }

    #[test]
    fn the_printed_policy_lacks_nothing() {
        for prefix in ["", "exports"] {
            let destination = destination(prefix);
            let policy = policy(&destination);
            assert_eq!(policy.missing(&policy.write()), Vec::<String>::new());
        }
        insta::assert_snapshot!(policy(&destination("exports")).write());
    }

    #[test]
    fn what_a_policy_lacks_is_named() {
        let destination = destination("exports");
        let policy = policy(&destination);
        let both = ["s3:GetBucketAcl on", "s3:PutObject on"];
        for (text, missing) in [
            ("", &both[..]),
            ("{}", &both),
            (r#"{"Statement": []}"#, &both),
            (
                r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": ["x", "logs.eu-central-1.amazonaws.com"]},
                    "Action": "s3:*", "Resource": ["arn:aws:s3:::my-logs", "arn:aws:s3:::my-logs/*"]}}"#,
                &[],
            ),
            (
                r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:Get*", "s3:PutObject"],
                    "Resource": "arn:aws:s3:::my-logs*"}]}"#,
                &[],
            ),
            (
                r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
                    "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                    "Resource": ["arn:aws:s3:::my-logs", "arn:aws:s3:::my-logs/others/*"]}]}"#,
                &both[1..],
            ),
            (
                r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
                    "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}"#,
                &both,
            ),
        ] {
            let found = policy.missing(text);
            assert_eq!(found.len(), missing.len(), "{text}: {found:?}");
            for (found, missing) in found.iter().zip(missing) {
                assert!(found.starts_with(missing), "{text}: {found}");
            }
        }
    }
}
