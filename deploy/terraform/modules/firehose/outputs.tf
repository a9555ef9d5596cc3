output "stream_arn" {
  description = "ARN of the stream."
  value       = aws_kinesis_firehose_delivery_stream.this.arn
}

output "subscription_role_arn" {
  description = "Role by which CloudWatch Logs puts events into the stream, for subscriptions that are made elsewhere."
  value       = aws_iam_role.subscription.arn
}

output "write_statements" {
  description = "Statements of the stream's role."
  value       = local.write_statements
}

output "put_statements" {
  description = "Statements of the subscription's role."
  value       = local.put_statements
}
