output "queue_url" {
  description = "Queue of the worker."
  value       = module.queue.url
}

output "event_rule_arn" {
  description = "Rule that brings the events to the queue."
  value       = module.notification.event_rule_arn
}
