output "arn" {
  description = "ARN of the role, known when its policy is in force."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "statements" {
  description = "Statements of the role's policy, for roles that are made elsewhere (EKS, another account)."
  value       = local.statements
}

output "bucket_policy_statements" {
  description = "Statements that the policy of the destination's bucket must have, so that CloudWatch Logs can write there."
  value       = local.bucket_policy_statements
}
