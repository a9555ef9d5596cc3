output "queue_configuration" {
  description = "The queue blocks of a direct notification, without the queue's ARN, for buckets whose configuration is managed elsewhere."
  value       = local.queue_configuration
}

output "event_rule_arn" {
  description = "ARN of the EventBridge rule; null with via = \"s3\"."
  value       = one(aws_cloudwatch_event_rule.this[*].arn)
}

output "undelivered_queue_name" {
  description = "Name of the queue with events that EventBridge could not deliver; null with via = \"s3\"."
  value       = one(aws_sqs_queue.undelivered[*].name)
}
