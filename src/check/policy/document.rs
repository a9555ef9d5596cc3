/*! The text of a policy document goes in; its statements come out. IAM writes a list of one as its only element. */

use std::collections::BTreeMap;

use serde_json::Value;

#[derive(Debug, thiserror::Error)]
#[error("the policy cannot be read: {0}")]
pub struct PolicyError(String);

#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A list of patterns, or everything outside of it (`NotAction`).
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub not: bool,
    pub patterns: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    pub principals: Principals,
    pub actions: Selection,
    pub resources: Selection,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
pub(super) struct Principals {
    pub not: bool,
    pub everyone: bool,
    pub services: Vec<String>,
}

/// One key of one operator. Its values are alternatives.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// Operator → key → one value or a list.
type Conditions = BTreeMap<String, BTreeMap<String, Value>>;

impl Policy {
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        let statements = match member(&document, "Statement") {
            Some(Value::Array(statements)) => statements.clone(),
            Some(one) => vec![one.clone()],
            None => return Err(PolicyError("it has no Statement".to_owned())),
        };
        let statements = statements.into_iter().map(Statement::of);
        Ok(Self {
            statements: statements.collect::<Result<_, _>>()?,
        })
    }

    /// Values of conditions on this key in statements that allow something, such as `aws:SourceArn`.
    pub fn allowed_values(&self, key: &str) -> Vec<&str> {
        let allowing = self.statements.iter().filter(|s| s.effect == Effect::Allow);
        allowing
            .flat_map(|statement| statement.wanted(key))
            .collect()
    }
}

/// IAM's names of members do not depend on upper and lower case.
fn member<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    let members = of.as_object()?;
    let found = members
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// The texts of one value or of a list. Numbers and truth values become text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

impl Statement {
    fn of(value: Value) -> Result<Self, PolicyError> {
        let sid = member(&value, "Sid")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let effect = match member(&value, "Effect").and_then(Value::as_str) {
            Some(effect) if effect.eq_ignore_ascii_case("allow") => Effect::Allow,
            Some(effect) if effect.eq_ignore_ascii_case("deny") => Effect::Deny,
            _ => return Err(PolicyError("a statement has no Effect".to_owned())),
        };
        let mut conditions = Vec::new();
        if let Some(given) = member(&value, "Condition") {
            let given: Conditions = serde_json::from_value(given.clone())
                .map_err(|error| PolicyError(format!("Condition: {error}")))?;
            for (operator, keys) in given {
                conditions.extend(keys.into_iter().map(|(key, values)| Condition {
                    operator: operator.clone(),
                    key,
                    values: texts(&values),
                }));
            }
        }
        Ok(Self {
            sid,
            effect,
            principals: Principals::of(&value),
            actions: selection(&value, "Action", "NotAction"),
            resources: selection(&value, "Resource", "NotResource"),
            conditions,
        })
    }

    /// The values that its conditions ask of this key.
    pub(super) fn wanted(&self, key: &str) -> impl Iterator<Item = &str> {
        let of_key = self.conditions.iter().filter(move |condition| {
            let is_negated = condition.operator.to_ascii_lowercase().contains("not");
            !is_negated && condition.key.eq_ignore_ascii_case(key)
        });
        of_key.flat_map(|condition| condition.values.iter().map(String::as_str))
    }

    /// How messages name the statement.
    pub(super) fn name(&self) -> String {
        match &self.sid {
            Some(sid) => format!("its statement {sid}"),
            None => "a statement of it".to_owned(),
        }
    }
}

fn selection(statement: &Value, name: &str, not_name: &str) -> Selection {
    match (member(statement, name), member(statement, not_name)) {
        (Some(given), _) => Selection {
            not: false,
            patterns: texts(given),
        },
        (None, Some(given)) => Selection {
            not: true,
            patterns: texts(given),
        },
        (None, None) => Selection {
            not: false,
            patterns: Vec::new(),
        },
    }
}

impl Principals {
    fn of(statement: &Value) -> Self {
        let (not, given) = match member(statement, "Principal") {
            Some(given) => (false, given),
            None => match member(statement, "NotPrincipal") {
                Some(given) => (true, given),
                None => (false, &Value::Null),
            },
        };
        let listed = |name| member(given, name).map(texts).unwrap_or_default();
        let services = listed("Service");
        Self {
            not,
            everyone: given == "*"
                || listed("AWS").iter().any(|aws| aws == "*")
                || services.iter().any(|service| service == "*"),
            services,
        }
    }
}
