mock_provider "aws" {
  source = "../../mocks"
}

variables {
  cluster_name = "logferry"
  service_name = "worker"
  queue_name   = "logs"
}

run "defaults" {
  assert {
    condition     = aws_appautoscaling_target.this.resource_id == "service/logferry/worker" && aws_appautoscaling_target.this.min_capacity == 1 && aws_appautoscaling_target.this.max_capacity == 10
    error_message = "One to ten tasks."
  }

  assert {
    condition = {
      for m in aws_appautoscaling_policy.backlog_per_task.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics :
      m.id => m.return_data ? m.expression : "${m.metric_stat[0].metric[0].namespace} ${m.metric_stat[0].metric[0].metric_name} ${jsonencode({ for d in m.metric_stat[0].metric[0].dimensions : d.name => d.value })}"
      } == {
      visible          = "AWS/SQS ApproximateNumberOfMessagesVisible {\"QueueName\":\"logs\"}"
      in_flight        = "AWS/SQS ApproximateNumberOfMessagesNotVisible {\"QueueName\":\"logs\"}"
      running          = "ECS/ContainerInsights RunningTaskCount {\"ClusterName\":\"logferry\",\"ServiceName\":\"worker\"}"
      backlog_per_task = "IF(FILL(running, 0) > 0, (FILL(visible, 0) + FILL(in_flight, 0)) / FILL(running, 0), FILL(visible, 0) + FILL(in_flight, 0))"
    }
    error_message = "Messages over running tasks. deploy/tests/terraform/test_metric_math.py says what it is at zero tasks."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.from_zero) == 0 && length(aws_cloudwatch_metric_alarm.from_zero) == 0
    error_message = "With at least one task nothing starts from zero."
  }
}

run "to_zero" {
  variables {
    min_tasks = 0
  }

  assert {
    condition     = aws_appautoscaling_policy.from_zero[0].step_scaling_policy_configuration[0].adjustment_type == "ChangeInCapacity" && one(aws_appautoscaling_policy.from_zero[0].step_scaling_policy_configuration[0].step_adjustment).scaling_adjustment == 1
    error_message = "One task is added: an exact number could take tasks away."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.from_zero[0].alarm_actions == toset([aws_appautoscaling_policy.from_zero[0].arn]) && aws_cloudwatch_metric_alarm.from_zero[0].evaluation_periods == 1
    error_message = "The first minute with a message starts the task."
  }

  assert {
    condition     = toset([for q in aws_cloudwatch_metric_alarm.from_zero[0].metric_query : q.id]) == toset(["visible", "running", "work_without_task"])
    error_message = "Visible messages and running tasks."
  }
}

run "fewer_than_least" {
  command = plan

  variables {
    min_tasks = 5
    max_tasks = 2
  }

  expect_failures = [var.max_tasks]
}

run "no_backlog" {
  command = plan

  variables {
    backlog_per_task = 0
  }

  expect_failures = [var.backlog_per_task]
}
