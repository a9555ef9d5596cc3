output "stream_arn" {
  description = "The stream."
  value       = module.firehose.stream_arn
}
