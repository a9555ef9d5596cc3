/*! The nodes' disks and the cluster's watermarks go in; a finding comes out. */

use serde_json::Value;

use crate::check::{Area, Finding};

const CHECK: &str = "disk";
/// Without watermarks a full disk is still a full disk.
const FULL: f64 = 98.0;

/// The disk of one node, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeDisk {
    pub node: String,
    pub total: f64,
    pub available: f64,
}

impl NodeDisk {
    /// The rows of `_cat/allocation?format=json&bytes=b` with a disk.
    pub fn of_allocation(rows: &Value) -> Vec<Self> {
        let number = |row: &Value, name: &str| row[name].as_str()?.parse::<f64>().ok();
        let rows = rows.as_array().into_iter().flatten();
        rows.filter_map(|row| {
            Some(Self {
                node: row["node"].as_str()?.to_owned(),
                total: number(row, "disk.total").filter(|total| *total > 0.0)?,
                available: number(row, "disk.avail")?,
            })
        })
        .collect()
    }

    fn used(&self) -> f64 {
        100.0 * (1.0 - self.available / self.total)
    }

    fn is_beyond(&self, watermark: Watermark) -> bool {
        match watermark {
            Watermark::Used(percent) => self.used() >= percent,
            Watermark::Free(bytes) => self.available <= bytes,
        }
    }
}

/// OpenSearch writes a limit as a used share (`85%`, `0.85`) or as free bytes (`500mb`).
#[derive(Debug, Clone, Copy, PartialEq)]
enum Watermark {
    /// Percent.
    Used(f64),
    /// Bytes.
    Free(f64),
}

impl Watermark {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(percent) = text.strip_suffix('%') {
            return percent.parse().ok().map(Watermark::Used);
        }
        if let Ok(share) = text.parse::<f64>() {
            return (share <= 1.0).then_some(Watermark::Used(share * 100.0));
        }
        let units = [
            ("kb", 10),
            ("mb", 20),
            ("gb", 30),
            ("tb", 40),
            ("pb", 50),
            ("b", 0),
        ];
        units.iter().find_map(|(unit, bits)| {
            let number = text.strip_suffix(unit)?.parse::<f64>().ok()?;
            Some(Watermark::Free(number * (1_u64 << bits) as f64))
        })
    }
}

/// The cluster's settings on disks, as `_cluster/settings` has them; the innermost scope with a value counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Watermarks {
    enabled: bool,
    low: Option<Watermark>,
    high: Option<Watermark>,
    flood: Option<Watermark>,
}

impl Watermarks {
    pub fn of_settings(answer: &Value) -> Self {
        let text = |path: &str| {
            let scopes = ["transient", "persistent", "defaults"].iter();
            let path = format!("/cluster/routing/allocation/disk/{path}");
            let mut values = scopes.filter_map(|scope| answer[scope].pointer(&path));
            values.find_map(|value| value.as_str().map(str::to_owned))
        };
        let watermark =
            |name: &str| text(&format!("watermark/{name}")).and_then(|t| Watermark::parse(&t));
        Self {
            enabled: text("threshold_enabled").is_none_or(|enabled| enabled != "false"),
            low: watermark("low"),
            high: watermark("high"),
            flood: watermark("flood_stage"),
        }
    }
}

/// The fullest node decides.
pub fn judge(nodes: &[NodeDisk], watermarks: &Watermarks) -> Finding {
    let fullest = nodes.iter().max_by(|a, b| a.used().total_cmp(&b.used()));
    let Some(fullest) = fullest else {
        return Finding::not_checked(
            Area::Opensearch,
            CHECK,
            "no node tells the size of its disk",
        );
    };
    let limits = match watermarks.enabled {
        true => [watermarks.flood, watermarks.high, watermarks.low],
        false => [Some(Watermark::Used(FULL)), None, None],
    };
    let [flood, high, low] = limits.map(|limit| {
        nodes
            .iter()
            .find(|node| limit.is_some_and(|limit| node.is_beyond(limit)))
    });
    let text = |node: &NodeDisk| {
        let free = bytesize::ByteSize(node.available as u64).display().iec();
        format!(
            "node {} uses {:.0} % of its disk, {free} are free",
            node.node,
            node.used()
        )
    };
    let remedy = "add disk or nodes, or delete old indices (`logferry prune`)";
    match (flood, high, low) {
        (Some(node), _, _) => {
            let text = format!(
                "{}: at this watermark OpenSearch makes indices read-only",
                text(node)
            );
            Finding::fault(Area::Opensearch, CHECK, text).remedy(remedy)
        }
        (None, Some(node), _) => {
            let text = format!("{}: OpenSearch moves shards away from it", text(node));
            Finding::warning(Area::Opensearch, CHECK, text).remedy(remedy)
        }
        (None, None, Some(node)) => {
            let text = format!("{}: OpenSearch puts no new replicas on it", text(node));
            Finding::warning(Area::Opensearch, CHECK, text).remedy(remedy)
        }
        (None, None, None) => Finding::ok(Area::Opensearch, CHECK, text(fullest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use serde_json::json;

    fn disk(used: u64) -> NodeDisk {
        NodeDisk {
            node: format!("n{used}"),
            total: 100.0 * (1 << 30) as f64,
            available: (100 - used) as f64 * (1 << 30) as f64,
        }
    }

    fn settings(disk: Value) -> Watermarks {
        Watermarks::of_settings(
            &json!({"defaults": {"cluster": {"routing": {"allocation": {"disk": disk}}}}}),
        )
    }

    #[test]
    fn the_fullest_node_decides() {
        // As 3.4.0 answers.
        let usual = json!({"threshold_enabled": "true", "watermark": {"flood_stage": "95%", "high": "90%", "low": "85%", "enable_for_single_data_node": "false"}});
        let bytes = json!({"threshold_enabled": "true", "watermark": {"flood_stage": "5gb", "high": "10gb", "low": "15gb"}});
        let shares = json!({"watermark": {"flood_stage": "0.95", "high": "0.9", "low": "0.85"}});
        for (used, outcome) in [
            ([10, 84], Outcome::Ok),
            ([86, 10], Outcome::Warning),
            ([10, 91], Outcome::Warning),
            ([96, 10], Outcome::Fault),
        ] {
            for disks in [&usual, &bytes, &shares] {
                let found = judge(&used.map(disk), &settings(disks.clone()));
                assert_eq!(found.outcome, outcome, "{used:?} {disks}: {}", found.text);
            }
        }
        let off =
            settings(json!({"threshold_enabled": "false", "watermark": {"flood_stage": "95%"}}));
        assert_eq!(judge(&[disk(96)], &off).outcome, Outcome::Ok);
        assert_eq!(judge(&[disk(99)], &off).outcome, Outcome::Fault);
        assert_eq!(judge(&[], &off).outcome, Outcome::NotChecked);
    }

    #[test]
    fn rows_without_a_disk_are_left_out() {
        // As 3.4.0 answers, with a row for shards that have no node.
        let rows = json!([
            {"shards": "0", "disk.used": "246227738624", "disk.avail": "24325435392", "disk.total": "270553174016", "disk.percent": "91", "node": "a"},
            {"shards": "1", "disk.avail": null, "disk.total": null, "node": "UNASSIGNED"},
        ]);
        let disks = NodeDisk::of_allocation(&rows);
        assert_eq!(disks.len(), 1);
        assert_eq!(disks[0].used().round(), 91.0);
    }
}
