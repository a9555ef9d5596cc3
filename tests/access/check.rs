/*! The real node with users: `check` with the worker's least role, and without one of its permissions. */

use serde_json::Value;

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
