/*! A queue, a dead-letter queue and a bucket in moto, joined as they must be, and `check` over them. */

use std::collections::HashMap;
use std::process::{Command, Stdio};

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::support::{Stage, server};

/// Queue, dead-letter queue and bucket in moto, joined as docs/getting-logs-to-s3.md says.
pub struct Surroundings {
    pub stage: Stage,
    pub queue_arn: String,
    pub dead_arn: String,
    pub letters: tempfile::TempDir,
}

pub const ACCOUNT: &str = "123456789012";
const LONGEST: &str = "1209600";

/// A policy that lets a bucket of an account send.
pub fn policy(bucket: &str, account: &str) -> String {
    let condition = json!({
        "ArnLike": {"aws:SourceArn": format!("arn:aws:s3:::{bucket}")},
        "StringEquals": {"aws:SourceAccount": account},
    });
    let statement = json!({
        "Sid": "FromS3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition,
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

impl Surroundings {
    pub async fn new(name: &str) -> Self {
        let stage = Stage::at(name, "LOGFERRY_TEST_MOTO", "LOGFERRY_TEST_MOTO").await;
        let arn = |url: &str| {
            format!(
                "arn:aws:sqs:us-east-1:{ACCOUNT}:{}",
                url.rsplit('/').next().unwrap()
            )
        };
        let new = Self {
            queue_arn: arn(&stage.queue_url),
            dead_arn: arn(&stage.dead_url),
            stage,
            letters: tempfile::tempdir().unwrap(),
        };
        let longest = (
            QueueAttributeName::MessageRetentionPeriod,
            LONGEST.to_owned(),
        );
        new.set_on(&new.stage.dead_url, HashMap::from([longest]))
            .await;
        new.mend().await;
        let set_up = new.command("setup").output().unwrap();
        assert!(
            set_up.status.success(),
            "{}",
            String::from_utf8_lossy(&set_up.stderr)
        );
        new
    }

    async fn set_on(&self, url: &str, attributes: HashMap<QueueAttributeName, String>) {
        let set = self.stage.sqs.set_queue_attributes().queue_url(url);
        let set = set.set_attributes(Some(attributes)).send().await;
        set.expect("attributes");
    }

    /// The queue as it must be, but for these attributes. All are set together: moto forgets the policy otherwise.
    pub async fn set(&self, changed: &[(QueueAttributeName, &str)]) {
        use QueueAttributeName as Name;
        let redrive = json!({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 20});
        let mut attributes = HashMap::from([
            (Name::VisibilityTimeout, "60".to_owned()),
            (Name::MessageRetentionPeriod, "345600".to_owned()),
            (Name::Policy, policy(&self.stage.bucket, ACCOUNT)),
            (Name::RedrivePolicy, redrive.to_string()),
        ]);
        for (name, value) in changed {
            attributes.insert(name.clone(), (*value).to_owned());
        }
        self.set_on(&self.stage.queue_url, attributes).await;
    }

    pub async fn notify(&self, arn: &str, event: &str, prefix: &str) {
        let rule = FilterRule::builder()
            .name(FilterRuleName::Prefix)
            .value(prefix)
            .build();
        let key = S3KeyFilter::builder().filter_rules(rule).build();
        let queue = QueueConfiguration::builder()
            .queue_arn(arn)
            .events(Event::from(event))
            .filter(NotificationConfigurationFilter::builder().key(key).build())
            .build()
            .unwrap();
        self.put_notification(
            NotificationConfiguration::builder()
                .queue_configurations(queue)
                .build(),
        )
        .await;
    }

    pub async fn put_notification(&self, configuration: NotificationConfiguration) {
        let put = self.stage.s3.put_bucket_notification_configuration();
        let put = put
            .bucket(&self.stage.bucket)
            .notification_configuration(configuration);
        put.send().await.expect("notification");
    }

    /// Everything as it must be.
    pub async fn mend(&self) {
        self.set(&[]).await;
        self.notify(&self.queue_arn, "s3:ObjectCreated:*", "exports/")
            .await;
    }

    fn command(&self, name: &str) -> Command {
        let stage = &self.stage;
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .arg(name)
            .env("LOGFERRY_QUEUE_URL", &stage.queue_url)
            .env("LOGFERRY_OPENSEARCH_URL", &stage.index_url)
            .env("LOGFERRY_INDEX_PREFIX", &stage.prefix)
            .env("LOGFERRY_ALLOW_BUCKET", &stage.bucket)
            .env(
                "LOGFERRY_DEAD_LETTERS",
                format!("file://{}", self.letters.path().display()),
            )
            .env("AWS_ENDPOINT_URL", server("LOGFERRY_TEST_MOTO"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null());
        command
    }

    /// Exit code and report.
    pub fn check(&self, flags: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Value) {
        let mut command = self.command("check");
        let output = command
            .arg("--json")
            .args(flags)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let report = serde_json::from_str(&text);
        let report = report
            .unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), report)
    }

    /// The only fault: area, check, and a word of its sentence.
    pub fn only_fault(
        &self,
        what: &str,
        flags: &[&str],
        variables: &[(&str, &str)],
        fault: (&str, &str, &str),
    ) {
        let (code, report) = self.check(flags, variables);
        let faults = found(&report, "fault");
        assert_eq!(faults.len(), 1, "{what}: {faults:#?}");
        let (area, check, word) = fault;
        let sentence = &faults[0];
        assert!(
            sentence.starts_with(&format!("{area}/{check}:")),
            "{what}: {sentence}"
        );
        assert!(sentence.contains(word), "{what}: {sentence}");
        assert_eq!(code, Some(1), "{what}");
    }
}

/// `area/check: text: remedy` of each finding with this outcome.
pub fn found(report: &Value, outcome: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let of_outcome = findings.filter(|finding| finding["outcome"] == outcome);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of_outcome
        .map(|f| {
            format!(
                "{}/{}: {}: {}",
                text(&f["area"]),
                text(&f["check"]),
                text(&f["text"]),
                text(&f["remedy"])
            )
        })
        .collect()
}
