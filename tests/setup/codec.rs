/*! The codec of new indices. */

use serde_json::json;

use crate::stub::Stub;

const KEY: &str = "_component_template/lf-settings";

#[tokio::test]
async fn a_codec_is_set_and_stays() {
    let stub = Stub::start("3.4.0").await;
    let codec = || stub.state.lock().unwrap().kept[KEY]["template"]["settings"]["index"].clone();
    assert!(stub.run(&["setup"]).await.success);
    assert_eq!(codec()["codec"], "best_compression");
    stub.requests();

    let output = stub.run(&["setup", "--codec", "zstd_no_dict"]).await;
    assert!(
        output.out.contains("codec best_compression → zstd_no_dict"),
        "{}",
        output.out
    );
    assert_eq!(stub.requests(), [format!("PUT /{KEY}")]);
    assert_eq!(codec()["codec"], "zstd_no_dict");

    let output = stub.run(&["setup"]).await;
    assert!(output.out.contains("Nothing to change."), "{}", output.out);
    let output = stub.run(&["setup", "--codec", "gzip"]).await;
    assert!(!output.success);
    assert!(
        output
            .err
            .contains("[possible values: zstd, zstd_no_dict, best_compression, default]"),
        "{}",
        output.err
    );
}

/// As the minimal distribution 3.4.0 answers.
#[tokio::test]
async fn a_cluster_without_the_plugin_is_named_in_one_sentence() {
    let stub = Stub::start("3.4.0").await;
    let reason = "unknown value for [index.codec] must be one of [default, lz4, best_compression, zlib] but was: zstd";
    let cause = json!({"type": "illegal_argument_exception", "reason": reason});
    let answer = json!({
        "error": {"root_cause": [cause], "type": "illegal_argument_exception", "reason": reason},
        "status": 400,
    });
    stub.state.lock().unwrap().refused = Some((KEY, 400, answer));
    let output = stub.run(&["setup", "--codec", "zstd"]).await;
    assert!(!output.success);
    assert!(!output.out.contains("Nothing to change"), "{}", output.out);
    assert_eq!(
        output.sentence(),
        "--codec: this cluster does not know zstd: its nodes lack the plugin opensearch-custom-codecs, which the minimal distribution does not have; install it, or choose from default, lz4, best_compression, zlib"
    );
}
