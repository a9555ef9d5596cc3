mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "logferry"
}

run "alone" {
  assert {
    condition     = [for s in jsondecode(aws_kms_key.this.policy).Statement : s.Sid] == ["Account"] && aws_kms_key.this.enable_key_rotation
    error_message = "Without services only the account is named, and the key rotates."
  }
}

run "services" {
  variables {
    bucket_names       = ["my-logs"]
    event_rule_names   = ["logs"]
    export_log_groups  = true
    encrypt_log_groups = ["/logferry/*"]
  }

  assert {
    condition     = [for s in jsondecode(aws_kms_key.this.policy).Statement : s.Sid] == ["Account", "S3Notifications", "EventBridge", "ExportTasks", "LogGroups"]
    error_message = "Each service has its statement."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_kms_key.this.policy).Statement : can(s.Condition) || s.Sid == "Account"])
    error_message = "No service is allowed without a condition."
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_kms_key.this.policy).Statement : alltrue([for action in flatten([s.Action]) : !strcontains(action, "*")]) || s.Sid == "Account"])
    error_message = "No wildcard action but the account's."
  }

  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement[1].Condition == {
      ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::my-logs"] }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "S3 may use the key for this bucket of this account."
  }
}

run "deleted_at_once" {
  command = plan

  variables {
    deletion_window_days = 1
  }

  expect_failures = [var.deletion_window_days]
}
