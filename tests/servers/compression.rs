/*! Compressed bulks at the real node: all documents arrive, refused ones are named, large ones are halved. */

use opensearch::http::Method;
use serde_json::{Value, json};

use crate::node::Node;
use crate::support::{NODE, Stage, export, export_key, gzip, opensearch};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn the_same_documents_arrive_compressed_or_not() {
    let _node = NODE.read().await;
    let mut plain = None;
    for (wanted, encoding) in [
        ("none", None),
        ("gzip", Some("gzip")),
        ("zstd", Some("zstd")),
        ("auto", Some("zstd")),
    ] {
        let stage = Stage::new(&format!("packed-{wanted}")).await;
        for seed in 1..=4 {
            let events = gzip(&export(seed, 500));
            stage.upload(&export_key(seed), events).await;
        }
        let log = work(&stage, wanted);
        assert!(log.success, "{}", log.text);
        let said = log.with_message("bulks are compressed");
        let said: Vec<_> = said.iter().map(|l| l["encoding"].as_str()).collect();
        assert_eq!(said, encoding.map(Some).into_iter().collect::<Vec<_>>());
        // Prefix and bucket are those of the stage.
        let documents: Vec<Value> = (stage.documents().await.into_iter())
            .map(|(id, source)| json!([id.rsplit('/').next(), source["message"]]))
            .collect();
        assert_eq!(documents.len(), 4 * 500 * 5);
        assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
        match &plain {
            None => plain = Some(documents),
            Some(plain) => assert!(*plain == documents, "{wanted}"),
        }
    }
}

fn work(stage: &Stage, compression: &str) -> crate::support::Log {
    let mut command = stage.worker();
    command.env("LOGFERRY_BULK_COMPRESSION", compression);
    crate::support::finish(command.spawn().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_refused_document_of_a_compressed_bulk_is_named() {
    let _node = NODE.read().await;
    for compression in ["gzip", "zstd"] {
        let stage = Stage::with_visibility("packed-refused", 4).await;
        let index = format!("{}-logs-2026.11.23", stage.prefix);
        let mapping = json!({"mappings": {"properties": {"log": {"properties": {"level": {"type": "long"}}}}}});
        opensearch(Method::Put, &index, Some(mapping)).await;
        stage.upload(&export_key(1), gzip(&export(1, 20))).await;
        let letters = tempfile::tempdir().unwrap();
        let mut command = stage.worker();
        command.env("LOGFERRY_BULK_COMPRESSION", compression).env(
            "LOGFERRY_DEAD_LETTERS",
            format!("file://{}", letters.path().display()),
        );
        let log = crate::support::finish(command.spawn().unwrap());
        assert!(log.success, "{}", log.text);
        // The line of the function has a level, the three of the platform have none; a summary each.
        assert_eq!(
            log.with_message("document rejected").len(),
            20,
            "{}",
            log.text
        );
        assert_eq!(stage.documents().await.len(), 20 * 4);
        assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    }
}

/// The limit of a node is one of the decompressed body.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: make test"]
async fn a_compressed_bulk_above_the_limit_of_a_node_is_halved() {
    let node = Node::start("http.max_content_length: 200kb").await;
    for compression in ["gzip", "zstd"] {
        let mut stage = Stage::new("packed-large").await;
        stage.index_url = node.url().to_owned();
        stage.upload(&export_key(1), gzip(&export(1, 200))).await;
        let log = work(&stage, compression);
        assert!(log.success, "{}", log.text);
        assert_eq!(stage.documents().await.len(), 200 * 5);
        assert_eq!(stage.depth(&stage.queue_url).await, (0, 0));
    }
    node.stop().await;
}
