/*! Tests of dashboards, monitors and documented queries that need no server. */

#[path = "../docs/generated_page.rs"]
mod generated_page;
mod named_fields;
mod objects;
#[expect(dead_code, reason = "shared with the tests on real servers")]
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use logferry_core::dashboards::{Ownership, boards, ownership, saved_objects};
use logferry_core::document::schema::{FIELDS, Field, FieldKind};
use regex::Regex;
use serde_json::{Value, json};

use objects::{FILES, Object, objects};

#[test]
fn the_files_are_up_to_date() {
    let boards = boards("logferry");
    assert_eq!(
        FILES,
        *boards.iter().map(|board| board.name).collect::<Vec<_>>()
    );
    for board in boards {
        let file = format!("deploy/dashboards/{}.ndjson", board.name);
        let source = "crates/core/src/dashboards";
        generated_page::assert_up_to_date(&file, &board.to_ndjson(), source, "dashboards");
    }
}

/// Each file can be imported alone, into any Dashboards.
#[test]
fn references_resolve_within_a_file() {
    for file in FILES {
        let objects = objects(file);
        let keys: Vec<_> = objects
            .iter()
            .map(|o| json!({"type": o.kind, "id": o.id}))
            .collect();
        let distinct: BTreeSet<_> = keys.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), objects.len(), "{file}: an id twice");
        for object in &objects {
            assert!(object.id.starts_with("logferry-"), "{}", object.id);
            let mut names = BTreeSet::new();
            for reference in &object.references {
                let key = json!({"type": reference["type"], "id": reference["id"]});
                assert!(keys.contains(&key), "{file}: {} refers to {key}", object.id);
                assert!(
                    names.insert(reference["name"].as_str().unwrap()),
                    "{}",
                    object.id
                );
            }
        }
        assert_eq!(objects.last().unwrap().kind, "dashboard", "{file}");
        assert_eq!(
            objects.iter().filter(|o| o.kind == "dashboard").count(),
            1,
            "{file}"
        );
    }
}

/// The names of references stand in the texts where Dashboards looks for them.
#[test]
fn panels_fill_the_grid_and_name_their_references() {
    for file in FILES {
        for object in objects(file) {
            let names: BTreeSet<&str> = object
                .references
                .iter()
                .map(|r| r["name"].as_str().unwrap())
                .collect();
            match object.kind.as_str() {
                "dashboard" => assert_eq!(panel_names(&object), names, "{file}"),
                "index-pattern" => assert!(names.is_empty()),
                _ => {
                    let source = object.search_source();
                    let named: BTreeSet<&str> =
                        source["indexRefName"].as_str().into_iter().collect();
                    assert_eq!(named, names, "{}", object.id);
                    assert!(
                        source.get("index").is_none(),
                        "{}: an id that is no reference",
                        object.id
                    );
                }
            }
        }
    }
}

/// The names of the references of a dashboard's panels, whose places do not overlap.
fn panel_names(dashboard: &Object) -> BTreeSet<&'static str> {
    let panels = dashboard.inner("panelsJSON");
    let mut taken = BTreeSet::new();
    let mut names = BTreeSet::new();
    for panel in panels.as_array().unwrap() {
        let grid = &panel["gridData"];
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| grid[side].as_u64().unwrap());
        assert!(w > 0 && h > 0 && x + w <= 48, "{grid}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{}: {grid} overlaps", dashboard.id);
        }
        assert_eq!(grid["i"], panel["panelIndex"]);
        names.insert(String::leak(panel["panelRefName"].as_str().unwrap().to_owned()) as &str);
    }
    names
}

