# A bucket tells the queue of its new objects, directly or through EventBridge.

data "aws_caller_identity" "current" {}

locals {
  through_eventbridge = var.via == "eventbridge"
  suffix              = try(coalesce(var.suffix), "")
  prefixes            = length(var.prefixes) == 0 ? [""] : var.prefixes
  events              = ["s3:ObjectCreated:*"]
  kms_key_arn         = try(coalesce(var.kms_key_arn), null)

  queue_configuration = [
    for prefix in local.prefixes : {
      events        = local.events
      filter_prefix = try(coalesce(prefix), null)
      filter_suffix = try(coalesce(local.suffix), null)
    }
  ]

  # A pattern's list is an "or"; only a wildcard says prefix and suffix at once.
  keys = [for prefix in local.prefixes : { wildcard = "${prefix}*${local.suffix}" }]

  event_pattern = {
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    account     = [data.aws_caller_identity.current.account_id]
    detail = merge(
      { bucket = { name = [var.bucket_name] } },
      length(var.prefixes) == 0 && local.suffix == "" ? {} : { object = { key = local.keys } },
    )
  }
}

resource "aws_s3_bucket_notification" "this" {
  count = var.manage_bucket_notification ? 1 : 0

  bucket      = var.bucket_name
  eventbridge = local.through_eventbridge

  dynamic "queue" {
    for_each = local.through_eventbridge ? [] : local.queue_configuration

    content {
      queue_arn     = var.queue_arn
      events        = queue.value.events
      filter_prefix = queue.value.filter_prefix
      filter_suffix = queue.value.filter_suffix
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  count = local.through_eventbridge ? 1 : 0

  name          = var.name
  description   = "New objects of ${var.bucket_name}, for logferry"
  event_pattern = jsonencode(local.event_pattern)
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  count = local.through_eventbridge ? 1 : 0

  rule      = aws_cloudwatch_event_rule.this[0].name
  target_id = "logferry"
  arn       = var.queue_arn

  # The longest that EventBridge grants.
  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered[0].arn
  }
}

# Events that EventBridge could not send to the worker's queue: a wrong policy, a deleted queue. It is a queue of its
# own, since SQS cannot move messages back that came to a dead-letter queue in another way than by redrive.
resource "aws_sqs_queue" "undelivered" {
  count = local.through_eventbridge ? 1 : 0

  name                              = "${var.name}-undelivered"
  message_retention_seconds         = 1209600
  sqs_managed_sse_enabled           = local.kms_key_arn == null ? true : null
  kms_master_key_id                 = local.kms_key_arn
  kms_data_key_reuse_period_seconds = local.kms_key_arn == null ? null : 3600
  tags                              = var.tags
}

resource "aws_sqs_queue_policy" "undelivered" {
  count = local.through_eventbridge ? 1 : 0

  queue_url = aws_sqs_queue.undelivered[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventBridge"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered[0].arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.this[0].arn }
          StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        }
      },
      {
        Sid       = "NoPlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered[0].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
