/*! Whether documents of today get in. An index that exists is asked with a document that it parses and does not store;
about an index that the first document makes, the security plugin is asked, since a try would make it. */

use serde_json::{Value, json};

use crate::check::cluster::WriteAccess;
use crate::check::{Area, Finding, cluster};
use crate::sink::opensearch::{Method, OpenSearch};
use crate::sink::{IndexError, probe};
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::sample;

/// An id that no document has.
const NO_DOCUMENT: &str = "logferry-check";
/// The security plugin of OpenSearch 3.3 or newer then only says whether the request is allowed. Other versions refuse
/// the request, before it does anything: they do not know the parameter.
const DRY: &str = "perform_permission_check=true";

/// Whether OpenSearch has users.
pub(super) enum Users {
    /// The user's name and roles.
    Known(String),
    /// There is no security plugin.
    None,
    Unknown,
}

impl Users {
    pub(super) async fn of(index: &OpenSearch) -> Self {
        if index.is_serverless() {
            return Users::Unknown;
        }
        match index
            .call(Method::GET, "/_plugins/_security/authinfo", None)
            .await
        {
            Ok(answer) => {
                let name = answer["user_name"].as_str().unwrap_or("unnamed");
                let roles = answer["roles"].as_array().into_iter().flatten();
                let roles: Vec<&str> = roles.filter_map(Value::as_str).collect();
                Users::Known(format!("{name} with the roles {}", roles.join(", ")))
            }
            Err(IndexError::Response {
                status: Some(400),
                reason,
                ..
            }) if reason.contains("no handler found") => Users::None,
            Err(_) => Users::Unknown,
        }
    }

    pub(super) fn finding(&self) -> Option<Finding> {
        match self {
            Users::Known(user) => Some(Finding::ok(Area::Opensearch, "user", user)),
            Users::None | Users::Unknown => None,
        }
    }
}

/// The daily indices of both kinds, of the days that are so far from today.
pub(super) fn indices_of(prefix: &str, days: &[i64]) -> Vec<String> {
    let today = jiff::Timestamp::now().as_second().div_euclid(24 * 3600);
    let days = days
        .iter()
        .flat_map(|day| DocumentKind::ALL.map(|kind| (kind, today + day)));
    days.map(|(kind, day)| {
        let mut name = Vec::new();
        index_name::write(&mut name, prefix, kind, day);
        String::from_utf8_lossy(&name).into_owned()
    })
    .collect()
}

pub(super) async fn check(index: &OpenSearch, prefix: &str, users: &Users) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, kind) in indices_of(prefix, &[0]).iter().zip(DocumentKind::ALL) {
        if index.is_serverless() {
            let reason = "OpenSearch Serverless cannot be asked without storing a document";
            findings.push(Finding::not_checked(Area::Opensearch, "write", reason).about(name));
            continue;
        }
        let access = access(index, name, &sample(kind), users).await;
        let access = access.unwrap_or_else(|error| WriteAccess::Failed(error.to_string()));
        findings.push(cluster::write(name, &access));
    }
    findings
}

async fn access(
    index: &OpenSearch,
    name: &str,
    source: &[u8],
    users: &Users,
) -> Result<WriteAccess, IndexError> {
    if exists(index, name).await? {
        let verdicts = index.send_small_bulk(probe(name, source).body(), 1).await?;
        let verdict = verdicts.into_iter().next();
        return Ok(match verdict {
            Some(verdict) => WriteAccess::Tried(verdict),
            None => WriteAccess::Failed("no answer about the document".to_owned()),
        });
    }
    if matches!(users, Users::None) {
        return Ok(WriteAccess::Open);
    }
    lacking(index, name, source).await
}

/// Asks as the worker does before it merges summaries.
async fn exists(index: &OpenSearch, name: &str) -> Result<bool, IndexError> {
    let wanted = json!({"docs": [{"_index": name, "_id": NO_DOCUMENT}]});
    let answer = index.call(Method::POST, "/_mget", Some(&wanted)).await?;
    let error = &answer["docs"][0]["error"];
    match error["type"].as_str() {
        None => Ok(true),
        Some("index_not_found_exception") => Ok(false),
        Some(error_type) => Err(IndexError::Response {
            class: crate::error_class::ErrorClass::Fatal,
            status: None,
            error_type: Some(error_type.to_owned()),
            reason: format!(
                "_mget: {error_type}: {}",
                error["reason"].as_str().unwrap_or_default()
            ),
        }),
    }
}

/// The privileges that the user lacks to make the index and to write to it.
async fn lacking(index: &OpenSearch, name: &str, source: &[u8]) -> Result<WriteAccess, IndexError> {
    let document: Value = serde_json::from_slice(source).unwrap_or_default();
    let action = json!({"create": {"_index": name, "_id": NO_DOCUMENT}});
    let bulk = format!("{action}\n{document}\n");
    let asked = [
        index
            .call(Method::PUT, &format!("/{name}?{DRY}"), None)
            .await,
        index
            .call(
                Method::PUT,
                &format!("/{name}/_doc/{NO_DOCUMENT}?{DRY}"),
                Some(&document),
            )
            .await,
        index.call_lines(&format!("/_bulk?{DRY}"), bulk).await,
    ];
    let mut lacking = Vec::new();
    for answer in asked {
        let answer = match answer {
            Ok(answer) => answer,
            Err(IndexError::Response {
                status: Some(400), ..
            }) => {
                let reason = "this version has no such question".to_owned();
                return Ok(WriteAccess::Unknown(reason));
            }
            Err(error) => return Err(error),
        };
        if answer["accessAllowed"] == true {
            continue;
        }
        let privileges = answer["missingPrivileges"].as_array().into_iter().flatten();
        lacking.extend(privileges.filter_map(Value::as_str).map(str::to_owned));
        if answer.get("accessAllowed").is_none() {
            let reason = "the answer says nothing about permissions".to_owned();
            return Ok(WriteAccess::Unknown(reason));
        }
    }
    lacking.sort();
    lacking.dedup();
    Ok(WriteAccess::Asked { lacking })
}
