/*! An error code of SQS goes in; its class comes out, with a sentence on what is missing if a retry cannot help. */

use crate::error_class::ErrorClass;
use crate::source::QueueError;

/// Codes that a retry cannot help, without their namespaces.
const FATAL_CODES: [&str; 17] = [
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "AccessDeniedException",
    "InvalidAddress",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "InvalidSecurity",
    "NotAuthorized",
    "OptInRequired",
];

/// The hint if the queue's messages cannot be decrypted.
const KEY_UNUSABLE: &str = "the KMS key of the queue cannot be used: see that it is enabled, and allow \
                            kms:Decrypt on it (senders to the queue need kms:GenerateDataKey as well)";

/// The name of a call's permission.
fn permission(call: &str) -> String {
    format!("sqs:{}", call.trim_end_matches("Batch"))
}

/// The error of a call on a queue: retryable, or fatal with a hint at what is missing.
pub fn refusal(
    call: &str,
    queue_url: &str,
    code: &str,
    message: &str,
    reason: String,
) -> QueueError {
    let name = code.rsplit('#').next().unwrap_or_default();
    let name = name.trim_start_matches("AWS.SimpleQueueService.");
    let kms = name.strip_prefix("KMS.").or(name.strip_prefix("Kms"));
    let missing = match (kms, name) {
        (Some(name), _) if name.starts_with("Thrott") => None,
        (Some(_), _) => Some(KEY_UNUSABLE.to_owned()),
        (_, "AccessDenied" | "AccessDeniedException") if message.contains("perform: kms:") => {
            Some(KEY_UNUSABLE.to_owned())
        }
        // A clock is wrong, that of this machine or of SQS. The code is also used for a wrong key.
        (_, "SignatureDoesNotMatch" | "InvalidSignatureException")
            if message.contains("expired") || message.contains("not yet current") =>
        {
            None
        }
        (_, "AccessDenied" | "AccessDeniedException") => {
            Some(format!("allow {} on the queue", permission(call)))
        }
        (_, name) if FATAL_CODES.contains(&name) => Some(String::new()),
        _ => None,
    };
    QueueError {
        class: match missing {
            Some(_) => ErrorClass::Fatal,
            None => ErrorClass::Retryable,
        },
        status: None,
        code: (!code.is_empty()).then(|| code.to_owned()),
        what: format!("{call} on {queue_url}"),
        reason: match missing.filter(|missing| !missing.is_empty()) {
            Some(missing) => format!("{reason}: {missing}"),
            None => reason,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_error_says_what_is_missing() {
        let of = |code: &str, message: &str| {
            refusal(
                "DeleteMessageBatch",
                "queue",
                code,
                message,
                code.to_owned(),
            )
        };
        for (code, word) in [
            ("AccessDenied", "sqs:DeleteMessage on"),
            ("AccessDeniedException", "sqs:DeleteMessage on"),
            ("KMS.AccessDeniedException", "kms:Decrypt"),
            ("KmsAccessDenied", "kms:Decrypt"),
            ("KMS.DisabledException", "enabled"),
            ("KmsInvalidState", "kms:GenerateDataKey"),
            ("com.amazonaws.sqs#QueueDoesNotExist", "queue"),
            ("AWS.SimpleQueueService.NonExistentQueue", "queue"),
            ("InvalidSecurity", "queue"),
            ("InvalidClientTokenId", "queue"),
            ("SignatureDoesNotMatch", "queue"),
        ] {
            let error = of(code, "");
            assert_eq!(error.class, ErrorClass::Fatal, "{code}");
            assert_eq!(error.code.as_deref(), Some(code));
            let text = error.to_string();
            assert!(
                text.contains(word) && text.contains("DeleteMessageBatch on queue"),
                "{text}"
            );
        }
        let decrypt = of(
            "AccessDenied",
            "User: u is not authorized to perform: kms:Decrypt",
        );
        assert!(
            decrypt.to_string().contains("allow kms:Decrypt"),
            "{decrypt}"
        );
        for (code, message) in [
            ("ExpiredToken", ""),
            ("KMS.ThrottlingException", ""),
            ("KmsThrottled", ""),
            ("RequestThrottled", ""),
            ("OverLimit", ""),
            ("InternalError", ""),
            (
                "InvalidSignatureException",
                "Signature expired: 20261127T000000Z is now earlier than …",
            ),
        ] {
            assert_eq!(of(code, message).class, ErrorClass::Retryable, "{code}");
        }
    }
}
