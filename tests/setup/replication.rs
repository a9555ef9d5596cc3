/*! How the replicas of new indices get documents. */

use crate::stub::Stub;

const KEY: &str = "_component_template/lf-settings";

#[tokio::test]
async fn a_way_of_replication_is_set_and_stays() {
    let stub = Stub::start("3.4.0").await;
    let way = || {
        let state = stub.state.lock().unwrap();
        state.kept[KEY]["template"]["settings"]["index"]["replication"].clone()
    };
    assert!(stub.run(&["setup"]).await.success);
    assert!(way().is_null(), "OpenSearch decides");
    stub.requests();

    let output = stub.run(&["setup", "--replication", "segment"]).await;
    assert!(output.success, "{}", output.err);
    assert_eq!(way()["type"], "SEGMENT");
    assert_eq!(stub.requests(), [format!("PUT /{KEY}")]);

    let output = stub.run(&["setup"]).await;
    assert!(output.out.contains("Nothing to change."), "{}", output.out);
    assert_eq!(way()["type"], "SEGMENT");
    let output = stub.run(&["setup", "--replication", "document"]).await;
    assert!(output.success, "{}", output.err);
    assert_eq!(way()["type"], "DOCUMENT");

    let output = stub.run(&["setup", "--replication", "logical"]).await;
    assert!(
        output.err.contains("[possible values: document, segment]"),
        "{}",
        output.err
    );
}

#[tokio::test]
async fn without_a_replica_there_is_nothing_to_gain() {
    let stub = Stub::start("3.4.0").await;
    let flags = ["setup", "--replication", "segment", "--replicas", "0"];
    let output = stub.run(&flags).await;
    assert!(output.success, "{}", output.err);
    let note = "--replication segment gains nothing: new indices have no replica (--replicas 0)";
    assert!(output.out.contains(note), "{}", output.out);
}
