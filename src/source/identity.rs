/*! Credentials go in; who they belong to comes out (STS GetCallerIdentity, which needs no permission). */

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use crate::source::aws_errors::{innermost, sdk_reason};

/// Who signs the requests to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub arn: String,
    pub account: String,
}

/// Why the identity is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unidentified {
    /// There is no region.
    NoRegion,
    /// The standard AWS chain has no credentials.
    Missing(String),
    /// AWS refuses the credentials.
    Refused(String),
    /// STS has not answered. The credentials may be good.
    Unanswered(String),
    /// STS was not asked: the queue is an emulator's, and its credentials are nothing for AWS.
    Emulated,
}

/// Whether the standard AWS chain has credentials.
pub async fn has_credentials(aws: &SdkConfig) -> Result<(), Unidentified> {
    let missing = |reason: String| Unidentified::Missing(format!("no AWS credentials ({reason})"));
    let Some(provider) = aws.credentials_provider() else {
        return Err(missing("no provider".to_owned()));
    };
    let provided = provider.provide_credentials().await;
    provided.map_err(|error| missing(innermost(&error)))?;
    Ok(())
}

/// Asks STS.
pub async fn read(client: &Client) -> Result<Identity, Unidentified> {
    let answer = client.get_caller_identity().send().await.map_err(|error| {
        let reason = sdk_reason(&error);
        match (&error, error.code()) {
            (SdkError::ServiceError(_), Some(code)) if is_refusal(code) => {
                Unidentified::Refused(reason)
            }
            _ => Unidentified::Unanswered(reason),
        }
    })?;
    Ok(Identity {
        arn: answer.arn.unwrap_or_default(),
        account: answer.account.unwrap_or_default(),
    })
}

/// Codes of STS that are about the credentials themselves.
fn is_refusal(code: &str) -> bool {
    matches!(
        code,
        "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidToken"
            | "MissingAuthenticationToken"
            | "OptInRequired"
    )
}
