output "bucket_policy_statements" {
  description = "Statements that the policy of the destination's bucket must have, so that CloudWatch Logs can write there."
  value       = module.role.bucket_policy_statements
}

output "task_role_arn" {
  description = "Role of the exporter."
  value       = module.role.arn
}

output "task_definition_arn" {
  description = "Task definition, for a first run by hand: aws ecs run-task."
  value       = module.task.task_definition_arn
}

output "log_group_name" {
  description = "Log group of the exporter; null with another log driver."
  value       = module.task.log_group_name
}

output "schedule_statements" {
  description = "Statements of the schedule's role."
  value       = local.schedule_statements
}
