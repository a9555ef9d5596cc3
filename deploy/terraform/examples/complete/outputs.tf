output "queue_url" {
  description = "Queue of the worker."
  value       = module.queue.url
}

output "worker_role_arn" {
  description = "Role of the worker: map it to the role logferry-worker (and logferry-setup) of the domain."
  value       = module.worker_role.arn
}

output "security_group_id" {
  description = "Security group of the worker: let the domain accept port 443 from it."
  value       = module.service.security_group_id
}

output "log_group_name" {
  description = "Where the worker's own lines are."
  value       = module.service.log_group_name
}
