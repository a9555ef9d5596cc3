/*! The real node: the roles of docs/access.md, and what happens without them. */

use std::collections::BTreeSet;

use logferry::bulk::{Bulk, ItemStatus, Kept};
use logferry::config::Auth;
use logferry::sink::Index;
use logferry::sink::opensearch::OpenSearch;
use opensearch::http::Method;
use serde_json::{Value, json};

use crate::node::{
    Client, PASSWORD, admins_templates, basic, documented, index_of, path, tls, unique, url,
};
use crate::start::run;
use crate::stub::bulk_of;

fn taken(statuses: &[ItemStatus]) -> Result<(), String> {
    match statuses {
        [ItemStatus::Indexed] => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// All that the worker asks of an index.
async fn work(index: &OpenSearch, prefix: &str) -> Result<(), String> {
    let text = |e: logferry::sink::IndexError| e.to_string();
    index.version().await.map_err(text)?;
    index.put_missing_templates(prefix).await.map_err(text)?;
    let day = format!("{prefix}-invocations-2026.11.23");
    let source = r#"{"@timestamp":"2026-11-23T10:00:00.000Z","message":"m","app":{"a":1}}"#;
    let bulk = bulk_of(&[(&day, "a", source)]);
    taken(&index.bulk(&bulk).await.map_err(text)?)?;
    let stored = index
        .fetch(&[(day.clone(), "a".to_owned())])
        .await
        .map_err(text)?;
    let stored = stored[0].as_ref().ok_or("not there")?;
    let action = format!(
        r#"{{"index":{{"_index":"{day}","_id":"a","if_seq_no":{},"if_primary_term":{}}}}}"#,
        stored.seq_no, stored.primary_term
    );
    let merged: Bulk = bulk.rebuild(&[Kept {
        document: 0,
        lines: Some((action.into_bytes(), b"{}".to_vec())),
    }]);
    taken(&index.bulk(&merged).await.map_err(text)?)
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_client_certificate_is_a_user() {
    let prefix = unique();
    admins_templates(&prefix).await;
    let admin = Client::admin();
    let role = documented("logferry-worker", &prefix);
    admin.security(&format!("roles/{prefix}"), role).await;
    let users = json!({"users": ["client"]});
    admin
        .security(&format!("rolesmapping/{prefix}"), users)
        .await;
    let files = (tls("client.pem"), tls("client-key.pem"));
    let index = index_of(Auth::None, Some(files)).await;
    work(&index, &prefix).await.unwrap();
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_the_worker() {
    let prefix = unique();
    admins_templates(&prefix).await;
    Client::admin()
        .user(&prefix, &documented("logferry-worker", &prefix))
        .await;
    work(&index_of(basic(&prefix), None).await, &prefix)
        .await
        .unwrap();
    let (url, ca) = (url(), path("ca.pem"));
    let arguments = [
        "--opensearch-url",
        &url,
        "--opensearch-ca",
        &ca,
        "--opensearch-user",
        &prefix,
        "--index-prefix",
        &prefix,
    ];
    let (success, log) = run(&arguments, &[("LOGFERRY_OPENSEARCH_PASSWORD", PASSWORD)]).await;
    assert!(success, "{log}");
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn each_permission_of_the_worker_is_needed_and_named_when_it_is_missing() {
    let admin = Client::admin();
    let shape = documented("logferry-worker", "x");
    let lists = [
        "/cluster_permissions",
        "/index_permissions/0/allowed_actions",
    ];
    let mut named = BTreeSet::new();
    for list in lists {
        for i in 0..shape.pointer(list).unwrap().as_array().unwrap().len() {
            let prefix = unique();
            admins_templates(&prefix).await;
            let mut role = documented("logferry-worker", &prefix);
            let list = role.pointer_mut(list).unwrap().as_array_mut().unwrap();
            let missing = list.remove(i).as_str().unwrap().to_owned();
            admin.user(&prefix, &role).await;
            let refused = work(&index_of(basic(&prefix), None).await, &prefix).await;
            let error = refused.expect_err(&format!("{missing} is not needed"));
            assert!(error.contains(&missing), "without {missing}: {error}");
            named.insert(missing);
        }
    }
    assert_eq!(named.len(), 8);
}

/// A role that may be asked these things, and is refused another.
async fn suffices(role: &str, may: &[(Method, String, Option<Value>)], may_not: (Method, String)) {
    let prefix = unique();
    let admin = Client::admin();
    admin.user(&prefix, &documented(role, &prefix)).await;
    let at = |path: &str| path.replace("PREFIX", &prefix);
    let day = at("/PREFIX-logs-2026.11.23");
    admin.done(Method::Put, &day, Some(json!({}))).await;
    let user = Client::new(&prefix, PASSWORD);
    let (status, answer) = user.ask(may_not.0, &at(&may_not.1), None).await;
    assert_eq!(status, 403, "{answer}");
    for (method, path, body) in may {
        let body = body
            .as_ref()
            .map(|b| serde_json::from_str(&at(&b.to_string())).unwrap());
        user.done(*method, &at(path), body).await;
    }
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_setup() {
    let prefix = unique();
    Client::admin()
        .user(&prefix, &documented("logferry-setup", &prefix))
        .await;
    index_of(basic(&prefix), None)
        .await
        .put_missing_templates(&prefix)
        .await
        .unwrap();
    let alias =
        json!({"actions": [{"add": {"index": "PREFIX-logs-*", "alias": "PREFIX-logs-all"}}]});
    let field = json!({"properties": {"x": {"type": "keyword"}}});
    let may = [
        (Method::Get, "/", None),
        (Method::Get, "/_component_template", None),
        (
            Method::Put,
            "/_component_template/PREFIX-c",
            Some(json!({"template": {}})),
        ),
        (Method::Get, "/_index_template", None),
        (Method::Get, "/_cat/plugins?format=json", None),
        (
            Method::Get,
            "/_cat/indices/PREFIX-logs-*,PREFIX-invocations-*?format=json&expand_wildcards=open,closed",
            None,
        ),
        (Method::Post, "/_aliases", Some(alias)),
        (Method::Get, "/PREFIX-logs-*/_mapping", None),
        (Method::Put, "/PREFIX-logs-*/_mapping", Some(field)),
        (Method::Delete, "/PREFIX-logs-2026.11.23", None),
    ];
    let may = may.map(|(method, path, body)| (method, path.to_owned(), body));
    suffices(
        "logferry-setup",
        &may,
        (Method::Get, "/PREFIX-logs-*/_search".to_owned()),
    )
    .await;
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn the_documented_role_is_enough_for_search() {
    let all = json!({"query": {"match_all": {}}});
    let may = [
        (
            Method::Post,
            "/PREFIX-logs-*/_search?ignore_unavailable=true",
            Some(all.clone()),
        ),
        (
            Method::Post,
            "/PREFIX-logs-*/_validate/query?explain=true",
            Some(all),
        ),
    ];
    let may = may.map(|(method, path, body)| (method, path.to_owned(), body));
    suffices(
        "logferry-search",
        &may,
        (Method::Delete, "/PREFIX-logs-2026.11.23".to_owned()),
    )
    .await;

    // Page by page over a point in time.
    let prefix = unique();
    let admin = Client::admin();
    admin
        .done(Method::Put, &format!("/{prefix}-logs-2026.11.23"), None)
        .await;
    admin
        .user(&prefix, &documented("logferry-search", &prefix))
        .await;
    let user = Client::new(&prefix, PASSWORD);
    let open =
        format!("/{prefix}-logs-*,{prefix}-invocations-*/_search/point_in_time?keep_alive=1m");
    let id = user.done(Method::Post, &open, None).await["pit_id"].clone();
    let page = json!({"pit": {"id": id.clone()}, "sort": ["_doc"]});
    user.done(Method::Post, "/_search", Some(page)).await;
    user.done(
        Method::Delete,
        "/_search/point_in_time",
        Some(json!({"pit_id": [id]})),
    )
    .await;
}
