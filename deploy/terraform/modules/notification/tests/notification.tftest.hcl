mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "logs"
  bucket_name = "my-logs"
  queue_arn   = "arn:aws:sqs:eu-central-1:123456789012:logs"
}

run "direct" {
  assert {
    condition     = length(aws_s3_bucket_notification.this[0].queue) == 1 && aws_s3_bucket_notification.this[0].eventbridge == false
    error_message = "One rule, without EventBridge."
  }

  assert {
    condition     = aws_s3_bucket_notification.this[0].queue[0].events == toset(["s3:ObjectCreated:*"]) && aws_s3_bucket_notification.this[0].queue[0].queue_arn == var.queue_arn
    error_message = "Each new object is told to the queue."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.this) == 0 && length(aws_sqs_queue.undelivered) == 0 && output.event_rule_arn == null
    error_message = "Nothing of EventBridge is made."
  }
}

run "direct_with_prefixes" {
  variables {
    prefixes = ["exports/", "firehose/"]
    suffix   = ".gz"
  }

  assert {
    condition     = [for queue in aws_s3_bucket_notification.this[0].queue : queue.filter_prefix] == ["exports/", "firehose/"] && alltrue([for queue in aws_s3_bucket_notification.this[0].queue : queue.filter_suffix == ".gz"])
    error_message = "One rule for each prefix, each with the suffix."
  }
}

run "through_eventbridge" {
  variables {
    via      = "eventbridge"
    prefixes = ["exports/"]
    suffix   = ".gz"
  }

  assert {
    condition     = aws_s3_bucket_notification.this[0].eventbridge && length(aws_s3_bucket_notification.this[0].queue) == 0
    error_message = "The bucket tells EventBridge only."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      account     = ["123456789012"]
      detail      = { bucket = { name = ["my-logs"] }, object = { key = [{ wildcard = "exports/*.gz" }] } }
    }
    error_message = "New objects of this bucket, with prefix and suffix."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this[0].arn == var.queue_arn && aws_cloudwatch_event_target.this[0].dead_letter_config[0].arn == aws_sqs_queue.undelivered[0].arn
    error_message = "Events go to the queue; undelivered ones are kept."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_policy.undelivered[0].policy).Statement[0].Condition.ArnEquals == { "aws:SourceArn" = aws_cloudwatch_event_rule.this[0].arn }
    error_message = "Only this rule may send there."
  }
}

run "all_objects_through_eventbridge" {
  variables {
    via                        = "eventbridge"
    manage_bucket_notification = false
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).detail == { bucket = { name = ["my-logs"] } }
    error_message = "Without prefix and suffix the key is not asked."
  }

  assert {
    condition     = length(aws_s3_bucket_notification.this) == 0
    error_message = "The configuration of the bucket is somebody else's."
  }
}

run "an_empty_suffix_is_unset" {
  variables {
    suffix      = ""
    kms_key_arn = ""
  }

  assert {
    condition     = aws_s3_bucket_notification.this[0].queue[0].filter_suffix == null && aws_s3_bucket_notification.this[0].queue[0].filter_prefix == null
    error_message = "An empty suffix is none."
  }
}

run "overlapping_prefixes" {
  command = plan

  variables {
    prefixes = ["exports/", "exports/orders/"]
  }

  expect_failures = [var.prefixes]
}

run "direct_and_not_managed" {
  command = plan

  variables {
    manage_bucket_notification = false
  }

  expect_failures = [var.manage_bucket_notification]
}

run "bucket_by_arn" {
  command = plan

  variables {
    bucket_name = "arn:aws:s3:::my-logs"
  }

  expect_failures = [var.bucket_name]
}

run "unknown_way" {
  command = plan

  variables {
    via = "sns"
  }

  expect_failures = [var.via]
}
