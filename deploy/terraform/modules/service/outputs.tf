output "cluster_name" {
  description = "Name of the cluster, for module scaling."
  value       = var.create_cluster ? aws_ecs_cluster.this[0].name : local.cluster_name
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = var.create_cluster ? aws_ecs_cluster.this[0].arn : data.aws_ecs_cluster.existing[0].arn
}

output "service_name" {
  description = "Name of the service, for module scaling."
  value       = aws_ecs_service.this.name
}

output "security_group_id" {
  description = "Security group of the tasks: allow it to connect to OpenSearch."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "Log group of the worker, for module alarms; null with another log driver."
  value       = module.task.log_group_name
}

output "task_definition_arn" {
  description = "ARN of the task definition."
  value       = module.task.task_definition_arn
}

output "execution_role_arn" {
  description = "ARN of the execution role."
  value       = module.task.execution_role_arn
}
