/*! The steps of a plan, sent one after the other. */

use serde_json::Value;

use crate::commands::setup::SetupError;
use crate::commands::setup::plan::{Plan, Request, Step};
use crate::sink::opensearch::{Method, OpenSearch};

/// A step that did not work although setup went on: it only mends what is old.
#[derive(Debug)]
pub(crate) struct Failed<'p> {
    pub step: &'p Step,
    pub error: SetupError,
}

/// Tells of each step when it is done. Ends at the first essential one that fails.
pub(crate) async fn apply<'p>(
    index: &OpenSearch,
    plan: &'p Plan,
    mut done: impl FnMut(&'p Step),
) -> Result<Vec<Failed<'p>>, SetupError> {
    let mut failed = Vec::new();
    for step in &plan.steps {
        let Some(request) = &step.request else {
            continue;
        };
        match send(index, request).await {
            Ok(()) => done(step),
            Err(error) if step.essential => return Err(error),
            Err(error) => failed.push(Failed { step, error }),
        }
    }
    Ok(failed)
}

async fn send(index: &OpenSearch, request: &Request) -> Result<(), SetupError> {
    let Request { method, path, body } = request;
    let how = match *method {
        "PUT" => Method::Put,
        _ => Method::Post,
    };
    let answer = index.call(how, path, Some(body)).await;
    let answer = answer.map_err(|error| SetupError::index(format!("{method} {path}"), error))?;
    match refused(&answer) {
        None => Ok(()),
        Some(why) => Err(SetupError::Refused(format!("{method} {path}: {why}"))),
    }
}

/// Some answers say by their body alone that it was not done.
fn refused(answer: &Value) -> Option<String> {
    if answer["acknowledged"] == false {
        return Some("not acknowledged in time by all nodes: run it again".to_owned());
    }
    if answer["failures"] == true {
        return Some(answer["failed_indices"].to_string());
    }
    None
}
