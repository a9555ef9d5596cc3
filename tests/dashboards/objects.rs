/*! Saved objects read from the files that people import. */

use serde_json::Value;

pub struct Object {
    pub kind: String,
    pub id: String,
    pub attributes: Value,
    pub references: Vec<Value>,
}

pub const FILES: [&str; 4] = ["lambda-overview", "errors", "one-invocation", "pipeline"];

/// The objects of a file in `deploy/dashboards`, in their order.
pub fn objects(file: &str) -> Vec<Object> {
    let path = format!(
        "{}/deploy/dashboards/{file}.ndjson",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.lines().map(|line| object(parsed(line))).collect()
}

fn object(mut line: Value) -> Object {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Object {
        kind: text(&line["type"]),
        id: text(&line["id"]),
        attributes: line["attributes"].take(),
        references: line["references"].as_array().expect("a list").clone(),
    }
}

pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

impl Object {
    /// The content of an attribute that is a text with JSON.
    pub fn inner(&self, name: &str) -> Value {
        parsed(
            self.attributes[name]
                .as_str()
                .unwrap_or_else(|| panic!("{}: {name}", self.id)),
        )
    }

    pub fn search_source(&self) -> Value {
        let meta = &self.attributes["kibanaSavedObjectMeta"]["searchSourceJSON"];
        parsed(
            meta.as_str()
                .unwrap_or_else(|| panic!("{}: no search source", self.id)),
        )
    }

    /// The specification of a Vega panel.
    pub fn vega(&self) -> Option<Value> {
        if self.kind != "visualization" {
            return None;
        }
        let state = self.inner("visState");
        (state["type"] == "vega").then(|| parsed(state["params"]["spec"].as_str().expect("a text")))
    }

    /// Names of the indices that the panel asks: by its index pattern, or as its Vega specification says.
    pub fn indices(&self, all: &[Object]) -> Option<String> {
        if let Some(spec) = self.vega() {
            return Some(
                spec["data"]["url"]["index"]
                    .as_str()
                    .expect("an index")
                    .to_owned(),
            );
        }
        let reference = self
            .references
            .iter()
            .find(|r| r["type"] == "index-pattern")?;
        let pattern = all
            .iter()
            .find(|o| o.id == reference["id"] && o.kind == "index-pattern");
        let title = &pattern.expect("its index pattern").attributes["title"];
        Some(title.as_str().expect("a title").to_owned())
    }
}
