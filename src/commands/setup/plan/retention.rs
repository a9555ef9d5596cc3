/*! The wanted retention and the current policies go in; steps for the index-management plugin come out: a policy for
each kind, attached to the existing indices. Pure.

The plugin counts from the day on which an index was made; `prune` by the day in its name. */

use serde_json::{Value, json};

use crate::commands::setup::current_state::{Attachments, CurrentState, DailyIndex, policy_name};
use crate::commands::setup::plan::step::{Action, Request, Step};
use crate::commands::setup::request::batches;
use crate::config::Wanted;
use logferry_core::document::index_name;
use logferry_core::document::index_name::DocumentKind;
use logferry_core::document::template::{PRIORITY, alias};

const MADE_BY: &str = "Made by logferry";

/// Patterns that match complete names of daily indices. Matching indices are deleted one day, so the patterns must not
/// match copies (`…-copy`, `….1`), nor the index of 1970-01-01, whose documents may be new.
fn daily_patterns(prefix: &str, kind: DocumentKind) -> Vec<String> {
    let days = 1..=31;
    let pattern = |day| format!("{}-2*.*.{day:02}", alias(prefix, kind));
    days.map(pattern).collect()
}

fn policy(prefix: &str, kind: DocumentKind, days: u32) -> Value {
    json!({"policy": {
        "description": format!("{MADE_BY}: deletes indices of {} after {days} days", alias(prefix, kind)),
        "default_state": "kept",
        "states": [
            {"name": "kept", "actions": [], "transitions": [
                {"state_name": "expired", "conditions": {"min_index_age": format!("{days}d")}},
            ]},
            {"name": "expired", "actions": [{"delete": {}}], "transitions": []},
        ],
        "ism_template": [{"index_patterns": daily_patterns(prefix, kind), "priority": PRIORITY}],
    }})
}

pub(crate) fn steps(
    wanted: &Wanted,
    current: &CurrentState,
    steps: &mut Vec<Step>,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    if wanted.retention.is_none() {
        return Ok(());
    }
    let Some(policies) = &current.policies else {
        notes.push(format!(
            "this OpenSearch has no index-management plugin: run `logferry prune --index-prefix {} {}` daily instead",
            wanted.prefix,
            wanted.retention.flags()
        ));
        return Ok(());
    };
    for kind in DocumentKind::ALL {
        let Some(days) = wanted.retention.of(kind) else {
            continue;
        };
        let name = policy_name(&wanted.prefix, kind);
        let there = policies.get(&name).and_then(Option::as_ref);
        let step = policy_step(
            &name,
            policy(&wanted.prefix, kind, days),
            there,
            wanted.force,
        )?;
        let updated = step.action == Action::Update;
        steps.push(step);
        let indices: Vec<&DailyIndex> = current
            .indices
            .iter()
            .filter(|index| index.kind == kind && !is_of_day_0(index, &wanted.prefix))
            .collect();
        let unchanged = there.filter(|_| !updated);
        attach(
            &indices,
            &name,
            unchanged,
            &current.attachments,
            steps,
            notes,
        );
    }
    Ok(())
}

/// Whether the index is the one for documents whose time no daily index can hold; they may be of any age.
fn is_of_day_0(index: &DailyIndex, prefix: &str) -> bool {
    index_name::read(&index.name, prefix).is_some_and(|(_, day)| day == 0)
}

fn policy_step(
    name: &str,
    body: Value,
    there: Option<&Value>,
    force: bool,
) -> Result<Step, String> {
    let path = format!("/_plugins/_ism/policies/{name}");
    let (action, why, path) = match there {
        None => (Action::Make, "missing".to_owned(), path),
        Some(there) => {
            let described = there.pointer("/policy/description").and_then(Value::as_str);
            if !described.is_some_and(|text| text.starts_with(MADE_BY)) && !force {
                return Err(format!(
                    "the policy {name} was not made by logferry: overwrite it with --force, or choose another --index-prefix"
                ));
            }
            if contains(&there["policy"], &body["policy"]) {
                (Action::Keep, String::new(), path)
            } else {
                let age = |of: &Value| {
                    let path = "/policy/states/0/transitions/0/conditions/min_index_age";
                    let age = of.pointer(path).and_then(Value::as_str);
                    age.unwrap_or("?").to_owned()
                };
                // The update fails if a concurrent write intervened.
                let path = format!(
                    "{path}?if_seq_no={}&if_primary_term={}",
                    there["_seq_no"], there["_primary_term"]
                );
                let (before, after) = (age(there), age(&body));
                let why = if before == after {
                    "of the same age, but otherwise not as it should be".to_owned()
                } else {
                    format!("{before} → {after}")
                };
                (Action::Update, why, path)
            }
        }
    };
    let request = (action != Action::Keep).then_some(Request {
        method: "PUT",
        path,
        body,
    });
    Ok(Step {
        what: "policy",
        name: name.to_owned(),
        action,
        why,
        request,
        essential: true,
    })
}

