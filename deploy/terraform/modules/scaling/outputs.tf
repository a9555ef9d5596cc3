output "backlog_per_task_expression" {
  description = "Metric math of the target tracking over visible, in_flight and running."
  value       = local.backlog_per_task
}

output "work_without_task_expression" {
  description = "Metric math of the alarm that starts the first task."
  value       = local.work_without_task
}
