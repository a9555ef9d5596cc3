//! What cannot be replayed ends in one clear sentence and a non-zero exit code.

use crate::binary::{Stage, keys, text};
use crate::s3::Refusal;

/// The last line of standard error of a run that must fail.
async fn sentence(stage: &Stage, args: &[&str], input: &str) -> String {
    let output = stage.run(args, input).await;
    let log = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    let last = log.lines().last().unwrap().to_owned();
    assert!(last.starts_with("logferry: "), "{last}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_listed_is_explained() {
    let stage = Stage::new().await;
    for (refusal, words) in [
        (
            Refusal(403, "AccessDenied", &[]),
            &["s3://logs", "s3:ListBucket", "arn:aws:s3:::logs"][..],
        ),
        (
            Refusal(404, "NoSuchBucket", &[]),
            &["s3://logs: there is no such bucket"],
        ),
        (
            Refusal(
                301,
                "PermanentRedirect",
                &[("x-amz-bucket-region", "eu-west-1")],
            ),
            &["is in region eu-west-1: set AWS_REGION=eu-west-1"],
        ),
        (
            Refusal(
                400,
                "AuthorizationHeaderMalformed",
                &[("x-amz-bucket-region", "eu-west-1")],
            ),
            &["is in region eu-west-1: set AWS_REGION=eu-west-1"],
        ),
        (
            Refusal(301, "PermanentRedirect", &[]),
            &["in another region"],
        ),
        (
            Refusal(403, "InvalidAccessKeyId", &[]),
            &["InvalidAccessKeyId"],
        ),
    ] {
        stage.s3.lock().list_refused = Some(refusal);
        let sentence = sentence(&stage, &["s3://logs/exports/"], "").await;
        for word in words {
            assert!(sentence.contains(word), "{word}: {sentence}");
        }
    }
    let checkpoint = [
        "s3://logs/exports/",
        "--checkpoint",
        "s3://state/checkpoint",
    ];
    stage.s3.lock().get_refused = Some(Refusal(403, "AccessDenied", &[]));
    let sentence = sentence(&stage, &checkpoint, "").await;
    assert!(
        sentence.contains("s3://state/checkpoint: no permission: allow s3:GetObject"),
        "{sentence}"
    );
    assert!(
        stage.index.requests().is_empty(),
        "nothing was asked of the index"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_nobody_may_read_end_the_replay() {
    for (code, word) in [
        ("AccessDenied", "s3:GetObject"),
        ("PermanentRedirect", "no object can be read"),
    ] {
        let stage = Stage::new().await;
        stage.s3.fill("logs", keys(200));
        stage.s3.lock().get_refused = Some(Refusal(403, code, &[]));
        let sentence = sentence(&stage, &["s3://logs/exports/"], "").await;
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_cannot_be_used_is_explained_and_not_overwritten() {
    let stage = Stage::new().await;
    stage.s3.fill("logs", keys(10));
    let path = stage.path("checkpoint");
    let args = ["s3://logs/exports/", "--checkpoint", path.as_str()];
    let first = stage.run(&args, "").await;
    assert!(first.status.success(), "{}", text(&first.stderr));
    let good = std::fs::read_to_string(&path).unwrap();
    let opened = stage.opened();
    for (content, word) in [
        (good[..good.len() / 2].to_owned(), "damaged"),
        (
            "{\"name\":\"mine\"}".to_owned(),
            "no checkpoint of a replay",
        ),
        (
            good.replace("\"version\":1", "\"version\":2"),
            "use the newer logferry",
        ),
        (
            good.replace("s3://logs/exports/", "s3://logs/other/"),
            "another replay: its source is s3://logs/other/",
        ),
        (
            good.replace("opensearch:logferry", "opensearch:old"),
            "another replay: its destination is opensearch:old",
        ),
    ] {
        std::fs::write(&path, &content).unwrap();
        let sentence = sentence(&stage, &args, "").await;
        assert!(
            sentence.contains(word) && sentence.contains(&path),
            "{word}: {sentence}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    std::fs::write(&path, &good).unwrap();
    let since = [&args[..], &["--since", "2026-11-01"]].concat();
    let sentence = sentence(&stage, &since, "").await;
    assert!(
        sentence.contains("its --since is none, and now it is 2026-11-01"),
        "{sentence}"
    );
    assert_eq!(stage.opened(), opened);

    let lock = std::fs::File::create(format!("{path}.lock")).unwrap();
    lock.lock().unwrap();
    let sentence = self::sentence(&stage, &args, "").await;
    assert!(
        sentence.contains("another replay uses this checkpoint now"),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_makes_no_sense_is_explained() {
    let stage = Stage::new().await;
    for (args, input, word) in [
        (
            &["-"][..],
            "exports/a.log\n",
            "line 1 of the list names no bucket",
        ),
        (&["-", "--since", "7d"], "s3://logs/a\n", "--by key-day"),
        (&["-"], "{\"keys\":[]}", "no manifest of an S3 inventory"),
        (&["/no/such/folder"], "", "/no/such/folder"),
    ] {
        let sentence = sentence(&stage, args, input).await;
        assert!(sentence.contains(word), "{word}: {sentence}");
    }
}
