/*! Answers of OpenSearch go in; findings about its version, its templates, its blocks and its room come out. */

use logferry_core::bulk::Verdict;
use serde_json::Value;

use crate::check::{Area, Finding};
use crate::sink::BulkCompression;
use crate::sink::opensearch::{Accepted, Encoding};

const AREA: Area = Area::Opensearch;

/// What is known about writing to one index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteAccess {
    /// The index exists. OpenSearch's verdict on a document that it parses and does not store.
    Tried(Verdict),
    /// The index will be made by the first document. The privileges that the user lacks for that.
    Asked { lacking: Vec<String> },
    /// The index will be made by the first document. OpenSearch has no users.
    Open,
    /// The index will be made by the first document. OpenSearch cannot be asked who may do that.
    Unknown(String),
    /// The question failed.
    Failed(String),
}

/// Whether documents get into an index.
pub fn write(index: &str, access: &WriteAccess) -> Finding {
    let check = "write";
    let finding = match access {
        WriteAccess::Tried(verdict) => tried(verdict),
        WriteAccess::Asked { lacking } if lacking.is_empty() => Finding::ok(
            AREA,
            check,
            "does not exist yet; the user may make it and write to it",
        ),
        WriteAccess::Asked { lacking } => {
            let lacking = lacking.join(", ");
            Finding::fault(
                AREA,
                check,
                format!("the user may not make it or write to it: {lacking} is missing"),
            )
            .remedy("give the user the role of docs/access.md, with this index prefix")
        }
        WriteAccess::Open => Finding::ok(
            AREA,
            check,
            "does not exist yet; this OpenSearch has no security plugin: everybody may make it",
        ),
        WriteAccess::Unknown(reason) => Finding::not_checked(
            AREA,
            check,
            format!(
                "does not exist yet, and whether the user may make it cannot be asked without making it ({reason})"
            ),
        ),
        WriteAccess::Failed(reason) => Finding::fault(AREA, check, reason),
    };
    finding.about(index)
}

fn tried(verdict: &Verdict) -> Finding {
    let check = "write";
    match verdict {
        Verdict::Indexed | Verdict::AlreadyThere => Finding::ok(
            AREA,
            check,
            "takes documents (one was parsed, none was stored)",
        ),
        Verdict::Forbidden { reason, .. } => Finding::fault(AREA, check, reason)
            .remedy("give the user the role of docs/access.md, with this index prefix"),
        Verdict::Unavailable { reason, .. } => Finding::fault(AREA, check, reason)
            .remedy("lift the block, or open the index; free disk space if it ran out"),
        Verdict::Misconfigured { reason, .. } | Verdict::Rejected { reason, .. } => Finding::fault(
            AREA, check, reason,
        )
        .remedy("its mappings are not those of logferry: `logferry setup` shows what differs"),
        Verdict::AppendOnly { reason, .. } => Finding::warning(AREA, check, reason)
            .remedy("summaries of one request in several objects cannot be merged here"),
        Verdict::Retryable { reason, .. } => Finding::warning(AREA, check, reason)
            .remedy("the cluster is overloaded or in trouble: see its health"),
    }
}

/// Blocks of the whole cluster, from `_cluster/settings`; the innermost scope with a value counts.
pub fn cluster_block(settings: &Value) -> Option<Finding> {
    let is_set = |name: &str| {
        let path = format!("/cluster/blocks/{name}");
        let mut scopes = ["transient", "persistent", "defaults"].iter();
        let value = scopes.find_map(|scope| settings[scope].pointer(&path));
        value.is_some_and(|value| *value == "true" || *value == true)
    };
    let names = ["read_only", "read_only_allow_delete", "create_index"];
    let set = names.iter().find(|name| is_set(name))?;
    let text = format!(
        "the cluster setting cluster.blocks.{set} is true: OpenSearch makes no daily indices"
    );
    Some(Finding::fault(AREA, "blocks", text).remedy(format!(
        "set cluster.blocks.{set} to null (free disk space first if it ran out)"
    )))
}

