/*! The real node with users: `check` with the worker's least role, and without one of its permissions. */

use std::process::Command;

use serde_json::Value;

use crate::aws::{Aws, refusal};
use crate::node::{Client, User, documented, unique};

const QUEUE: [&str; 4] = [
    "check",
    "--json",
    "--queue-url",
    "http://127.0.0.1:9/1/logs",
];

/// Findings about OpenSearch with this outcome, as `check: text`.
async fn found(user: &User<'_>, outcome: &str) -> Vec<String> {
    // There is no queue, so that the command fails; its report is about OpenSearch too.
    let printed = user.printed(&QUEUE).await;
    let report: Value = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"));
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|f| f["area"] == "opensearch" && f["outcome"] == outcome);
    findings
        .map(|f| {
            format!(
                "{}: {}",
                f["check"].as_str().unwrap(),
                f["text"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_least_role_has_no_fault_and_what_it_cannot_see_is_a_warning() {
    let name = unique();
    User::admin(&name).run(&["setup"]).await.unwrap();
    Client::admin()
        .user(&name, &documented("logferry-worker", &name))
        .await;
    let user = User::new(&name);
    assert_eq!(found(&user, "fault").await, Vec::<String>::new());
    let warnings = found(&user, "warning").await;
    assert!(
        warnings
            .iter()
            .all(|warning| warning.contains("could not be seen")),
        "{warnings:#?}"
    );
    let seen = found(&user, "ok").await.join("\n");
    assert!(
        seen.contains(&format!("user: {name} with the roles {name}")),
        "{seen}"
    );
    assert_eq!(
        seen.matches("the user may make it and write to it").count(),
        2,
        "{seen}"
    );
    // The documented permissions of `check` make all of it seen.
    let everything = documented("logferry-check", &name);
    let both = unique();
    Client::admin()
        .security(&format!("roles/{both}"), everything)
        .await;
    let roles = serde_json::json!({"password": crate::node::PASSWORD, "opendistro_security_roles": [name, both]});
    Client::admin()
        .security(&format!("internalusers/{name}"), roles)
        .await;
    let warnings = found(&user, "warning").await;
    assert!(
        !warnings
            .iter()
            .any(|warning| warning.contains("could not be seen")),
        "{warnings:#?}"
    );
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_permission_that_the_worker_needs_is_a_fault() {
    for (list, missing, check) in [
        ("/cluster_permissions", "cluster:monitor/main", "reachable"),
        (
            "/cluster_permissions",
            "indices:admin/index_template/get",
            "templates",
        ),
        ("/cluster_permissions", "indices:data/write/bulk", "write"),
        ("/cluster_permissions", "indices:data/read/mget", "write"),
        (
            "/index_permissions/0/allowed_actions",
            "indices:admin/create",
            "write",
        ),
        (
            "/index_permissions/0/allowed_actions",
            "indices:data/write/index",
            "write",
        ),
    ] {
        let name = unique();
        User::admin(&name).run(&["setup"]).await.unwrap();
        let mut role = documented("logferry-worker", &name);
        let actions = role.pointer_mut(list).unwrap().as_array_mut().unwrap();
        actions.retain(|action| action != missing);
        Client::admin().user(&name, &role).await;
        let faults = found(&User::new(&name), "fault").await;
        assert!(!faults.is_empty(), "{missing}");
        for fault in faults {
            assert!(
                fault.starts_with(check) && fault.contains(missing),
                "{missing}: {fault}"
            );
        }
    }
}

/// Permissions of AWS that are missing are named, and no message is touched.
#[tokio::test]
async fn a_refusal_of_aws_names_the_permission() {
    let aws = Aws::start().await;
    let denied = ("AccessDenied", "Access to the resource is denied.");
    aws.notify("logs", "a");
    aws.lock().call_refused.insert("GetQueueAttributes", denied);
    let refused = refusal(403, "AccessDenied", "Access Denied");
    aws.lock().refused.insert("logs".to_owned(), refused);
    let url = aws.url.clone();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_logferry"))
            .args([
                "check",
                "--json",
                "--bucket",
                "logs",
                "--opensearch-url",
                "http://127.0.0.1:9",
            ])
            .args(["--queue-url", &format!("{url}/000000000000/logs")])
            .env("AWS_ENDPOINT_URL", &url)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |area: &str, check: &str| {
        let found = findings
            .iter()
            .find(|f| f["area"] == area && f["check"] == check);
        found.unwrap_or_else(|| panic!("{area} {check}: {report:#}"))
    };
    for (area, check, outcome, word) in [
        ("credentials", "identity", "warning", "cannot be asked"),
        ("queue", "reachable", "fault", "sqs:GetQueueAttributes"),
        ("queue", "visibility", "not_checked", "could not be read"),
        ("queue", "policy", "not_checked", ""),
        (
            "bucket",
            "list",
            "fault",
            "s3:ListBucket on arn:aws:s3:::logs",
        ),
        ("bucket", "read", "not_checked", "cannot be listed"),
    ] {
        let finding = of(area, check);
        assert_eq!(finding["outcome"], outcome, "{finding}");
        assert!(finding.to_string().contains(word), "{finding}");
    }
    let state = aws.lock();
    assert_eq!(
        (
            state.receives,
            state.deleted,
            state.extensions,
            state.left()
        ),
        (0, 0, 0, 1)
    );
}
