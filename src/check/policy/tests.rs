use super::*;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:111111111111:q";

fn s3(account: Option<&str>) -> Sender {
    Sender {
        service: "s3.amazonaws.com".to_owned(),
        source: Source::Arn("arn:aws:s3:::logs".to_owned()),
        account: account.map(str::to_owned),
    }
}

fn verdict(statements: &str, sender: &Sender) -> PolicyVerdict {
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    judge(&Policy::parse(&policy).unwrap(), sender, QUEUE)
}

/// A statement that lets S3 send under this condition.
fn under(condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"s3.amazonaws.com"}},"Action":"sqs:SendMessage","Resource":"{QUEUE}","Condition":{condition}}}"#
    )
}

const SAFE: PolicyVerdict = PolicyVerdict::Allowed { open: false };
const OPEN: PolicyVerdict = PolicyVerdict::Allowed { open: true };

#[test]
fn conditions_on_the_source() {
    let owner = s3(Some("111111111111"));
    for (condition, allowed) in [
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#, true),
        (
            r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:*:*:logs"}}"#,
            true,
        ),
        (
            r#"{"ArnLike":{"aws:sourcearn":["arn:aws:s3:::a","arn:aws:s3:::lo*"]}}"#,
            true,
        ),
        (
            r#"{"StringEquals":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#,
            true,
        ),
        (
            r#"{"StringLike":{"aws:SourceArn":"arn:aws:s3:::l?gs"}}"#,
            true,
        ),
        (
            r#"{"StringEquals":{"aws:SourceArn":"arn:aws:s3:::lo*"}}"#,
            false,
        ),
        (
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs/*"}}"#,
            false,
        ),
        (
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}"#,
            false,
        ),
        (
            r#"{"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
            true,
        ),
        (
            r#"{"StringEquals":{"aws:SourceAccount":"222222222222"}}"#,
            false,
        ),
        (
            r#"{"StringEquals":{"aws:SourceAccount":["222222222222","111111111111"]}}"#,
            true,
        ),
        (
            r#"{"StringEquals":{"aws:SourceAccount":"111111111111"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}"#,
            false,
        ),
        (
            r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#,
            true,
        ),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, false),
        (
            r#"{"Bool":{"aws:SecureTransport":"true"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#,
            true,
        ),
        (
            r#"{"Bool":{"aws:SecureTransport":true},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#,
            true,
        ),
        (
            r#"{"Null":{"aws:SourceArn":"false"},"ForAnyValue:ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#,
            true,
        ),
    ] {
        let found = verdict(&under(condition), &owner);
        match allowed {
            true => assert_eq!(found, SAFE, "{condition}"),
            false => assert!(
                matches!(found, PolicyVerdict::NotAllowed(Some(_))),
                "{condition}: {found:?}"
            ),
        }
    }
}

#[test]
fn what_is_not_known_is_not_decided() {
    for condition in [
        r#"{"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
        r#"{"StringEquals":{"aws:SourceOrgID":"o-1"}}"#,
        r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#,
    ] {
        let found = verdict(&under(condition), &s3(None));
        assert!(
            matches!(found, PolicyVerdict::Unclear(_)),
            "{condition}: {found:?}"
        );
    }
}

#[test]
fn principals_actions_and_resources() {
    let sender = s3(Some("111111111111"));
    let of = |principal: &str, action: &str, resource: &str| {
        verdict(
            &format!(
                r#"{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":{resource},
                "Condition":{{"ArnLike":{{"aws:SourceArn":"arn:aws:s3:::logs"}}}}}}"#
            ),
            &sender,
        )
    };
    let (service, send, here) = (
        r#"{"Service":"s3.amazonaws.com"}"#,
        r#""sqs:SendMessage""#,
        r#""arn:aws:sqs:eu-central-1:111111111111:q""#,
    );
    for (principal, action, resource) in [
        (service, send, here),
        (r#""*""#, r#""SQS:*""#, r#""*""#),
        (
            r#"{"AWS":"*"}"#,
            r#"["sqs:ReceiveMessage","sqs:send*"]"#,
            r#"["arn:aws:sqs:*:*:q"]"#,
        ),
        (
            r#"{"Service":["sns.amazonaws.com","s3.amazonaws.com"]}"#,
            r#""*""#,
            here,
        ),
    ] {
        assert_eq!(
            of(principal, action, resource),
            SAFE,
            "{principal} {action} {resource}"
        );
    }
    for (principal, action, resource, near) in [
        (r#"{"Service":"sns.amazonaws.com"}"#, send, here, None),
        (
            r#"{"AWS":"arn:aws:iam::111111111111:root"}"#,
            send,
            here,
            None,
        ),
        (
            service,
            r#""sqs:ReceiveMessage""#,
            here,
            Some("a statement of it allows sqs:ReceiveMessage only"),
        ),
        (
            service,
            send,
            r#""arn:aws:sqs:eu-central-1:111111111111:p""#,
            Some("a statement of it is about arn:aws:sqs:eu-central-1:111111111111:p"),
        ),
    ] {
        let near = near.map(str::to_owned);
        assert_eq!(
            of(principal, action, resource),
            PolicyVerdict::NotAllowed(near),
            "{principal} {action}"
        );
    }
}

#[test]
fn a_statement_that_denies_wins_if_it_is_about_the_sender() {
    let sender = s3(Some("111111111111"));
    let allow = under(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}"#);
    for (deny, expected) in [
        (
            r#"{"Sid":"Closed","Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}"#,
            PolicyVerdict::Denied("its statement Closed".to_owned()),
        ),
        // The usual statements of organisations.
        (
            r#"{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
            SAFE,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#,
            SAFE,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","NotAction":"sqs:SendMessage","Resource":"*"}"#,
            SAFE,
        ),
        (
            r#"{"Effect":"Deny","NotPrincipal":{"Service":"s3.amazonaws.com"},"Action":"sqs:*","Resource":"*"}"#,
            SAFE,
        ),
        (
            r#"{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnNotLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}}"#,
            SAFE,
        ),
    ] {
        assert_eq!(
            verdict(&format!("{allow},{deny}"), &sender),
            expected,
            "{deny}"
        );
    }
    let unknown = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceOrgID":"o-1"}}}"#;
    let found = verdict(&format!("{allow},{unknown}"), &sender);
    assert!(matches!(found, PolicyVerdict::Unclear(_)), "{found:?}");
}

#[test]
fn a_policy_without_a_limit_on_the_source_is_open() {
    let sender = s3(Some("111111111111"));
    for (condition, expected) in [
        ("{}", OPEN),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}"#, OPEN),
        (
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"},"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
            SAFE,
        ),
        (
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs*"}}"#,
            SAFE,
        ),
    ] {
        assert_eq!(verdict(&under(condition), &sender), expected, "{condition}");
    }
}

#[test]
fn a_rule_of_event_bridge_is_not_known_by_name() {
    let sender = Sender {
        service: "events.amazonaws.com".to_owned(),
        source: Source::Begins("arn:aws:events:".to_owned()),
        account: Some("111111111111".to_owned()),
    };
    let of = |arn: &str| {
        verdict(
            &format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"events.amazonaws.com"}},"Action":"sqs:SendMessage","Resource":"*","Condition":{{"ArnEquals":{{"aws:SourceArn":"{arn}"}}}}}}"#
            ),
            &sender,
        )
    };
    assert_eq!(
        of("arn:aws:events:eu-central-1:111111111111:rule/logs"),
        SAFE
    );
    assert!(matches!(
        of("arn:aws:s3:::logs"),
        PolicyVerdict::NotAllowed(_)
    ));
}

#[test]
fn a_document_that_is_no_policy_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"Statement":[{}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Condition":[]}]}"#,
    ] {
        assert!(Policy::parse(text).is_err(), "{text}");
    }
}
