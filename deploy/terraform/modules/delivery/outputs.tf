output "log_group_names" {
  description = "Names of the log groups, for the logging configuration of functions."
  value       = [for group in aws_cloudwatch_log_group.this : group.name]
}

output "role_arn" {
  description = "Role by which CloudWatch Logs writes to the bucket."
  value       = aws_iam_role.this.arn
}

output "statements" {
  description = "Statements of the role's policy."
  value       = local.statements
}
