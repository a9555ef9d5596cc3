/*! `check` against moto, which has notifications and policies, and OpenSearch: a right setup, then each thing broken. */

use std::collections::HashMap;
use std::process::{Command, Stdio};

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter,
};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{NODE, Stage, opensearch, server};

/// Queue, dead-letter queue and bucket in moto, joined as docs/getting-logs-to-s3.md says.
struct Surroundings {
    stage: Stage,
    queue_arn: String,
    dead_arn: String,
    letters: tempfile::TempDir,
}

const ACCOUNT: &str = "123456789012";
const LONGEST: &str = "1209600";

/// A policy that lets a bucket of an account send.
fn policy(bucket: &str, account: &str) -> String {
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
    async fn new(name: &str) -> Self {
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
        new.set_on(
            &new.stage.dead_url,
            QueueAttributeName::MessageRetentionPeriod,
            LONGEST,
        )
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

    async fn set_on(&self, url: &str, name: QueueAttributeName, value: &str) {
        let attributes = HashMap::from([(name, value.to_owned())]);
        let set = self.stage.sqs.set_queue_attributes().queue_url(url);
        set.set_attributes(Some(attributes))
            .send()
            .await
            .expect("attributes");
    }

    async fn set(&self, name: QueueAttributeName, value: &str) {
        self.set_on(&self.stage.queue_url, name, value).await;
    }

    async fn redrive_to(&self, arn: &str) {
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 20});
        self.set(QueueAttributeName::RedrivePolicy, &policy.to_string())
            .await;
    }

    async fn notify(&self, arn: &str, event: &str, prefix: &str) {
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

    async fn put_notification(&self, configuration: NotificationConfiguration) {
        let put = self.stage.s3.put_bucket_notification_configuration();
        let put = put
            .bucket(&self.stage.bucket)
            .notification_configuration(configuration);
        put.send().await.expect("notification");
    }

    /// Everything as it must be.
    async fn mend(&self) {
        self.set(QueueAttributeName::VisibilityTimeout, "60").await;
        self.set(QueueAttributeName::MessageRetentionPeriod, "345600")
            .await;
        self.set(
            QueueAttributeName::Policy,
            &policy(&self.stage.bucket, ACCOUNT),
        )
        .await;
        self.redrive_to(&self.dead_arn).await;
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
    fn check(&self, flags: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Value) {
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
    fn only_fault(
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
fn found(report: &Value, outcome: &str) -> Vec<String> {
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

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_right_setup_has_no_fault_and_no_message_is_touched() {
    let _node = NODE.read().await;
    let right = Surroundings::new("check").await;
    right
        .stage
        .put("exports/fn/000000.gz", b"log".to_vec())
        .await;
    let before = right.stage.depth(&right.stage.queue_url).await;
    let (code, report) = right.check(&[], &[]);
    assert_eq!(found(&report, "fault"), Vec::<String>::new());
    // The disk of the machine is no part of the setup.
    let warnings = found(&report, "warning");
    let warnings: Vec<_> = warnings
        .iter()
        .filter(|w| !w.starts_with("opensearch/disk"))
        .collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    assert_eq!(code, Some(0));
    let checked = found(&report, "ok").join("\n");
    for name in [
        "queue/policy",
        "queue/dead-letter queue",
        "bucket/read",
        "bucket/notification",
        "opensearch/write",
        "dead_letters/write",
    ] {
        assert!(checked.contains(name), "{name}: {checked}");
    }
    assert_eq!(
        std::fs::read_dir(right.letters.path()).unwrap().count(),
        0,
        "the test object is removed"
    );
    assert_eq!(right.stage.depth(&right.stage.queue_url).await, before);
    let received = (right.stage.sqs.receive_message())
        .queue_url(&right.stage.queue_url)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
        .send()
        .await
        .unwrap();
    for message in received.messages() {
        let attributes = message.attributes().unwrap();
        assert_eq!(
            attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
            "1"
        );
    }
    let today = jiff::Timestamp::now().strftime("%Y.%m.%d");
    let index = format!("/{}-logs-{today}", right.stage.prefix);
    assert_eq!(
        opensearch(Method::Get, &index, None).await["status"],
        404,
        "no index is made"
    );
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_is_wrong_with_the_queue_is_the_only_fault() {
    let _node = NODE.read().await;
    let s = Surroundings::new("check-queue").await;
    use QueueAttributeName as Name;
    s.set(Name::VisibilityTimeout, "5").await;
    s.only_fault(
        "visibility",
        &[],
        &[],
        ("queue", "visibility", "set VisibilityTimeout to 30"),
    );
    s.set(Name::VisibilityTimeout, "120").await;
    s.set(Name::MessageRetentionPeriod, "60").await;
    s.only_fault(
        "retention",
        &[],
        &[],
        (
            "queue",
            "retention",
            "set MessageRetentionPeriod to 1209600",
        ),
    );
    s.mend().await;
    s.set(Name::Policy, &policy("other", ACCOUNT)).await;
    s.only_fault(
        "policy",
        &[],
        &[],
        (
            "queue",
            "policy",
            "its statement FromS3 asks for aws:SourceArn ArnLike arn:aws:s3:::other",
        ),
    );
    s.set(Name::Policy, &policy(&s.stage.bucket, "999999999999"))
        .await;
    s.only_fault(
        "account",
        &[],
        &[],
        (
            "queue",
            "policy",
            "aws:SourceAccount StringEquals 999999999999",
        ),
    );
    s.set(Name::Policy, "").await;
    s.only_fault(
        "no policy",
        &[],
        &[],
        ("queue", "policy", "\"Service\":\"s3.amazonaws.com\""),
    );
    s.mend().await;
    s.set(Name::KmsMasterKeyId, "alias/aws/sqs").await;
    s.only_fault("key", &[], &[], ("queue", "encryption", "take SSE-SQS"));
    s.set(Name::KmsMasterKeyId, "").await;
    s.mend().await;
    s.stage
        .sqs
        .delete_queue()
        .queue_url(&s.stage.dead_url)
        .send()
        .await
        .unwrap();
    s.only_fault(
        "dead",
        &[],
        &[],
        ("queue", "dead-letter queue", "make it, or name another"),
    );
    let nowhere = format!("{}-nowhere", s.stage.queue_url);
    s.only_fault(
        "queue",
        &["--queue-url", &nowhere],
        &[],
        ("queue", "reachable", "check --queue-url"),
    );
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_is_wrong_with_the_bucket_is_the_only_fault() {
    let _node = NODE.read().await;
    let s = Surroundings::new("check-bucket").await;
    s.put_notification(NotificationConfiguration::builder().build())
        .await;
    s.only_fault(
        "nobody",
        &[],
        &[],
        (
            "bucket",
            "notification",
            &format!("add a queue configuration with {}", s.queue_arn),
        ),
    );
    s.notify(&s.dead_arn, "s3:ObjectCreated:*", "").await;
    s.only_fault(
        "another queue",
        &[],
        &[],
        ("bucket", "notification", "the bucket notifies"),
    );
    s.notify(&s.queue_arn, "s3:ObjectRemoved:*", "").await;
    s.only_fault(
        "removals",
        &[],
        &[],
        ("bucket", "notification", "add s3:ObjectCreated:*"),
    );
    s.mend().await;
    let app = format!("{}/app/", s.stage.bucket);
    s.only_fault(
        "another prefix",
        &["--bucket", &app],
        &[],
        (
            "bucket",
            "notification",
            "give the notification the prefix app/",
        ),
    );
    let missing = [
        "--bucket",
        "logferry-no-such-bucket",
        "--allow-bucket",
        "logferry-*",
    ];
    s.only_fault(
        "missing",
        &missing,
        &[],
        ("bucket", "list", "there is no such bucket"),
    );
    let not_allowed = ["--bucket", &s.stage.bucket, "--allow-bucket", "another"];
    s.only_fault(
        "not allowed",
        &not_allowed,
        &[],
        ("bucket", "allowed", "add --allow-bucket"),
    );
    let store = ["--dead-letters", "s3://logferry-no-such-bucket/dead"];
    s.only_fault(
        "dead letters",
        &store,
        &[],
        ("dead_letters", "write", "allow s3:PutObject"),
    );
    let store = format!("s3://{}/exports/dead", s.stage.bucket);
    let (code, report) = s.check(&["--dead-letters", &store], &[]);
    assert_eq!(code, Some(0));
    assert!(
        found(&report, "warning")
            .iter()
            .any(|w| w.starts_with("dead_letters/place")),
        "{report:#}"
    );
    let (strict, _) = s.check(&["--dead-letters", &store, "--strict"], &[]);
    assert_eq!(strict, Some(1), "a warning is a fault");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn what_is_wrong_with_opensearch_is_the_only_fault() {
    let _node = NODE.write().await;
    let s = Surroundings::new("check-opensearch").await;
    let prefix = &s.stage.prefix;
    let other = format!("{prefix}x");
    s.only_fault(
        "templates",
        &["--index-prefix", &other],
        &[],
        ("opensearch", "templates", "run `logferry setup` once"),
    );
    let (code, report) = s.check(&["--index-prefix", &other, "--setup"], &[]);
    assert_eq!(
        (code, found(&report, "fault").len()),
        (Some(0), 0),
        "{report:#}"
    );
    let nobody = [("LOGFERRY_OPENSEARCH_URL", "http://127.0.0.1:9")];
    s.only_fault(
        "down",
        &[],
        &nobody,
        (
            "opensearch",
            "reachable",
            "nothing listens at http://127.0.0.1:9",
        ),
    );

    let setting = |value: Value| json!({"persistent": {"action.auto_create_index": value}});
    opensearch(
        Method::Put,
        "/_cluster/settings",
        Some(setting(json!("false"))),
    )
    .await;
    let closed = s.check(&[], &[]);
    opensearch(
        Method::Put,
        "/_cluster/settings",
        Some(setting(Value::Null)),
    )
    .await;
    let faults = found(&closed.1, "fault");
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(
        faults[0].starts_with("opensearch/auto-create") && faults[0].contains("set it to"),
        "{faults:#?}"
    );

    let today = jiff::Timestamp::now().strftime("%Y.%m.%d");
    let index = format!("/{prefix}-logs-{today}");
    opensearch(Method::Put, &index, None).await;
    let (code, report) = s.check(&[], &[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert!(
        found(&report, "ok")
            .iter()
            .any(|f| f.contains("takes documents")),
        "{report:#}"
    );
    let block = format!("{index}/_settings");
    opensearch(
        Method::Put,
        &block,
        Some(json!({"index.blocks.write": true})),
    )
    .await;
    s.only_fault("block", &[], &[], ("opensearch", "write", "lift the block"));
    opensearch(Method::Delete, &index, None).await;
}

/// ElasticMQ and the S3 server have neither policies nor notifications: they are not judged.
#[tokio::test]
#[ignore = "needs servers: make test"]
async fn emulators_without_notifications_are_no_fault() {
    let _node = NODE.read().await;
    let stage = Stage::new("check-emulators").await;
    stage.put("exports/fn/000000.gz", b"log".to_vec()).await;
    let letters = format!("s3://{}/dead", stage.bucket);
    let mut check = Command::new(env!("CARGO_BIN_EXE_logferry"));
    check
        .args([
            "check",
            "--json",
            "--allow-bucket",
            &stage.bucket,
            "--dead-letters",
            &letters,
        ])
        .stdin(Stdio::null());
    let worker = stage.worker();
    let variables = worker.get_envs();
    check.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    let output = check.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found(&report, "fault"), Vec::<String>::new());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        found(&report, "not_checked")
            .iter()
            .filter(|f| f.starts_with("credentials"))
            .count(),
        1
    );
    let listed = stage
        .s3
        .list_objects_v2()
        .bucket(&stage.bucket)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.contents().len(), 1, "the test object is removed");
}
