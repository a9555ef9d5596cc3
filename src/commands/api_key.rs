/*! A command and an index prefix go in; the body of the request that makes an API key for this command comes out, with
the least permissions. docs/access.md shows the same permissions as roles, and a test holds that. */

use std::io::Write;

use serde_json::{Value, json};

use crate::cli::ApiKeyFor;
use crate::config::ApiKeyConfig;

/// Days that a new key is valid. OpenSearch takes up to 90.
const DAYS: u64 = 30;

/// What a command may do. Without this, it fails.
struct Permissions {
    cluster: &'static [&'static str],
    /// What follows the prefix in the names of indices.
    indices: &'static [&'static str],
    on_indices: &'static [&'static str],
}

const DAILY_INDICES: &[&str] = &["-logs-*", "-invocations-*"];

const WORKER: Permissions = Permissions {
    cluster: &[
        "cluster:monitor/main",
        "indices:admin/index_template/get",
        "indices:data/write/bulk",
        "indices:data/read/mget",
    ],
    indices: DAILY_INDICES,
    on_indices: &[
        "indices:admin/create",
        "indices:data/write/bulk[s]",
        "indices:data/write/index",
        "indices:data/read/mget[shard]",
    ],
};

const SETUP: Permissions = Permissions {
    cluster: &[
        "cluster:monitor/main",
        "cluster:monitor/nodes/info",
        "cluster:monitor/state",
        "cluster:admin/component_template/get",
        "cluster:admin/component_template/put",
        "indices:admin/index_template/get",
        "indices:admin/index_template/put",
        "cluster:admin/opendistro/ism/*",
    ],
    // The aliases too.
    indices: &["-logs", "-logs-*", "-invocations", "-invocations-*"],
    on_indices: &[
        "indices:admin/aliases",
        "indices:admin/get",
        "indices:admin/mapping/put",
        "indices:admin/opensearch/ism/managedindex",
    ],
};

const PRUNE: Permissions = Permissions {
    cluster: &[
        "cluster:monitor/main",
        "cluster:monitor/health",
        "cluster:monitor/state",
    ],
    indices: DAILY_INDICES,
    on_indices: &[
        "indices:monitor/settings/get",
        "indices:monitor/stats",
        "indices:admin/delete",
    ],
};

const SEARCH: Permissions = Permissions {
    cluster: &[],
    indices: DAILY_INDICES,
    on_indices: &[
        "indices:data/read/search",
        "indices:data/read/point_in_time/create",
        "indices:data/read/point_in_time/delete",
        "indices:admin/validate/query",
        "indices:monitor/settings/get",
    ],
};

const COVERAGE: Permissions = Permissions {
    cluster: &["indices:data/read/mget"],
    indices: DAILY_INDICES,
    on_indices: &["indices:data/read/search", "indices:data/read/mget[shard]"],
};

impl Permissions {
    fn of(command: ApiKeyFor) -> &'static Self {
        match command {
            ApiKeyFor::Worker => &WORKER,
            ApiKeyFor::Setup => &SETUP,
            ApiKeyFor::Prune => &PRUNE,
            ApiKeyFor::Search => &SEARCH,
            ApiKeyFor::Coverage => &COVERAGE,
        }
    }

    fn patterns(&self, prefix: &str) -> Vec<String> {
        let names = self.indices.iter();
        names.map(|name| format!("{prefix}{name}")).collect()
    }
}

/// Prints the body to standard output.
pub(crate) fn print(config: &ApiKeyConfig) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{:#}", body(config))?;
    Ok(())
}

/// The body of `POST _plugins/_security/api/apitokens`. A role has `index_patterns` where a key has `index_pattern`.
fn body(config: &ApiKeyConfig) -> Value {
    let ApiKeyConfig { command, prefix } = config;
    let permissions = Permissions::of(*command);
    json!({
        "name": format!("{prefix}-{}", command.as_str()),
        "cluster_permissions": permissions.cluster,
        "index_permissions": [{
            "index_pattern": permissions.patterns(prefix),
            "allowed_actions": permissions.on_indices,
        }],
        "duration_seconds": DAYS * 24 * 3600,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: ApiKeyFor, prefix: &str) -> Value {
        let prefix = prefix.to_owned();
        body(&ApiKeyConfig { command, prefix })
    }

    #[test]
    fn the_body_for_each_command() {
        let all = ApiKeyFor::ALL.map(|command| format!("{:#}", of(command, "lf")));
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn the_documented_roles_have_the_same_permissions() {
        let page = include_str!("../../docs/access.md");
        for command in ApiKeyFor::ALL {
            let mut role = of(command, "logferry");
            let name = role["name"].as_str().unwrap().to_owned();
            let fields = role.as_object_mut().unwrap();
            fields.remove("name");
            fields.remove("duration_seconds");
            fields.retain(|_, permissions| *permissions != json!([]));
            let on_indices = role["index_permissions"][0].as_object_mut().unwrap();
            let patterns = on_indices.remove("index_pattern").unwrap();
            on_indices.insert("index_patterns".to_owned(), patterns);

            let (_, section) = page.split_once(&format!("### Role `{name}`\n")).unwrap();
            let (_, block) = section.split_once("```json\n").unwrap();
            let (block, _) = block.split_once("```").unwrap();
            let documented: Value = serde_json::from_str(block).unwrap();
            assert_eq!(documented, role, "{name}");
        }
    }
}