/// Blocks of daily indices, from `_settings?flat_settings=true`. `tried` are indices that have a finding of
/// [`write()`]; `near` are those of yesterday and tomorrow.
pub fn index_blocks(settings: &Value, tried: &[String], near: &[String]) -> Finding {
    let check = "blocks";
    let blocking = ["read_only", "read_only_allow_delete", "write"]
        .map(|block| format!("index.blocks.{block}"));
    let indices = settings.as_object().into_iter().flatten();
    let untried = indices.filter(|(name, _)| !tried.contains(name));
    let blocked = untried.filter_map(|(name, index)| {
        let settings = &index["settings"];
        let block = blocking
            .iter()
            .find(|block| settings[block.as_str()] == "true")?;
        Some((name, block))
    });
    let (now, old): (Vec<_>, Vec<_>) = blocked.partition(|(name, _)| near.contains(name));
    let shown = |blocked: &[(&String, &String)]| {
        let names: Vec<_> = blocked
            .iter()
            .map(|(name, block)| format!("{name} ({block})"))
            .collect();
        match &names[..] {
            [first, _, _, ..] => format!("{} indices, such as {first}", names.len()),
            names => names.join(", "),
        }
    };
    if !now.is_empty() {
        let text = format!("no document can be written to {}", shown(&now));
        return Finding::fault(AREA, check, text)
            .remedy("lift the block; free disk space first if it is read_only_allow_delete");
    }
    if !old.is_empty() {
        let text = format!(
            "documents of other days cannot be written to {}: their messages wait",
            shown(&old)
        );
        return Finding::warning(AREA, check, text)
            .remedy("lift the block if logs of these days are still to come");
    }
    Finding::ok(AREA, check, "none on the cluster and the daily indices")
}

/// The answer of `_cluster/health` and the limit of shards on a node, if it is known.
pub fn health(answer: &Value, shards_per_node: Option<u64>) -> Finding {
    let check = "health";
    let number = |name: &str| answer[name].as_u64().unwrap_or(0);
    let status = answer["status"].as_str().unwrap_or("unknown");
    let shards =
        number("active_shards") + number("initializing_shards") + number("unassigned_shards");
    let most = shards_per_node.map(|each| each.saturating_mul(number("number_of_data_nodes")));
    let text = format!(
        "{status}; data nodes: {}, shards: {shards}",
        number("number_of_data_nodes")
    );
    // Two indices a day, a primary and a replica each.
    let days = most.map(|most| most.saturating_sub(shards) / 4);
    match (days, status) {
        (Some(0), _) => Finding::fault(
            AREA,
            check,
            format!("{text}: the limit of shards (cluster.max_shards_per_node) leaves no room for the next daily indices"),
        )
        .remedy("delete old indices (`logferry prune`), add nodes, or raise the limit"),
        (_, "red") => Finding::warning(AREA, check, format!("{text}: some data cannot be reached"))
            .remedy("see `_cluster/allocation/explain`"),
        (Some(days), _) if days < 14 => Finding::warning(
            AREA,
            check,
            format!("{text}: the limit of shards (cluster.max_shards_per_node) leaves room for about {days} days"),
        )
        .remedy("delete old indices (`logferry prune`), add nodes, or raise the limit"),
        _ => Finding::ok(AREA, check, text),
    }
}

