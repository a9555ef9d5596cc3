mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                   = "logferry"
  queue_name             = "logs"
  dead_letter_queue_name = "logs-dead"
  worker_log_group_name  = "/logferry/worker"
  alarm_actions          = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
}

run "defaults" {
  assert {
    condition     = toset(output.alarm_names) == toset(["logferry-oldest-message", "logferry-lag", "logferry-dead-letter-queue", "logferry-dead-letters"])
    error_message = "Age, lag, and both kinds of dead letters."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest_message.metric_name == "ApproximateAgeOfOldestMessage" && aws_cloudwatch_metric_alarm.oldest_message.threshold == 900 && aws_cloudwatch_metric_alarm.oldest_message.dimensions == tomap({ QueueName = "logs" })
    error_message = "The oldest message of the worker's queue."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.given_up["dead-letter-queue"].threshold == 0 && aws_cloudwatch_metric_alarm.given_up["dead-letter-queue"].dimensions == tomap({ QueueName = "logs-dead" })
    error_message = "A single message in the dead-letter queue is one too many."
  }

  assert {
    condition     = { for key, filter in aws_cloudwatch_log_metric_filter.dead_letters : key => filter.metric_transformation[0].value } == { documents = "$.dead_lettered", objects = "1" }
    error_message = "Documents by their number, broken objects one by one."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.lag.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:on-call"])
    error_message = "Somebody hears of it."
  }
}

run "through_eventbridge_and_another_log_driver" {
  variables {
    undelivered_queue_name = "logs-undelivered"
    metrics_from_logs      = false
    worker_log_group_name  = ""
  }

  assert {
    condition     = toset(output.alarm_names) == toset(["logferry-oldest-message", "logferry-lag", "logferry-dead-letter-queue", "logferry-undelivered-events"])
    error_message = "Undelivered events have an alarm; without the worker's lines there is none on them."
  }
}

run "lines_without_a_group" {
  command = plan

  variables {
    worker_log_group_name = null
  }

  expect_failures = [var.metrics_from_logs]
}

run "lag_that_cannot_be" {
  command = plan

  variables {
    drain_seconds = 86400
  }

  expect_failures = [var.drain_seconds]
}
