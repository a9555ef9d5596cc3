//! `replay --to-queue`: notifications on a queue, for a fleet of workers.

use std::collections::BTreeMap;

use logferry_core::notification;

use crate::binary::{Stage, keys, text};
use crate::s3::Refusal;

#[tokio::test(flavor = "multi_thread")]
async fn every_object_is_sent_in_batches_as_s3_would_send_it() {
    let stage = Stage::new().await;
    stage.s3.fill("logs", keys(1205));
    stage
        .s3
        .fill("logs", ["exports/fn/ä b+[$LATEST].log".to_owned()]);
    stage.s3.lock().send_failures = 3;
    let url = format!("{}/000000000000/logs", stage.s3.url);
    let checkpoint = stage.path("checkpoint");
    let args = [
        "s3://logs/exports/",
        "--to-queue",
        &url,
        "--checkpoint",
        &checkpoint,
    ];
    let output = stage.run_alone(&args, "").await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut sent = BTreeMap::new();
    for batch in &stage.s3.lock().sent {
        assert!(batch.len() <= 10);
        for body in batch {
            let notification = notification::read(body);
            assert!(notification.invalid.is_empty() && notification.ignored.is_empty());
            let object = &notification.objects[0];
            assert_eq!(object.bucket, "logs");
            assert!(object.size.is_some() && object.etag.as_deref() == Some("0123"));
            *sent.entry(object.key.clone()).or_insert(0) += 1;
        }
    }
    assert_eq!(sent.len(), 1206);
    assert!(sent.values().all(|n| *n == 1), "each once");
    assert!(sent.contains_key("exports/fn/ä b+[$LATEST].log"));
    assert_eq!(stage.opened(), 0, "no object is read");

    let calls = stage.s3.lock().sent.len();
    let again = stage.run_alone(&args, "").await;
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(stage.s3.lock().sent.len(), calls, "nothing is sent twice");

    let pages = stage.s3.lock().pages;
    let dry = stage
        .run_alone(&["s3://logs/exports/", "--to-queue", &url, "--dry-run"], "")
        .await;
    assert!(
        text(&dry.stdout).starts_with("objects    1206\n"),
        "{}",
        text(&dry.stdout)
    );
    assert!(stage.s3.lock().pages > pages && stage.opened() == 0);
    stage.s3.lock().list_refused = Some(Refusal(403, "AccessDenied", &[]));
    let denied = stage
        .run_alone(&["s3://logs/exports/", "--to-queue", &url], "")
        .await;
    assert_eq!(denied.status.code(), Some(1));
}
