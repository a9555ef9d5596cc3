mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "logferry-export"
  destination = { bucket = "my-logs", prefix = "exports" }
  checkpoints = { bucket = "my-state" }
}

run "least" {
  assert {
    condition = {
      for s in output.statements : s.Sid => flatten([s.Action])
      } == {
      LogGroupsAndTasks = ["logs:CancelExportTask", "logs:DescribeExportTasks", "logs:DescribeLogGroups"]
      CreateTasks       = ["logs:CreateExportTask"]
      Destination       = ["s3:PutObject"]
      Buckets           = ["s3:ListBucket"]
      Checkpoints       = ["s3:GetObject", "s3:PutObject"]
    }
    error_message = "The actions of an export, and nothing more."
  }

  assert {
    condition     = output.statements[1].Resource == ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/*", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/*:*"]
    error_message = "Without groups: those of Lambda."
  }

  assert {
    condition     = output.statements[2].Resource == "arn:aws:s3:::my-logs/exports/logferry/*" && output.statements[4].Resource == "arn:aws:s3:::my-state/logferry/*"
    error_message = "Only the keys that logferry makes, and the checkpoints."
  }
}

# The file holds what `logferry export --print-bucket-policy` prints; deploy/tests/terraform/test_permissions.py says
# so.
run "policy_of_the_bucket" {
  assert {
    condition     = jsonencode(output.bucket_policy_statements) == jsonencode(jsondecode(file("../../mocks/export-bucket-policy.json")).Statement)
    error_message = "The same statements as logferry prints."
  }
}

run "tags" {
  variables {
    reads_tags     = true
    log_group_arns = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders"]
  }

  assert {
    condition     = output.statements[5].Action == "logs:ListTagsForResource" && output.statements[5].Resource == tolist(["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders"])
    error_message = "Tags of these groups only."
  }
}

run "keys" {
  variables {
    destination    = { bucket = "my-logs", prefix = "", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    checkpoints    = { bucket = "my-state", prefix = "", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2" }
    log_group_arns = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/orders"]
  }

  assert {
    condition     = alltrue([for s in output.statements : s.Condition.StringEquals["kms:ViaService"] == "s3.eu-central-1.amazonaws.com" if startswith(flatten([s.Action])[0], "kms:")])
    error_message = "Keys through S3 only."
  }

  assert {
    condition     = output.statements[2].Resource == "arn:aws:s3:::my-logs/logferry/*" && output.statements[4].Resource == "arn:aws:s3:::my-state/*"
    error_message = "Without prefixes."
  }
}

run "checkpoints_that_notify_the_queue" {
  command = plan

  variables {
    checkpoints = { bucket = "my-logs", prefix = "exports/state" }
  }

  expect_failures = [var.checkpoints]
}