/// Whether the cluster takes bulks as they are to be compressed. `answers` are those about each encoding.
pub fn compression(
    wanted: BulkCompression,
    answers: &[(Encoding, Result<Accepted, String>)],
) -> Finding {
    let check = "compression";
    let of = |encoding| answers.iter().find(|(asked, _)| *asked == encoding);
    let taken: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| *answer == Ok(Accepted::Yes))
        .map(|(encoding, _)| encoding.as_str())
        .collect();
    let taken = match &taken[..] {
        [] => "the cluster takes no compressed bulks".to_owned(),
        taken => format!("the cluster takes {}", taken.join(", ")),
    };
    let (wanted, name) = match wanted {
        BulkCompression::None => {
            return Finding::ok(AREA, check, format!("bulks are sent uncompressed; {taken}"));
        }
        BulkCompression::Auto => {
            return match answers.iter().find_map(|(_, answer)| answer.as_ref().err()) {
                Some(reason) => unseen(check, "which compression the cluster takes", reason),
                None => Finding::ok(AREA, check, format!("auto: {taken}")),
            };
        }
        BulkCompression::Gzip => (of(Encoding::Gzip), "gzip"),
        BulkCompression::Zstd => (of(Encoding::Zstd), "zstd"),
    };
    match wanted {
        Some((_, Ok(Accepted::Yes))) => Finding::ok(AREA, check, format!("{name}: {taken}")),
        Some((_, Ok(Accepted::No(reason)))) => {
            Finding::fault(AREA, check, format!("--bulk-compression {name}: {reason}"))
                .remedy(format!("{taken}: choose from these, none or auto"))
        }
        Some((_, Err(reason))) => unseen(check, "whether the cluster takes it", reason),
        None => Finding::not_checked(AREA, check, "it was not asked"),
    }
}