/// Whether all wanted values are there; the plugin adds values of its own.
fn contains(there: &Value, ours: &Value) -> bool {
    match (there, ours) {
        (Value::Object(there), Value::Object(ours)) => ours
            .iter()
            .all(|(name, ours)| there.get(name).is_some_and(|there| contains(there, ours))),
        (Value::Array(there), Value::Array(ours)) => {
            there.len() == ours.len() && there.iter().zip(ours).all(|(t, o)| contains(t, o))
        }
        _ => there == ours,
    }
}

/// An index keeps the version of the policy with which it was attached: indices with an older version get the new one.
/// `current` is `None` if this plan changes the policy.
fn attach(
    indices: &[&DailyIndex],
    name: &str,
    current: Option<&Value>,
    attachments: &Attachments,
    steps: &mut Vec<Step>,
    notes: &mut Vec<String>,
) {
    let (mut add, mut change, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for index in indices {
        let managed = attachments.get(&index.name).unwrap_or(&Value::Null);
        let seq_no = managed["policy_seq_no"].as_i64().filter(|n| *n >= 0);
        match attached(managed) {
            None => add.push(index.name.as_str()),
            Some(policy) if policy != name => others.push(format!("{} ({policy})", index.name)),
            Some(_) => {
                let latest = current.map(|policy| policy["_seq_no"].as_i64());
                let outdated = seq_no.is_some_and(|n| latest.is_some_and(|l| l != Some(n)));
                if current.is_none() || outdated {
                    change.push(index.name.as_str());
                }
            }
        }
    }
    let each = [
        ("add", "not managed", add),
        ("change_policy", "managed by an older version of it", change),
    ];
    for (verb, why, indices) in each {
        for (names, batch) in batches(&indices).zip(indices.chunks(20)) {
            steps.push(Step {
                what: "retention",
                name: match batch {
                    [one] => (*one).to_owned(),
                    _ => format!("{} indices from {}", batch.len(), batch[0]),
                },
                action: Action::Update,
                why: why.to_owned(),
                request: Some(Request {
                    method: "POST",
                    path: format!("/_plugins/_ism/{verb}/{names}"),
                    body: json!({"policy_id": name}),
                }),
                essential: false,
            });
        }
    }
    if !others.is_empty() {
        notes.push(format!(
            "managed by a policy of somebody else, and left to it: {}",
            others.join(", ")
        ));
    }
}

fn attached(managed: &Value) -> Option<&str> {
    let names = [
        "policy_id",
        "index.plugins.index_state_management.policy_id",
        "index.opendistro.index_state_management.policy_id",
    ];
    names.iter().find_map(|name| managed[*name].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenSearch reads a pattern: `*` is any text.
    fn matches(pattern: &str, name: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == name,
            Some((begin, rest)) => name.strip_prefix(begin).is_some_and(|name| {
                let ends = (0..=name.len()).filter(|at| name.is_char_boundary(*at));
                ends.into_iter().any(|at| matches(rest, &name[at..]))
            }),
        }
    }

    #[test]
    fn an_update_says_what_changes() {
        let name = policy_name("lf", DocumentKind::Log);
        let wanted = policy("lf", DocumentKind::Log, 30);
        let why = |there: Value| {
            let step = policy_step(&name, wanted.clone(), Some(&there), false).unwrap();
            (step.action, step.why)
        };
        let older = policy("lf", DocumentKind::Log, 7);
        assert_eq!(why(older), (Action::Update, "7d → 30d".to_owned()));
        let mut otherwise = wanted.clone();
        otherwise["policy"]["ism_template"][0]["index_patterns"] = json!(["lf-*"]);
        let why_text = "of the same age, but otherwise not as it should be";
        assert_eq!(why(otherwise), (Action::Update, why_text.to_owned()));
        assert_eq!(why(wanted.clone()), (Action::Keep, String::new()));
    }

    #[test]
    fn policies_are_for_daily_indices_alone() {
        let patterns = daily_patterns("lf", DocumentKind::Log);
        let managed = |name: &str| patterns.iter().any(|pattern| matches(pattern, name));
        for name in [
            "lf-logs-2026.11.22",
            "lf-logs-2026.01.01",
            "lf-logs-2027.12.31",
        ] {
            assert!(managed(name), "{name}");
        }
        for name in [
            "lf-logs-2026.11.22-copy",
            "lf-logs-2026.11.22.1",
            "lf-logs-2026.11.221",
            "lf-logs-1970.01.01",
            "lf-logs-archive",
            "lf-invocations-2026.11.22",
            "x-lf-logs-2026.11.22",
        ] {
            assert!(!managed(name), "{name}");
        }
    }
}
