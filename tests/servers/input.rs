/*! Invalid messages, broken objects, and wrong addresses. */

use crate::support::{MAX_RECEIVES, NODE, Stage, direct, export, export_key, gzip};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn what_is_no_notification_goes_to_the_dead_letter_queue_while_others_flow() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("invalid", 4).await;
    for body in [
        "hello",
        "[]",
        r#"{"Records":[{"s3":{"object":{"key":1}}}]}"#,
    ] {
        stage.send(body).await;
    }
    stage.upload(&export_key(1), gzip(&export(1, 10))).await;
    stage
        .send(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#)
        .await;
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    assert_eq!(stage.documents().await.len(), 50);
    assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    assert_eq!(stage.depth(&stage.dead_url).await.0, 3);
    let lines = log.with_message("not a notification; left to the queue's redrive policy");
    assert_eq!(lines.len() as u32, 3 * MAX_RECEIVES);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn nothing_to_read_is_settled_and_what_is_broken_is_kept() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("broken", 4).await;
    stage
        .upload(
            "exports/aws-logs-write-test",
            b"Permission Check Successful".to_vec(),
        )
        .await;
    stage.upload("empty.gz", Vec::new()).await;
    stage
        .send(&direct(&stage.bucket, &["gone.gz", "folder/"]))
        .await;
    let mut cut = gzip(&export(1, 100));
    cut.truncate(cut.len() - 100);
    stage.upload(&export_key(1), cut).await;
    let log = stage.work();
    assert!(log.success, "{}", log.text);
    let mut skipped: Vec<_> = log
        .with_message("skipped")
        .iter()
        .map(|l| l["reason"].as_str().unwrap())
        .collect();
    skipped.sort_unstable();
    assert_eq!(
        skipped,
        ["folder marker", "gone", "write test of an export task"]
    );
    // The events before the cut are indexed; the message stays in the queue.
    let documents = stage.documents().await.len();
    assert!((400..500).contains(&documents), "{documents}");
    assert_eq!(stage.depth(&stage.dead_url).await.0, 1);
    assert!(log.text.contains("broken object"), "{}", log.text);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn wrong_addresses_end_the_worker_with_one_sentence() {
    let stage = Stage::new("wrong").await;
    let mut command = stage.worker();
    command.args([
        "--queue-url",
        &stage.queue_url.replace(&stage.prefix[2..], "no-such-queue"),
    ]);
    let log = crate::support::finish(command.spawn().unwrap());
    assert!(!log.success);
    let last = log.text.lines().last().unwrap();
    assert!(
        last.starts_with("logferry: ") && last.contains("no-such-queue"),
        "{last}"
    );
}

/// A 404 from a wrong endpoint or a proxy does not prove that an object is missing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_404_that_is_not_s3s_deletes_nothing() {
    let _node = NODE.read().await;
    let stage = Stage::with_visibility("wrong-404", 4).await;
    stage
        .upload("a.gz", gzip(b"2026-11-23T10:00:00.000Z a\n"))
        .await;
    let app = axum::Router::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut command = stage.worker();
    command.env("AWS_ENDPOINT_URL_S3", url);
    let log = tokio::task::spawn_blocking(move || crate::support::finish(command.spawn().unwrap()));
    let log = log.await.unwrap();
    assert!(log.with_message("skipped").is_empty(), "{}", log.text);
    assert_eq!(stage.depth(&stage.dead_url).await.0, 1);
}