/// A question that the worker itself does not ask, and that was refused or not answered.
pub fn unseen(check: &'static str, what: &str, reason: &str) -> Finding {
    // Queries of paths are long.
    let words = reason.split(' ').map(|word| match word.starts_with('/') {
        true => word.split('?').next().unwrap_or_default(),
        false => word,
    });
    let reason = words.collect::<Vec<_>>().join(" ");
    Finding::warning(AREA, check, format!("{what} could not be seen ({reason})"))
        .remedy("give the role logferry-check of docs/access.md to have it checked; the worker does not need it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use serde_json::json;

    #[test]
    fn blocks_of_near_days_are_faults() {
        let near = ["lf-logs-2026.11.28".to_owned()];
        let tried = ["lf-logs-2026.11.27".to_owned()];
        let of = |name: &str, block: &str, value: &str| {
            let mut settings = json!({});
            settings[name]["settings"][format!("index.blocks.{block}")] = value.into();
            index_blocks(&settings, &tried, &near).outcome
        };
        for (name, block, value, outcome) in [
            ("lf-logs-2026.11.28", "write", "true", Outcome::Fault),
            (
                "lf-logs-2026.11.28",
                "read_only_allow_delete",
                "true",
                Outcome::Fault,
            ),
            ("lf-logs-2026.11.28", "write", "false", Outcome::Ok),
            ("lf-logs-2026.11.28", "metadata", "true", Outcome::Ok),
            ("lf-logs-2026.11.27", "write", "true", Outcome::Ok),
            ("lf-logs-2026.11.01", "read_only", "true", Outcome::Warning),
        ] {
            assert_eq!(of(name, block, value), outcome, "{name} {block} {value}");
        }
        assert_eq!(index_blocks(&json!({}), &tried, &near).outcome, Outcome::Ok);
    }

    #[test]
    fn a_block_of_the_cluster_is_a_fault() {
        // As 3.4.0 answers.
        let defaults = json!({"cluster": {"blocks": {"create_index": "false", "read_only_allow_delete": "false", "read_only": "false", "create_index.auto_release": "true"}}});
        assert_eq!(cluster_block(&json!({"defaults": defaults})), None);
        for name in ["read_only", "read_only_allow_delete", "create_index"] {
            let set = json!({"persistent": {"cluster": {"blocks": {name: "true"}}}, "defaults": defaults});
            let found = cluster_block(&set).unwrap();
            assert!(found.sentence().contains(name), "{}", found.sentence());
        }
    }

    #[test]
    fn a_compression_that_is_not_taken_is_a_fault() {
        let answers = |gzip: Accepted, zstd: Result<Accepted, String>| {
            [(Encoding::Zstd, zstd), (Encoding::Gzip, Ok(gzip))]
        };
        let no = || Accepted::No("all nodes must be newer".to_owned());
        let both = answers(Accepted::Yes, Ok(Accepted::Yes));
        let old = answers(Accepted::Yes, Ok(no()));
        let unseen = answers(Accepted::Yes, Err("no answer".to_owned()));
        for (wanted, answers, outcome, text) in [
            (
                BulkCompression::None,
                &both,
                Outcome::Ok,
                "the cluster takes zstd, gzip",
            ),
            (
                BulkCompression::None,
                &unseen,
                Outcome::Ok,
                "the cluster takes gzip",
            ),
            (
                BulkCompression::Zstd,
                &both,
                Outcome::Ok,
                "zstd: the cluster takes",
            ),
            (
                BulkCompression::Zstd,
                &old,
                Outcome::Fault,
                "all nodes must be newer: the cluster takes gzip",
            ),
            (
                BulkCompression::Zstd,
                &unseen,
                Outcome::Warning,
                "no answer",
            ),
            (
                BulkCompression::Gzip,
                &old,
                Outcome::Ok,
                "gzip: the cluster takes gzip",
            ),
            (
                BulkCompression::Auto,
                &old,
                Outcome::Ok,
                "auto: the cluster takes gzip",
            ),
            (
                BulkCompression::Auto,
                &unseen,
                Outcome::Warning,
                "no answer",
            ),
            (
                BulkCompression::Gzip,
                &answers(no(), Ok(no())),
                Outcome::Fault,
                "takes no compressed bulks",
            ),
        ] {
            let found = compression(wanted, answers);
            assert_eq!(found.outcome, outcome, "{wanted:?}: {}", found.sentence());
            assert!(
                found.sentence().contains(text),
                "{wanted:?}: {}",
                found.sentence()
            );
        }
    }

    #[test]
    fn the_limit_of_shards_leaves_room_for_days() {
        let of = |status: &str, shards: u64, most: Option<u64>| {
            let answer = json!({"status": status, "number_of_data_nodes": 2, "active_shards": shards, "unassigned_shards": 0});
            health(&answer, most).outcome
        };
        for (status, shards, most, outcome) in [
            ("green", 10, Some(1000), Outcome::Ok),
            ("yellow", 10, None, Outcome::Ok),
            ("red", 10, Some(1000), Outcome::Warning),
            ("green", 1960, Some(1000), Outcome::Warning),
            ("green", 1998, Some(1000), Outcome::Fault),
        ] {
            assert_eq!(
                of(status, shards, most),
                outcome,
                "{status} {shards} {most:?}"
            );
        }
    }

    #[test]
    fn what_an_index_says_about_a_document() {
        let reason = || "r".to_owned();
        for (access, outcome) in [
            (WriteAccess::Tried(Verdict::AlreadyThere), Outcome::Ok),
            (
                WriteAccess::Tried(Verdict::Forbidden {
                    status: 403,
                    reason: reason(),
                }),
                Outcome::Fault,
            ),
            (
                WriteAccess::Tried(Verdict::Unavailable {
                    status: 403,
                    reason: reason(),
                }),
                Outcome::Fault,
            ),
            (
                WriteAccess::Tried(Verdict::Rejected {
                    status: 400,
                    reason: reason(),
                }),
                Outcome::Fault,
            ),
            (
                WriteAccess::Tried(Verdict::Retryable {
                    status: 429,
                    reason: reason(),
                }),
                Outcome::Warning,
            ),
            (WriteAccess::Asked { lacking: vec![] }, Outcome::Ok),
            (
                WriteAccess::Asked {
                    lacking: vec!["indices:admin/create".to_owned()],
                },
                Outcome::Fault,
            ),
            (WriteAccess::Open, Outcome::Ok),
            (WriteAccess::Unknown(reason()), Outcome::NotChecked),
            (WriteAccess::Failed(reason()), Outcome::Fault),
        ] {
            assert_eq!(
                write("lf-logs-2026.11.28", &access).outcome,
                outcome,
                "{access:?}"
            );
        }
    }
}
