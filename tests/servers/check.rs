/*! `check` against moto, which has notifications and policies, and OpenSearch: a right setup, then each thing
broken. */

use std::process::{Command, Stdio};

use aws_sdk_s3::types::NotificationConfiguration;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::support::{NODE, Stage, opensearch};
use crate::surroundings::{ACCOUNT, Surroundings, found, policy};

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
    s.set(&[(Name::VisibilityTimeout, "5")]).await;
    s.only_fault(
        "visibility",
        &[],
        &[],
        ("queue", "visibility", "set VisibilityTimeout to 30"),
    );
    s.set(&[
        (Name::VisibilityTimeout, "120"),
        (Name::MessageRetentionPeriod, "60"),
    ])
    .await;
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
    let names_other = "its statement FromS3 asks for aws:SourceArn ArnLike arn:aws:s3:::other";
    s.set(&[(Name::Policy, &policy("other", ACCOUNT))]).await;
    s.only_fault("policy", &[], &[], ("queue", "policy", names_other));
    s.set(&[(Name::Policy, &policy(&s.stage.bucket, "999999999999"))])
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
    s.set(&[(Name::Policy, "")]).await;
    s.only_fault(
        "no policy",
        &[],
        &[],
        ("queue", "policy", "\"Service\":\"s3.amazonaws.com\""),
    );
    s.set(&[(Name::KmsMasterKeyId, "alias/aws/sqs")]).await;
    s.only_fault("key", &[], &[], ("queue", "encryption", "take SSE-SQS"));
    s.set(&[(Name::KmsMasterKeyId, "")]).await;
    let dead = s.stage.sqs.delete_queue().queue_url(&s.stage.dead_url);
    dead.send().await.unwrap();
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
    s.notify(&s.dead_arn, "s3:ObjectCreated:*", "exports/")
        .await;
    s.only_fault(
        "another queue",
        &[],
        &[],
        ("bucket", "notification", "the bucket notifies"),
    );
    s.notify(&s.queue_arn, "s3:ObjectRemoved:*", "exports/")
        .await;
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

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn an_index_of_dead_letters_takes_the_test_object_and_loses_it() {
    let _node = NODE.read().await;
    let s = Surroundings::new("check-letters").await;
    let name = format!("{}-dead", s.stage.prefix);
    let (code, report) = s.check(&["--dead-letters", &format!("opensearch:{name}")], &[]);
    assert_eq!(code, Some(0), "{report:#}");
    let checked = found(&report, "ok").join("\n");
    assert!(
        checked.contains("a test object was written and removed"),
        "{checked}"
    );
    opensearch(Method::Post, &format!("/{name}/_refresh"), None).await;
    let count = opensearch(Method::Get, &format!("/{name}/_count"), None).await;
    assert_eq!(count["count"], 0);
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
