/*! A plan goes in; its requests are sent one after the other, and the failed steps come out. */

use serde_json::Value;

use crate::commands::setup::plan::Plan;
use crate::commands::setup::plan::step::{Request, Step};
use crate::commands::setup::setup_error::SetupError;
use crate::sink::opensearch::{Method, OpenSearch};

/// A failed step after which setup went on, because the step only mends old indices.
#[derive(Debug)]
pub(crate) struct FailedStep<'p> {
    pub step: &'p Step,
    pub error: SetupError,
}

/// Calls `done` after each step. Ends at the first essential step that fails.
pub(crate) async fn apply<'p>(
    index: &OpenSearch,
    plan: &'p Plan,
    mut done: impl FnMut(&'p Step),
) -> Result<Vec<FailedStep<'p>>, SetupError> {
    let mut failed = Vec::new();
    for step in &plan.steps {
        let Some(request) = &step.request else {
            continue;
        };
        match send(index, request).await {
            Ok(()) => done(step),
            Err(error) if step.essential => return Err(error),
            Err(error) => failed.push(FailedStep { step, error }),
        }
    }
    Ok(failed)
}

async fn send(index: &OpenSearch, request: &Request) -> Result<(), SetupError> {
    let Request { method, path, body } = request;
    let how = match *method {
        "PUT" => Method::PUT,
        _ => Method::POST,
    };
    let answer = index.call(how, path, Some(body)).await;
    let answer = answer.map_err(|error| SetupError::Index {
        request: format!("{method} {path}"),
        error,
    })?;
    match refused(&answer) {
        None => Ok(()),
        Some(why) => Err(SetupError::Refused(format!("{method} {path}: {why}"))),
    }
}

/// The reason if only the body of a response of success says that nothing was done.
fn refused(answer: &Value) -> Option<String> {
    if answer["acknowledged"] == false {
        return Some("not acknowledged in time by all nodes: run it again".to_owned());
    }
    if answer["failures"] == true {
        return Some(answer["failed_indices"].to_string());
    }
    None
}
