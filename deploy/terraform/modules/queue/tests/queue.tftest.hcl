mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name         = "logs"
  bucket_names = ["my-logs"]
}

run "defaults" {
  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 300 && aws_sqs_queue.this.message_retention_seconds == 604800
    error_message = "The defaults are five minutes and seven days."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "The queue has a dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.name == "logs-dead" && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "The dead-letter queue keeps messages for 14 days."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.this.arn] }
    error_message = "Only this queue may use the dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.this.kms_master_key_id == null && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Without a key both queues are encrypted by SQS."
  }

  assert {
    condition = jsondecode(aws_sqs_queue_policy.this.policy).Statement[0] == {
      Sid       = "S3"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.this.arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::my-logs"] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }
    error_message = "Only S3, only for this bucket, only of this account."
  }

  assert {
    condition     = length(jsondecode(aws_sqs_queue_policy.this.policy).Statement) == 2 && jsondecode(aws_sqs_queue_policy.this.policy).Statement[1].Effect == "Deny"
    error_message = "Nobody else may send, and nobody without TLS."
  }
}

run "eventbridge" {
  variables {
    bucket_names     = []
    event_rule_names = ["logs"]
  }

  assert {
    condition = jsondecode(aws_sqs_queue_policy.this.policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = ["arn:aws:events:eu-central-1:123456789012:rule/logs"] }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "Only this rule of this account may send."
  }

  assert {
    condition     = [for s in jsondecode(aws_sqs_queue_policy.this.policy).Statement : s.Sid] == ["EventBridge", "NoPlainHttp"]
    error_message = "S3 may not send."
  }
}

run "bucket_of_another_account" {
  variables {
    bucket_account_id = "210987654321"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.this.policy).Statement[0].Condition.StringEquals == { "aws:SourceAccount" = "210987654321" }
    error_message = "The owner of the bucket is checked."
  }
}

run "own_key" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1" && aws_sqs_queue.dead_letters.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "Both queues have the key."
  }
}

run "an_empty_key_is_unset" {
  variables {
    kms_key_arn       = ""
    bucket_account_id = ""
  }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.this.kms_master_key_id == null
    error_message = "An empty key means SSE-SQS."
  }
}

run "visibility_below_six_objects" {
  command = plan

  variables {
    object_seconds = 60
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "visibility_too_short" {
  command = plan

  variables {
    object_seconds             = 1
    visibility_timeout_seconds = 10
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "dead_letters_expire_with_the_queue" {
  command = plan

  variables {
    dead_letter_retention_seconds = 604800
  }

  expect_failures = [var.dead_letter_retention_seconds]
}

run "retention_of_fourteen_days" {
  command = plan

  variables {
    retention_seconds = 1209600
  }

  expect_failures = [var.retention_seconds]
}

run "one_delivery" {
  command = plan

  variables {
    max_receive_count = 1
  }

  expect_failures = [var.max_receive_count]
}

run "alias_as_key" {
  command = plan

  variables {
    kms_key_arn = "alias/aws/sqs"
  }

  expect_failures = [var.kms_key_arn]
}

run "fifo" {
  command = plan

  variables {
    name = "logs.fifo"
  }

  expect_failures = [var.name]
}
