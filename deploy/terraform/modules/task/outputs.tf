output "task_definition_arn" {
  description = "ARN of the task definition with its revision."
  value       = aws_ecs_task_definition.this.arn
}

output "execution_role_arn" {
  description = "ARN of the execution role."
  value       = aws_iam_role.execution.arn
}

output "execution_statements" {
  description = "Statements of the execution role."
  value       = local.execution_statements
}

output "container" {
  description = "The container definition."
  value       = merge(local.container, var.serves ? { healthCheck = local.health_check } : {})
}

output "container_json" {
  description = "The container definitions as ECS gets them."
  value       = aws_ecs_task_definition.this.container_definitions
}

output "log_group_name" {
  description = "Name of the log group; null with another log driver."
  value       = one(aws_cloudwatch_log_group.this[*].name)
}
