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
