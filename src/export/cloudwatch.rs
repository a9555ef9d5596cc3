/*! The calls of an export over CloudWatch Logs. */

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatchlogs::types as sdk;

use crate::export::{LogsApi, LogsError, LogsErrorKind, Page};
use crate::source::aws_errors::sdk_reason;
use logferry_core::export::{ExportTask, LogGroup, Tags, Target, TaskStatus, Window};

/// CloudWatch's greatest page.
const PAGE: i32 = 50;

pub struct CloudWatchLogs {
    client: Client,
}

impl CloudWatchLogs {
    /// The client must not retry: the exporter does.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl LogsApi for CloudWatchLogs {
    async fn groups(&self, prefix: &str, page: Option<&str>) -> Result<Page<LogGroup>, LogsError> {
        const CALL: &str = "logs:DescribeLogGroups";
        let request = self.client.describe_log_groups().limit(PAGE);
        let request = request.set_next_token(page.map(str::to_owned));
        let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        let response = request.set_log_group_name_prefix(prefix).send().await;
        let response = response.map_err(|error| logs_error(CALL, &error))?;
        let mut items = Vec::new();
        for group in response.log_groups() {
            let name = group.log_group_name().unwrap_or_default();
            items.push(log_group(group).ok_or_else(|| LogsError {
                kind: LogsErrorKind::Refused,
                call: CALL,
                reason: format!("the ARN of {name} names no account and region"),
            })?);
        }
        Ok(Page {
            items,
            next: response.next_token,
        })
    }

    async fn tags(&self, group: &LogGroup) -> Result<Option<Tags>, LogsError> {
        let request = self.client.list_tags_for_resource();
        match request.resource_arn(&group.arn).send().await {
            Ok(response) => Ok(Some(
                response.tags.unwrap_or_default().into_iter().collect(),
            )),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => {
                let mut error = logs_error("logs:ListTagsForResource", &error);
                if error.kind == LogsErrorKind::Denied {
                    // This call's permission is the only one that names the ARN without `:*`.
                    error.reason += &format!(" (allow it on {})", group.arn);
                }
                Err(error)
            }
        }
    }

    async fn create(&self, target: &Target, window: Window) -> Result<String, LogsError> {
        const CALL: &str = "logs:CreateExportTask";
        let request = self.client.create_export_task();
        let response = request
            .task_name(target.task_name(window))
            .log_group_name(&target.group.name)
            .from(window.from)
            .to(window.to)
            .destination(&target.destination.bucket)
            .destination_prefix(&target.prefix)
            .send()
            .await;
        let mut response = response.map_err(|error| logs_error(CALL, &error))?;
        response.task_id.take().ok_or_else(|| LogsError {
            kind: LogsErrorKind::Retryable,
            call: CALL,
            reason: "the answer has no task id".to_owned(),
        })
    }

    async fn task(&self, id: &str) -> Result<Option<ExportTask>, LogsError> {
        let request = self.client.describe_export_tasks().task_id(id);
        match request.send().await {
            Ok(response) => Ok(response.export_tasks().iter().find_map(export_task)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(logs_error("logs:DescribeExportTasks", &error)),
        }
    }

    async fn tasks(
        &self,
        status: Option<TaskStatus>,
        page: Option<&str>,
    ) -> Result<Page<ExportTask>, LogsError> {
        let request = self.client.describe_export_tasks().limit(PAGE);
        let response = request
            .set_status_code(status.map(status_code))
            .set_next_token(page.map(str::to_owned))
            .send()
            .await
            .map_err(|error| logs_error("logs:DescribeExportTasks", &error))?;
        Ok(Page {
            items: response
                .export_tasks()
                .iter()
                .filter_map(export_task)
                .collect(),
            next: response.next_token,
        })
    }

    async fn cancel(&self, id: &str) -> Result<(), LogsError> {
        let request = self.client.cancel_export_task().task_id(id);
        let response = request.send().await;
        response
            .map(|_| ())
            .map_err(|error| logs_error("logs:CancelExportTask", &error))
    }
}

/// Account and region stand in the ARN: `arn:aws:logs:<region>:<account>:log-group:<name>:*`.
fn log_group(group: &sdk::LogGroup) -> Option<LogGroup> {
    let arn = group.arn().or(group.log_group_arn())?;
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some(())?;
    Some(LogGroup {
        name: group.log_group_name()?.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
        arn: arn.to_owned(),
        class: group
            .log_group_class()
            .map(|class| class.as_str().to_owned()),
    })
}

/// `None` for a task without the fields that tell whose it is.
fn export_task(task: &sdk::ExportTask) -> Option<ExportTask> {
    let status = task.status()?;
    Some(ExportTask {
        id: task.task_id()?.to_owned(),
        name: task.task_name().unwrap_or_default().to_owned(),
        log_group: task.log_group_name().unwrap_or_default().to_owned(),
        bucket: task.destination().unwrap_or_default().to_owned(),
        prefix: task.destination_prefix().unwrap_or_default().to_owned(),
        window: Window {
            from: task.from()?,
            to: task.to()?,
        },
        status: task_status(status.code()?.as_str()),
        message: status.message().unwrap_or_default().to_owned(),
        created: task.execution_info().and_then(|info| info.creation_time()),
    })
}

/// A word that is not known yet counts as running: the exporter waits.
fn task_status(code: &str) -> TaskStatus {
    match code {
        "PENDING" => TaskStatus::Pending,
        "PENDING_CANCEL" => TaskStatus::PendingCancel,
        "COMPLETED" => TaskStatus::Completed,
        "FAILED" => TaskStatus::Failed,
        "CANCELLED" => TaskStatus::Cancelled,
        _ => TaskStatus::Running,
    }
}

fn status_code(status: TaskStatus) -> sdk::ExportTaskStatusCode {
    match status {
        TaskStatus::Pending => sdk::ExportTaskStatusCode::Pending,
        TaskStatus::Running => sdk::ExportTaskStatusCode::Running,
        TaskStatus::PendingCancel => sdk::ExportTaskStatusCode::PendingCancel,
        TaskStatus::Completed => sdk::ExportTaskStatusCode::Completed,
        TaskStatus::Failed => sdk::ExportTaskStatusCode::Failed,
        TaskStatus::Cancelled => sdk::ExportTaskStatusCode::Cancelled,
    }
}

fn logs_error<E>(
    call: &'static str,
    error: &SdkError<E, aws_sdk_cloudwatchlogs::config::http::HttpResponse>,
) -> LogsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    LogsError {
        kind: kind(code, status),
        call,
        reason: sentence(code, &sdk_reason(error)),
    }
}

