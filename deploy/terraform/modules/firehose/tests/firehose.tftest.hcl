mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name            = "logs-to-s3"
  bucket_name     = "my-logs"
  log_group_names = ["/aws/lambda/orders"]
}

run "groups" {
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.destination == "extended_s3" && aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].compression_format == "UNCOMPRESSED" && length(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration[0].processing_configuration) == 0
    error_message = "Events are written as they come."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.server_side_encryption[0].key_type == "AWS_OWNED_CMK"
    error_message = "The buffer is encrypted."
  }

  assert {
    condition     = aws_cloudwatch_log_subscription_filter.this["/aws/lambda/orders"].destination_arn == aws_kinesis_firehose_delivery_stream.this.arn && length(aws_cloudwatch_log_account_policy.this) == 0
    error_message = "One group, one subscription."
  }

  assert {
    condition     = output.write_statements[1].Resource == tolist(["arn:aws:s3:::my-logs/firehose/*", "arn:aws:s3:::my-logs/firehose-errors/*"]) && output.put_statements[0].Resource == aws_kinesis_firehose_delivery_stream.this.arn
    error_message = "Firehose writes below its prefixes; CloudWatch puts into this stream."
  }
}

run "account" {
  variables {
    log_group_names     = []
    account_policy      = true
    excluded_log_groups = ["/logferry/worker"]
  }

  assert {
    condition     = aws_cloudwatch_log_account_policy.this[0].selection_criteria == "LogGroupName NOT IN [\"/logferry/logs-to-s3-errors\",\"/logferry/worker\"]"
    error_message = "logferry's own groups are left out."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_log_account_policy.this[0].policy_document).DestinationArn == aws_kinesis_firehose_delivery_stream.this.arn
    error_message = "All other groups go to the stream."
  }
}

run "keys" {
  variables {
    bucket_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
    stream_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2"
    system_fields      = ["@aws.account", "@aws.region"]
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this.server_side_encryption[0].key_type == "CUSTOMER_MANAGED_CMK" && output.write_statements[3].Condition.StringEquals == { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" }
    error_message = "Both keys are used."
  }

  assert {
    condition     = aws_cloudwatch_log_subscription_filter.this["/aws/lambda/orders"].emit_system_fields == toset(["@aws.account", "@aws.region"])
    error_message = "Account and region come with each event."
  }
}

run "each_event_twice" {
  command = plan

  variables {
    account_policy      = true
    excluded_log_groups = ["/logferry/worker"]
  }

  expect_failures = [var.account_policy]
}

run "lines_that_come_back_for_ever" {
  command = plan

  variables {
    log_group_names = []
    account_policy  = true
  }

  expect_failures = [var.excluded_log_groups]
}
