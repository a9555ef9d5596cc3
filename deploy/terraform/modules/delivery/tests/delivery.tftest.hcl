mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name            = "logs-to-s3"
  log_group_names = ["/delivery/orders", "/delivery/payments"]
  bucket_name     = "my-logs"
}

run "defaults" {
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.log_group_class == "DELIVERY" && group.retention_in_days == null])
    error_message = "Groups of class DELIVERY take no retention."
  }

  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_subscription_filter.this : filter.destination_arn == "arn:aws:s3:::my-logs" && filter.filter_pattern == ""]) && length(aws_cloudwatch_log_subscription_filter.this) == 2
    error_message = "All events of both go to the bucket."
  }

  assert {
    condition     = [for s in output.statements : "${s.Action} ${s.Resource}"] == ["s3:PutObject arn:aws:s3:::my-logs/*"]
    error_message = "CloudWatch may only write objects."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:logs:eu-central-1:123456789012:*" }
    }
    error_message = "Only for groups of this account and region."
  }
}

run "key" {
  variables {
    bucket_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
    log_kms_key_arn    = ""
  }

  assert {
    condition     = output.statements[1].Condition.StringEquals == { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" }
    error_message = "The key through S3 only."
  }
}

run "group_of_lambda" {
  command = plan

  variables {
    log_group_names = ["/aws/lambda/orders"]
  }

  expect_failures = [var.log_group_names]
}
