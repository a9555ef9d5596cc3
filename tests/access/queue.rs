/*! Refusals by SQS: the worker names the missing permission, or waits. The built binary runs against stubs. */

use std::time::{Duration, Instant};

use crate::aws::{Aws, refusal};
use crate::denied::{QUEUE, Stage};

/// The last log line of a worker, which must fail.
async fn last_line(stage: &mut Stage) -> String {
    let (well, log) = stage.end().await;
    assert!(!well, "{log}");
    log.lines().last().unwrap().to_owned()
}

const DENIED: (&str, &str) = (
    "AccessDenied",
    "User: arn:aws:iam::1:user/u is not authorized to perform: sqs:some on resource: arn:aws:sqs:eu-central-1:1:logs",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_refuses_deletes_ends_the_worker_with_one_sentence() {
    for whole in [true, false] {
        let aws = Aws::start().await;
        match whole {
            true => drop(aws.lock().call_refused.insert("DeleteMessageBatch", DENIED)),
            false => drop(
                aws.lock()
                    .entries_refused
                    .insert("DeleteMessageBatch", "AccessDenied"),
            ),
        }
        aws.send("logs", "one");
        let mut stage = Stage::start(aws.clone()).await;
        let sentence = last_line(&mut stage).await;
        for word in [
            "DeleteMessageBatch",
            QUEUE,
            "AccessDenied",
            "sqs:DeleteMessage",
        ] {
            assert!(sentence.contains(word), "{word}: {sentence}");
        }
        assert_eq!(aws.lock().left(), 1);
        assert_eq!(
            aws.lock().asked["logs/one"],
            1,
            "it is not read again and again"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_refuses_releases_ends_the_worker_with_one_sentence() {
    for whole in [true, false] {
        let aws = Aws::start().await;
        let call = "ChangeMessageVisibilityBatch";
        match whole {
            true => drop(aws.lock().call_refused.insert(call, DENIED)),
            false => drop(aws.lock().entries_refused.insert(call, "AccessDenied")),
        }
        aws.lock().refused.insert(
            "logs".to_owned(),
            refusal(403, "AccessDenied", "Access Denied"),
        );
        aws.send("logs", "one");
        let sentence = last_line(&mut Stage::start(aws.clone()).await).await;
        for word in [call, QUEUE, "AccessDenied", "sqs:ChangeMessageVisibility"] {
            assert!(sentence.contains(word), "{word}: {sentence}");
        }
        assert_eq!(aws.lock().left(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_refuses_extensions_ends_the_worker_with_one_sentence() {
    let aws = Aws::start().await;
    aws.lock()
        .call_refused
        .insert("ChangeMessageVisibilityBatch", DENIED);
    aws.lock().visibility = Some(Duration::from_secs(3));
    aws.lock()
        .slow
        .insert("logs".to_owned(), Duration::from_secs(20));
    aws.send("logs", "one");
    let sentence = last_line(&mut Stage::start(aws.clone()).await).await;
    assert!(
        sentence.contains("ChangeMessageVisibilityBatch")
            && sentence.contains("sqs:ChangeMessageVisibility"),
        "{sentence}"
    );
    assert_eq!(aws.lock().left(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_queue_that_may_not_be_used_is_named() {
    let aws = Aws::start().await;
    let message = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
    aws.lock()
        .call_refused
        .insert("ReceiveMessage", ("KMS.AccessDeniedException", message));
    aws.send("logs", "one");
    let sentence = last_line(&mut Stage::start(aws.clone()).await).await;
    for word in [
        "ReceiveMessage",
        QUEUE,
        "KMS.AccessDeniedException",
        "kms:Decrypt",
    ] {
        assert!(sentence.contains(word), "{word}: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_are_retried() {
    let aws = Aws::start().await;
    for call in ["ReceiveMessage", "DeleteMessageBatch"] {
        let message = "The security token included in the request is expired";
        aws.lock()
            .call_refused
            .insert(call, ("ExpiredToken", message));
    }
    aws.send("logs", "one");
    let stage = Stage::start(aws.clone()).await;
    let since = Instant::now();
    while !stage.log().contains("cannot receive") {
        assert!(since.elapsed() < Duration::from_secs(60), "{}", stage.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    aws.lock().call_refused.clear();
    let (_stage, log) = stage.ended().await;
    assert_eq!(aws.deleted_and_left(), (1, 0), "{log}");
}
