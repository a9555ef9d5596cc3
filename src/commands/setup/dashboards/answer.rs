/*! The answer of Dashboards to an import goes in; what was imported, and a sentence about each failure, come out.
Pure. */

use serde_json::Value;

/// What an import has done.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Ids of the imported objects.
    pub imported: Vec<String>,
    /// Ids of refused objects, a sentence each, in the order in which Dashboards found them.
    pub refused: Vec<(String, String)>,
    /// Ids of objects that Dashboards would have taken, and why it did not.
    pub held_back: Vec<(String, String)>,
}

impl Outcome {
    /// Why this object was not imported.
    pub(crate) fn error(&self, id: &str) -> Option<&str> {
        let mut all = self.refused.iter().chain(&self.held_back);
        let (_, sentence) = all.find(|(other, _)| other == id)?;
        Some(sentence)
    }
}

/// Refusals after which Dashboards stores no object at all, although it lists the others as successes.
const HOLDS_ALL: [&str; 3] = ["conflict", "ambiguous_conflict", "missing_references"];

pub(crate) fn read(answer: &Value) -> Outcome {
    let list = |name: &str| answer[name].as_array().into_iter().flatten();
    let id = |object: &Value| object["id"].as_str().unwrap_or("?").to_owned();
    let holds_all = |refusal: &&Value| {
        let kind = refusal["error"]["type"].as_str().unwrap_or_default();
        HOLDS_ALL.contains(&kind)
    };
    let mut outcome = Outcome::default();
    for refusal in list("errors") {
        outcome.refused.push((id(refusal), sentence(refusal)));
    }
    let cause = list("errors").find(holds_all);
    for success in list("successResults") {
        match cause {
            None => outcome.imported.push(id(success)),
            Some(cause) => {
                let why = format!("not imported because of {}", id_of(cause));
                outcome.held_back.push((id(success), why));
            }
        }
    }
    outcome
}

fn id_of(failure: &Value) -> String {
    let text = |name: &str| failure[name].as_str().unwrap_or("?");
    format!("{} {}", text("type"), text("id"))
}

fn sentence(failure: &Value) -> String {
    let error = &failure["error"];
    let text = |name: &str| error[name].as_str().unwrap_or("?");
    let what = id_of(failure);
    match text("type") {
        "unsupported_type" => format!(
            "{what}: this Dashboards takes no objects of the type {} by import (unsupported_type); 3.7.0 is known to refuse content that 3.6 takes (issue 12201 of OpenSearch-Dashboards): use another version, or see docs/dashboards.md",
            failure["type"].as_str().unwrap_or("?")
        ),
        "conflict" | "ambiguous_conflict" => format!(
            "{what}: another object with this id exists, perhaps in another workspace, and was not overwritten"
        ),
        "missing_references" => {
            let missing = error["references"].as_array().into_iter().flatten();
            let missing: Vec<String> = missing.map(id_of).collect();
            format!(
                "{what}: it refers to objects that do not exist: {}",
                missing.join(", ")
            )
        }
        "missing_data_source" => format!(
            "{what}: the data source {} does not exist there",
            text("dataSourceName")
        ),
        "unknown" => format!(
            "{what}: Dashboards says (HTTP {}): {}",
            error["statusCode"],
            text("message")
        ),
        other => format!("{what}: Dashboards gives the reason {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failure(kind: &str, id: &str, error: Value) -> Value {
        json!({"type": kind, "id": id, "title": "t", "meta": {"title": "t"}, "error": error})
    }

    /// The kinds of failures in `src/core/server/saved_objects/import/types.ts` of OpenSearch-Dashboards.
    #[test]
    fn each_failure_is_a_sentence() {
        let missing = json!({"type": "missing_references", "references": [{"type": "index-pattern", "id": "lf-logs"}]});
        let unknown =
            json!({"type": "unknown", "statusCode": 400, "message": "mapping set to strict"});
        let errors = json!([
            failure("visualization", "a", json!({"type": "unsupported_type"})),
            failure("visualization", "b", json!({"type": "unknown_to_us"})),
            failure("search", "c", unknown),
            failure(
                "search",
                "d",
                json!({"type": "missing_data_source", "dataSourceName": "x"})
            ),
        ]);
        let answer = json!({"success": false, "successCount": 1, "errors": errors,
            "successResults": [{"type": "dashboard", "id": "z", "meta": {}}]});
        let outcome = read(&answer);
        assert_eq!(outcome.imported, ["z"]);
        let more = json!([
            failure("search", "e", missing),
            failure("search", "f", json!({"type": "conflict"})),
        ]);
        let held =
            read(&json!({"errors": more, "successResults": [{"type": "dashboard", "id": "z"}]}));
        assert_eq!(held.imported, [""; 0]);
        assert_eq!(held.error("z"), Some("not imported because of search e"));
        let sentences = outcome.refused.into_iter().chain(held.refused);
        let sentences: Vec<String> = sentences.map(|(_, sentence)| sentence).collect();
        insta::assert_snapshot!(sentences.join("\n"));
    }

    #[test]
    fn an_answer_without_failures() {
        assert_eq!(
            read(&json!({"success": true, "successCount": 0})),
            Outcome::default()
        );
    }
}
