# The worker's queue, its dead-letter queue, and who may send to it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id        = data.aws_caller_identity.current.account_id
  partition         = data.aws_partition.current.partition
  kms_key_arn       = try(coalesce(var.kms_key_arn), null)
  bucket_account_id = try(coalesce(var.bucket_account_id), local.account_id)
  bucket_arns       = [for name in var.bucket_names : "arn:${local.partition}:s3:::${name}"]

  # The names make the ARNs, so that the rule may depend on the queue.
  event_rule_arns = [
    for name in var.event_rule_names :
    "arn:${local.partition}:events:${data.aws_region.current.region}:${local.account_id}:rule/${name}"
  ]
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = var.retention_seconds
  # The worker asks for the same wait itself; this serves others, such as a person with the CLI.
  receive_wait_time_seconds = 20

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })

  sqs_managed_sse_enabled           = local.kms_key_arn == null ? true : null
  kms_master_key_id                 = local.kms_key_arn
  kms_data_key_reuse_period_seconds = local.kms_key_arn == null ? null : var.kms_data_key_reuse_period_seconds

  tags = var.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead"
  message_retention_seconds = var.dead_letter_retention_seconds
  # A person needs time to read a message before it shows up again.
  visibility_timeout_seconds = 120

  sqs_managed_sse_enabled           = local.kms_key_arn == null ? true : null
  kms_master_key_id                 = local.kms_key_arn
  kms_data_key_reuse_period_seconds = local.kms_key_arn == null ? null : var.kms_data_key_reuse_period_seconds

  tags = var.tags
}

# No other queue may use this dead-letter queue: a redrive moves messages back to where they came from.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

locals {
  # Both conditions are needed: a bucket of this name may belong to somebody else tomorrow.
  from_s3 = {
    Sid       = "S3"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = aws_sqs_queue.this.arn
    Condition = {
      ArnEquals    = { "aws:SourceArn" = local.bucket_arns }
      StringEquals = { "aws:SourceAccount" = local.bucket_account_id }
    }
  }

  from_eventbridge = {
    Sid       = "EventBridge"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = aws_sqs_queue.this.arn
    Condition = {
      ArnEquals    = { "aws:SourceArn" = local.event_rule_arns }
      StringEquals = { "aws:SourceAccount" = local.account_id }
    }
  }

  no_plain_http = {
    Sid       = "NoPlainHttp"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  statements = concat(
    length(var.bucket_names) == 0 ? [] : [local.from_s3],
    length(var.event_rule_names) == 0 ? [] : [local.from_eventbridge],
    [merge(local.no_plain_http, { Resource = aws_sqs_queue.this.arn })],
  )
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.no_plain_http, { Resource = aws_sqs_queue.dead_letters.arn })]
  })
}
