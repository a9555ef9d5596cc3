output "first_run" {
  description = "Starts the exporter at once, without waiting for the schedule."
  value = join(" ", [
    "aws ecs run-task --cluster ${var.cluster_arn} --task-definition ${module.export.task_definition_arn}",
    "--capacity-provider-strategy capacityProvider=FARGATE,weight=1",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${join(",", var.security_group_ids)}]}'",
  ])
}

output "log_group_name" {
  description = "Where the exporter's own lines are."
  value       = module.export.log_group_name
}
