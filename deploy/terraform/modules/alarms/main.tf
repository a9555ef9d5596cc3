# What a person should know of: work that waits, work that does not end, and what was given up.

locals {
  runbook   = "See docs/deploy-ecs.md, When an alarm fires."
  namespace = "logferry/${var.name}"

  # Queues in which no message should ever be.
  given_up = merge(
    { dead-letter-queue = var.dead_letter_queue_name },
    try(coalesce(var.undelivered_queue_name), null) == null ? {} : { undelivered-events = var.undelivered_queue_name },
  )

  # Seconds to empty the queue at the rate of the last minute. Nothing deleted means that nobody works: a day. The same
  # for minutes without a value, so that a division by zero never hides a standstill.
  lag = "IF(FILL(visible, 0) > 0, IF(FILL(deleted, 0) > 0, FILL(visible, 0) * 60 / FILL(deleted, 0), 86400), 0)"

  # Fields of the worker's line "settled". A test holds them against src/pipeline/settle.rs.
  filters = var.metrics_from_logs ? {
    documents = { pattern = "{ $.message = \"settled\" && $.dead_lettered > 0 }", value = "$.dead_lettered" }
    objects   = { pattern = "{ $.message = \"settled\" && $.broken = * }", value = "1" }
  } : {}
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  alarm_name          = "${var.name}-oldest-message"
  alarm_description   = "The oldest message of ${var.queue_name} has been waiting for more than ${var.oldest_message_seconds} seconds. ${local.runbook}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = var.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = var.evaluation_minutes
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.oldest_message_seconds
  # A quiet queue reports nothing.
  treat_missing_data = "notBreaching"
  alarm_actions      = var.alarm_actions
  ok_actions         = var.ok_actions
  tags               = var.tags
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  alarm_name          = "${var.name}-lag"
  alarm_description   = "At their present rate the workers need more than ${var.drain_seconds} seconds to empty ${var.queue_name}; 86400 means that none is working. ${local.runbook}"
  evaluation_periods  = var.evaluation_minutes
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.drain_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.ok_actions
  tags                = var.tags

  dynamic "metric_query" {
    for_each = { visible = "ApproximateNumberOfMessagesVisible", deleted = "NumberOfMessagesDeleted" }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = { QueueName = var.queue_name }
        stat        = metric_query.key == "deleted" ? "Sum" : "Maximum"
        period      = 60
      }
    }
  }

  metric_query {
    id          = "lag"
    label       = "Seconds to empty the queue"
    expression  = local.lag
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "given_up" {
  for_each = local.given_up

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value} holds messages: nobody will process them until a person does. ${local.runbook}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.ok_actions
  tags                = var.tags
}

resource "aws_cloudwatch_log_metric_filter" "dead_letters" {
  for_each = local.filters

  name           = "${var.name}-dead-letters-${each.key}"
  log_group_name = var.worker_log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.namespace
    name      = "DeadLetters"
    value     = each.value.value
  }
}

# The store itself has no metric: S3 counts requests of a prefix only at extra cost, and OpenSearch none at all.
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count = var.metrics_from_logs ? 1 : 0

  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "The worker has written dead letters: documents that OpenSearch rejects, or broken objects. logferry dead-letters list. ${local.runbook}"
  namespace           = local.namespace
  metric_name         = "DeadLetters"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.ok_actions
  tags                = var.tags
}
