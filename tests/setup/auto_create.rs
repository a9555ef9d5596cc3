/*! `action.auto_create_index`: if it forbids the daily indices, `setup` and the worker name the pattern to allow. */

use crate::stub::Stub;

#[tokio::test]
async fn a_cluster_that_creates_no_indices_is_reported_with_the_pattern_to_allow() {
    let stub = Stub::start("3.4.0").await;
    assert!(stub.run(&["setup"]).await.success);
    for (setting, wanted) in [
        ("false", r#"set it to "+lf-*""#),
        ("+other-*,-*", r#"set it to "+lf-*,+other-*,-*""#),
    ] {
        stub.state.lock().unwrap().auto_create = Some(setting);
        let output = stub.run(&["setup"]).await;
        let named = format!("action.auto_create_index is \"{setting}\"");
        assert!(output.success, "{}", output.err);
        assert!(
            output.out.contains(&named) && output.out.contains(wanted),
            "{}",
            output.out
        );
        for command in [&["worker"][..], &["worker", "--setup"]] {
            let output = stub.run(command).await;
            let err = output.err.replace("\\\"", "\"");
            assert!(
                err.contains(&named) && err.contains(wanted),
                "{command:?}: {}",
                output.err
            );
        }
    }
}

#[tokio::test]
async fn there_is_no_warning_if_all_is_allowed_or_the_setting_cannot_be_read() {
    let stub = Stub::start("3.4.0").await;
    for (setting, forbidden) in [
        (None, false),
        (Some("+lf-*,-*"), false),
        (Some("false"), true),
    ] {
        stub.state.lock().unwrap().auto_create = setting;
        stub.state.lock().unwrap().settings_forbidden = forbidden;
        let output = stub.run(&["setup"]).await;
        assert!(output.success, "{}", output.err);
        for command in [&["setup"][..], &["worker"]] {
            let output = stub.run(command).await;
            for text in [&output.out, &output.err] {
                assert!(!text.contains("auto_create_index"), "{setting:?}: {text}");
            }
        }
    }
}
