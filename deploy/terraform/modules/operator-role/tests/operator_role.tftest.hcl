mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                  = "logferry-operator"
  queue_arn             = "arn:aws:sqs:eu-central-1:123456789012:logs"
  dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:logs-dead"
  sources               = [{ bucket = "my-logs" }]
}

run "least" {
  assert {
    condition     = [for s in output.statements : s.Sid] == ["Queues", "Redrive", "Send", "Objects", "List"] && length(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == 1
    error_message = "Without a store of dead letters it may only redrive and read."
  }

  assert {
    condition     = output.statements[1].Resource == var.dead_letter_queue_arn && output.statements[2].Resource == var.queue_arn
    error_message = "Receives from the dead-letter queue, sends to the worker's queue."
  }
}

run "all" {
  variables {
    dead_letters           = { bucket = "my-state", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    replay_checkpoints     = { bucket = "my-state", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    export_checkpoints     = { bucket = "my-exports", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2" }
    queue_kms_key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/1"
    sources_kms_key_arns   = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
    opensearch             = { service = "es", arn = "arn:aws:es:eu-central-1:123456789012:domain/logs" }
    trusted_principal_arns = ["arn:aws:iam::123456789012:role/on-call"]
  }

  assert {
    condition     = alltrue([for s in output.statements : can(s.Condition.StringEquals["kms:ViaService"]) if startswith(flatten([s.Action])[0], "kms:")])
    error_message = "Keys through S3 or SQS only."
  }

  assert {
    condition     = [for s in output.statements : flatten([s.Action, s.Resource]) if s.Sid == "ExportCheckpoints"] == [["s3:GetObject", "arn:aws:s3:::my-exports/logferry/*"]]
    error_message = "Coverage reads the checkpoints of the exporter, and writes none."
  }

  assert {
    condition     = length([for s in output.statements : s if startswith(s.Sid, "WrittenKey")]) == 1
    error_message = "One statement for one key."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[1].Principal == { AWS = ["arn:aws:iam::123456789012:role/on-call"] }
    error_message = "The people who are named may have the role."
  }
}

run "anybody" {
  command = plan

  variables {
    trusted_principal_arns = ["*"]
  }

  expect_failures = [var.trusted_principal_arns]
}
