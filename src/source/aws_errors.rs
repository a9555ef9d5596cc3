/*! An error of the AWS SDK goes in; one line for a person comes out. */

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// `Code: message` of the service, or the innermost cause of a call that did not get that far.
pub(crate) fn sdk_reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("{code}: {message}"),
        (Some(code), None) => return code.to_owned(),
        _ => {}
    }
    match error {
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .map_or_else(|| innermost(error), |e| innermost(e)),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::ServiceError(_) => "a response that is not the service's".to_owned(),
        error => innermost(error),
    }
}

/// Whether S3 refused a conditional request because the object is another one now (412), or is being written (409).
pub(crate) fn is_changed(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("PreconditionFailed" | "ConditionalRequestConflict")
    )
}

/// The last cause of a chain: the others only say that a cause below them failed.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