/// Tells from code and status whether a later request may succeed.
fn kind(code: &str, status: Option<u16>) -> LogsErrorKind {
    match code {
        "LimitExceededException" => LogsErrorKind::LimitExceeded,
        "AccessDeniedException" => LogsErrorKind::Denied,
        "ResourceNotFoundException"
        | "InvalidParameterException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "OptInRequired" => LogsErrorKind::Refused,
        // Throttling has status 400 and many names.
        code if code.contains("Thrott") || code.contains("TooManyRequests") => {
            LogsErrorKind::Retryable
        }
        "OperationAbortedException"
        | "ResourceAlreadyExistsException"
        | "ServiceUnavailableException" => LogsErrorKind::Retryable,
        _ => match status {
            Some(400..=499) => LogsErrorKind::Refused,
            _ => LogsErrorKind::Retryable,
        },
    }
}

/// Adds the remedy.
fn sentence(code: &str, reason: &str) -> String {
    match code {
        "AccessDeniedException" => format!("no permission: {reason}"),
        "InvalidParameterException" if reason.to_ascii_lowercase().contains("bucket") => {
            format!(
                "{reason} (the bucket must be in the region of the log group, and its policy must allow CloudWatch Logs to write below the prefix: logferry export --print-bucket-policy)"
            )
        }
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_of_four_kinds() {
        for (code, status, expected) in [
            (
                "LimitExceededException",
                Some(400),
                LogsErrorKind::LimitExceeded,
            ),
            ("ThrottlingException", Some(400), LogsErrorKind::Retryable),
            ("Throttling", Some(400), LogsErrorKind::Retryable),
            (
                "TooManyRequestsException",
                Some(429),
                LogsErrorKind::Retryable,
            ),
            (
                "OperationAbortedException",
                Some(400),
                LogsErrorKind::Retryable,
            ),
            (
                "ServiceUnavailableException",
                Some(500),
                LogsErrorKind::Retryable,
            ),
            ("InternalFailure", Some(500), LogsErrorKind::Retryable),
            ("", None, LogsErrorKind::Retryable),
            ("", Some(502), LogsErrorKind::Retryable),
            ("AccessDeniedException", Some(400), LogsErrorKind::Denied),
            (
                "ResourceNotFoundException",
                Some(400),
                LogsErrorKind::Refused,
            ),
            (
                "InvalidParameterException",
                Some(400),
                LogsErrorKind::Refused,
            ),
            ("SomethingNewException", Some(400), LogsErrorKind::Refused),
        ] {
            assert_eq!(kind(code, status), expected, "{code}");
        }
    }

    #[test]
    fn the_arn_of_the_tags_has_no_star() {
        let arn = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/x";
        for listed in [arn.to_owned(), format!("{arn}:*")] {
            let group = sdk::LogGroup::builder().log_group_name("/aws/lambda/x");
            let group = log_group(&group.arn(listed).build()).unwrap();
            assert_eq!(group.arn, arn);
        }
    }

    #[test]
    fn account_and_region_stand_in_the_arn() {
        let read = |arn: &str| {
            let group = sdk::LogGroup::builder()
                .log_group_name("/aws/lambda/x")
                .arn(arn);
            log_group(&group.build()).map(|group| (group.region, group.account))
        };
        let arn = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/aws/lambda/x:*";
        let expected = ("us-gov-west-1".to_owned(), "123456789012".to_owned());
        assert_eq!(read(arn), Some(expected));
        assert_eq!(read("arn:aws:logs"), None);
        assert_eq!(read("arn:aws:logs:::log-group:x"), None);
    }

    #[test]
    fn a_new_status_counts_as_running() {
        assert_eq!(task_status("RESTING"), TaskStatus::Running);
        for status in [
            TaskStatus::Pending,
            TaskStatus::Completed,
            TaskStatus::PendingCancel,
        ] {
            assert_eq!(task_status(status_code(status).as_str()), status);
        }
    }
}