#[test]
fn every_text_with_json_parses() {
    for object in FILES.into_iter().flat_map(objects) {
        match object.kind.as_str() {
            "index-pattern" => {
                assert!(object.inner("fields").as_array().unwrap().len() > 15);
                object.inner("fieldFormatMap");
            }
            "visualization" => {
                let state = object.inner("visState");
                assert_eq!(state["title"], object.attributes["title"]);
                object.inner("uiStateJSON");
                object.search_source();
                if let Some(spec) = object.vega() {
                    assert_eq!(
                        spec["$schema"],
                        "https://vega.github.io/schema/vega-lite/v5.json"
                    );
                }
            }
            "search" => drop(object.search_source()),
            "dashboard" => {
                object.inner("optionsJSON");
                object.search_source();
            }
            kind => panic!("{kind}: a type that Dashboards may not take"),
        }
    }
}

/// What Dashboards has a mapping for: its indices refuse anything else (`strict_dynamic_mapping_exception`).
#[test]
fn objects_have_only_attributes_that_dashboards_maps() {
    let known = BTreeMap::from([
        (
            "visualization",
            "description kibanaSavedObjectMeta title uiStateJSON version visState",
        ),
        (
            "search",
            "columns description hits kibanaSavedObjectMeta sort title version",
        ),
        (
            "dashboard",
            "description hits kibanaSavedObjectMeta optionsJSON panelsJSON refreshInterval timeFrom timeRestore timeTo title version",
        ),
        (
            "index-pattern",
            "fieldFormatMap fields sourceFilters timeFieldName title",
        ),
    ]);
    for object in FILES.into_iter().flat_map(objects) {
        for name in object.attributes.as_object().unwrap().keys() {
            let known = known[object.kind.as_str()];
            assert!(known.split(' ').any(|k| k == name), "{}: {name}", object.id);
        }
    }
}

#[test]
fn another_prefix_gives_other_ids_and_indices() {
    let ours = saved_objects("logferry");
    let others = saved_objects("team-a");
    assert_eq!(ours.len(), others.len());
    for object in &others {
        assert!(object.id.starts_with("team-a-"), "{}", object.id);
        let line = object.to_line();
        assert!(!line.contains("logferry-"), "{line}");
        let references = serde_json::from_str::<Value>(&line).unwrap()["references"].take();
        match object.fingerprint() {
            Some(mark) => assert_eq!(
                ownership(&object.attributes, &references),
                Ownership::Unchanged(mark.to_owned())
            ),
            None => assert_eq!(object.kind.as_str(), "index-pattern"),
        }
    }
    let distinct: BTreeSet<_> = ours.iter().map(|o| (o.kind, &o.id)).collect();
    assert_eq!(distinct.len(), ours.len());
}

// ---- fields ----

/// A field and its kind, by the indices that a panel asks.
fn field(indices: &str, path: &str) -> Option<FieldKind> {
    let of_schema = |fits: fn(&Field) -> bool| {
        let field = FIELDS.iter().find(|field| field.path == path)?;
        fits(field).then_some(field.kind)
    };
    match indices {
        "logferry-logs-*" => of_schema(Field::in_logs),
        "logferry-invocations-*" => of_schema(Field::in_invocations),
        // A test on the real node holds this list: it looks at the mapping of an index of dead letters.
        "logferry-dead-letters*" => match path {
            "@timestamp" => Some(FieldKind::Date),
            "status" | "offset" | "size" | "format" => Some(FieldKind::Long),
            "kind.keyword" | "index.keyword" => Some(FieldKind::Keyword { ignore_above: 256 }),
            "kind" | "reason" | "bucket" | "key" | "index" => Some(FieldKind::Text),
            _ => None,
        },
        other => panic!("{other}: not an index of logferry"),
    }
}

fn must_have(object: &Object, indices: &str, path: &str) -> FieldKind {
    field(indices, path).unwrap_or_else(|| panic!("{}: {indices} has no field {path}", object.id))
}

#[test]
fn each_aggregation_fits_a_field_of_the_schema() {
    let mut aggregations = 0;
    for all in FILES.map(objects) {
        for panel in &all {
            let Some(indices) = panel.indices(&all) else {
                continue;
            };
            let Some(body) = requests::body(panel, &json!({"gte": "now-1d"})) else {
                continue;
            };
            aggregations += check_aggregations(panel, &indices, &body["aggs"]);
        }
    }
    assert!(aggregations > 50, "{aggregations}");
}

