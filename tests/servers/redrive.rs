/*! `dead-letters redrive` on real servers: the messages of the dead-letter queue are moved back. */

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::replay_letters::{command, json_of, letters};
use crate::support::{Stage, server};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_redrive_moves_messages_back_and_reports() {
    let stage = Stage::new("rl-redrive").await;
    let send = async |n: usize| {
        for i in 0..n {
            let sent = stage.sqs.send_message().queue_url(&stage.dead_url);
            sent.message_body(format!("m{i}")).send().await.unwrap();
        }
    };
    send(25).await;
    let planned = json_of(&stage, "", &["redrive", "--dry-run"]);
    assert_eq!(
        (&planned["moved"], &planned["left"]),
        (&json!(0), &json!(25)),
        "{planned}"
    );
    let moved = json_of(&stage, "", &["redrive"]);
    assert_eq!(
        (&moved["moved"], &moved["left"]),
        (&json!(25), &json!(0)),
        "{moved}"
    );
    assert_eq!(moved["status"], "completed");
    assert_eq!(stage.depth(&stage.queue_url).await.0, 25);
    let again = letters(&stage, "", &["redrive"]);
    assert!(
        again.code == Some(0) && again.out.contains("nothing to move"),
        "{}",
        again.out
    );

    // A slow task is cancelled by another process, and the first one says so.
    send(30).await;
    let slow = command(&stage)
        .args(["dead-letters", "redrive", "--rate", "1", "--json"])
        .args(["--queue-url", &stage.dead_url])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let cancelled = json_of(&stage, "", &["redrive", "--cancel"]);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["left"].as_u64().unwrap() > 0, "{cancelled}");
    let slow = slow.wait_with_output().unwrap();
    let slow: Value = serde_json::from_slice(&slow.stdout).unwrap();
    assert_eq!(slow["left"], cancelled["left"]);
    let none = letters(&stage, "", &["redrive", "--cancel"]);
    assert!(
        none.code == Some(1) && none.err.contains("no task is running"),
        "{}",
        none.err
    );

    let mut missing = command(&stage);
    missing.args(["dead-letters", "redrive", "--queue-url"]);
    let missing = missing
        .arg(format!("{}-none", stage.queue_url))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert_eq!(missing.status.code(), Some(1), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

/// moto has no tasks that move messages.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn without_tasks_messages_are_moved_by_hand() {
    let moto = server("LOGFERRY_TEST_MOTO");
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_sqs::config::Credentials::new(
            "test", "test", None, None, "test",
        ))
        .endpoint_url(&moto)
        .build();
    let sqs = aws_sdk_sqs::Client::from_conf(config);
    let name = format!("by-hand-{}", std::process::id());
    let create = |name: &str| sqs.create_queue().queue_name(name);
    let dead = create(&format!("{name}-dead"))
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let region = "us-east-1";
    let policy = json!({"deadLetterTargetArn": format!("arn:aws:sqs:{region}:123456789012:{name}-dead"), "maxReceiveCount": 3});
    let redrive_policy = aws_sdk_sqs::types::QueueAttributeName::RedrivePolicy;
    let queue = create(&name).attributes(redrive_policy, policy.to_string());
    let queue = queue.send().await.unwrap().queue_url.unwrap();
    for i in 0..25 {
        sqs.send_message()
            .queue_url(&dead)
            .message_body(format!("m{i}"))
            .send()
            .await
            .unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["dead-letters", "redrive", "--json", "--queue-url", &queue])
        .env("AWS_ENDPOINT_URL_SQS", &moto)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", region)
        .output()
        .unwrap();
    let moved: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(
        (&moved["moved"], &moved["left"]),
        (&json!(25), &json!(0)),
        "{moved}"
    );
}
