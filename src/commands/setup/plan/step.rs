/*! One step of a plan: an object in OpenSearch, and the request that makes or changes it. */

use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// Component template, index template, mappings, alias, policy.
    pub what: &'static str,
    pub name: String,
    pub action: Action,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// New indices need this step. The other steps only mend old indices.
    #[serde(skip)]
    pub essential: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Keep,
    Make,
    Update,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Make => "make",
            Action::Update => "update",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Request {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}
