output "lag_expression" {
  description = "Metric math of the lag alarm over visible and deleted."
  value       = local.lag
}

output "alarm_names" {
  description = "Names of all alarms."
  value = concat(
    [aws_cloudwatch_metric_alarm.oldest_message.alarm_name, aws_cloudwatch_metric_alarm.lag.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.given_up : alarm.alarm_name],
    aws_cloudwatch_metric_alarm.dead_letters[*].alarm_name,
  )
}
