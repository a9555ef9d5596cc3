/*! What `search` and `report` do before and after their questions: interrupts, mistakes in TEXT, closed indices,
answers that are not whole. */

use anyhow::bail;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::commands::search::output::{is_closed_pipe, note};
use crate::commands::search::sentences;
use crate::search;
use crate::search::{Order, Question, SearchClient, SearchError, TextCheck};
use crate::sink::IndexError;

/// A token that Ctrl-C cancels.
pub fn stopped_by_interrupt() -> CancellationToken {
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    stop
}

/// Fails if TEXT makes no sense. Returns why it is unknown whether the fields of TEXT exist.
pub async fn check_text(
    client: &SearchClient,
    question: &Question,
    text: &str,
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let literal = question.literal;
    let query = search::list(question, now, Order::OldestFirst);
    let check = match client.validate(&query).await {
        Ok(response) => search::check_text(text, literal, &response),
        Err(error @ IndexError::Unanswered(_)) => bail!(error),
        Err(error) => TextCheck::Unknown(error.to_string()),
    };
    match check {
        TextCheck::Unknown(why) if !literal && search::names_fields(text) => {
            note(&format!(
                "TEXT: whether its fields exist could not be checked: {why}"
            ));
            Ok(Some(why))
        }
        TextCheck::Wrong(problem) => {
            bail!(RefusedText(sentences::text_problem(
                question, text, &problem
            )))
        }
        TextCheck::Good | TextCheck::Unknown(_) => Ok(None),
    }
}

/// TEXT makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct RefusedText(String);

/// Whether [`check_text`] has found a mistake in TEXT.
pub fn is_refused_text<T>(checked: &anyhow::Result<T>) -> bool {
    (checked.as_ref().err()).is_some_and(|error| error.is::<RefusedText>())
}

/// Says which closed indices the searches have left out; asks only if there is one.
pub async fn met_closed_indices(
    client: &SearchClient,
    question: &Question,
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let closed = client.met_closed_indices(question, now).await?;
    Ok(sentences::closed_indices(&closed))
}

/// How a command ends: an answer that is not whole is a failure. `closed` names closed indices that were not searched.
pub fn outcome(
    ended: anyhow::Result<()>,
    client: &SearchClient,
    question: &Question,
    closed: Option<String>,
) -> anyhow::Result<()> {
    let Err(error) = ended else {
        let incomplete = || client.incomplete().map(|why| why.to_string());
        return match closed.or_else(incomplete) {
            Some(why) => bail!("there may be more than was found: {why}"),
            None => Ok(()),
        };
    };
    match (error.downcast_ref::<SearchError>(), closed) {
        // The reader of the output has seen enough.
        _ if is_closed_pipe(&error) => Ok(()),
        (Some(SearchError::NoIndex(_)), Some(closed)) => bail!(closed),
        (Some(search_error), _) => bail!(sentence(question, search_error)),
        (None, _) => Err(error),
    }
}

/// Why a search failed. If TEXT could not be checked before, it may be the reason.
fn sentence(question: &Question, error: &SearchError) -> String {
    let sentence = sentences::search_error(error);
    let problem = search::refused_text(&sentence);
    match (&question.text, problem) {
        (Some(text), Some(problem)) => sentences::text_problem(question, text, &problem),
        _ => sentence,
    }
}