/// Checks all aggregations and counts them.
fn check_aggregations(panel: &Object, indices: &str, aggs: &Value) -> usize {
    let mut checked = 0;
    for aggregation in aggs.as_object().into_iter().flat_map(|aggs| aggs.values()) {
        checked += 1 + check_aggregations(panel, indices, &aggregation["aggs"]);
        for (kind, params) in aggregation
            .as_object()
            .unwrap()
            .iter()
            .filter(|(k, _)| *k != "aggs")
        {
            let Some(path) = params["field"].as_str() else {
                assert!(matches!(kind.as_str(), "filters" | "filter"), "{kind}");
                continue;
            };
            let of_field = must_have(panel, indices, path);
            let number = matches!(of_field, FieldKind::Double | FieldKind::Long);
            let keyword = matches!(of_field, FieldKind::Keyword { .. });
            let fits = match kind.as_str() {
                "terms" => keyword || of_field == FieldKind::Long,
                "cardinality" => keyword,
                "date_histogram" => of_field == FieldKind::Date,
                "sum" | "percentiles" => number,
                "min" | "max" => number || of_field == FieldKind::Date,
                other => panic!("{other}"),
            };
            assert!(fits, "{}: {kind} of {path}, a {of_field:?}", panel.id);
        }
    }
    checked
}

/// Queries, columns, sorts and expressions of Vega.
#[test]
fn each_named_field_is_in_the_schema() {
    let in_query = Regex::new(r"_exists_:([\w.@]+)|([\w.@]+):").unwrap();
    let in_vega = Regex::new(r"datum\._source((?:\.\w+|\['@timestamp'\])+)").unwrap();
    let mut named = 0;
    for all in FILES.map(objects) {
        for panel in &all {
            let Some(indices) = panel.indices(&all) else {
                continue;
            };
            let mut paths = BTreeSet::new();
            if let Some(spec) = panel.vega() {
                let objects: BTreeSet<&str> = FIELDS
                    .iter()
                    .filter_map(|f| Some(f.path.rsplit_once('.')?.0))
                    .collect();
                for found in in_vega.captures_iter(&spec["transform"].to_string()) {
                    let path = found[1].replace("['@timestamp']", "@timestamp");
                    paths.insert(path.trim_start_matches('.').to_owned());
                }
                paths.retain(|path| !objects.contains(path.as_str()));
                let source = spec["data"]["url"]["body"]["_source"].as_array();
                let source: BTreeSet<String> = source
                    .into_iter()
                    .flatten()
                    .map(|f| f.as_str().unwrap().to_owned())
                    .collect();
                assert_eq!(paths, source, "{}: fields asked for and used", panel.id);
            } else {
                for text in queries(panel) {
                    let found = in_query
                        .captures_iter(&text)
                        .map(|c| c.get(1).or(c.get(2)).unwrap());
                    paths.extend(found.map(|m| m.as_str().to_owned()));
                }
                let columns = panel.attributes["columns"].as_array();
                paths.extend(
                    columns
                        .into_iter()
                        .flatten()
                        .map(|c| c.as_str().unwrap().to_owned()),
                );
            }
            for path in &paths {
                must_have(panel, &indices, path);
            }
            named += paths.len();
        }
    }
    assert!(named > 60, "{named}");
}

/// The query of a panel, and those of its buckets.
fn queries(panel: &Object) -> Vec<String> {
    let text = |query: &Value| query["query"].as_str().unwrap().to_owned();
    let mut queries = vec![text(&panel.search_source()["query"])];
    if panel.kind == "visualization" {
        let state = panel.inner("visState");
        let filters = state["aggs"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|agg| agg["params"]["filters"].as_array());
        queries.extend(filters.flatten().map(|filter| text(&filter["input"])));
    }
    queries
}
