mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "logferry-export"
  destination        = { bucket = "my-logs" }
  checkpoints        = { bucket = "my-state" }
  all_lambda         = true
  cluster_arn        = "arn:aws:ecs:eu-central-1:123456789012:cluster/logferry"
  subnet_ids         = ["subnet-1"]
  security_group_ids = ["sg-1"]
  image              = "example.org/logferry:1.2.3"
  alarm_actions      = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
}

run "hourly" {
  assert {
    condition     = jsondecode(module.task.container_json)[0].command == ["export", "--once"]
    error_message = "What is due is exported, then the task ends."
  }

  assert {
    condition = { for e in jsondecode(module.task.container_json)[0].environment : e.name => e.value } == {
      AWS_REGION                  = "eu-central-1"
      LOGFERRY_EXPORT_ALL_LAMBDA  = "true"
      LOGFERRY_EXPORT_CHECKPOINTS = "s3://my-state/logferry"
      LOGFERRY_EXPORT_DESTINATION = "s3://my-logs/exports"
      LOGFERRY_EXPORT_INITIAL     = "24h"
      LOGFERRY_EXPORT_LATENESS    = "12h"
      LOGFERRY_EXPORT_OVERLAP     = "15m"
    }
    error_message = "The settings of the exporter."
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(1 hour)" && aws_scheduler_schedule.this.target[0].ecs_parameters[0].task_count == 1 && aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == aws_sqs_queue.unstarted.arn
    error_message = "One task an hour; what could not be started is kept."
  }

  assert {
    condition     = { for s in output.schedule_statements : s.Sid => s.Action } == { RunTask = "ecs:RunTask", PassRoles = "iam:PassRole", TellOfFailure = "sqs:SendMessage" }
    error_message = "Scheduler may start this task, and nothing else."
  }

  assert {
    condition     = output.schedule_statements[0].Condition.ArnEquals == { "ecs:cluster" = var.cluster_arn } && output.schedule_statements[1].Condition.StringEquals == { "iam:PassedToService" = "ecs-tasks.amazonaws.com" }
    error_message = "In this cluster, with these roles, for ECS tasks."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.missed[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.missed[0].evaluation_periods == 6
    error_message = "Silence is an alarm."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed[0].event_pattern).detail.containers.exitCode == [{ anything-but = 0 }] && length(aws_cloudwatch_event_target.failed) == 1
    error_message = "Failed groups are told."
  }
}

run "bucket_policy" {
  assert {
    condition     = [for s in output.bucket_policy_statements : s.Resource] == ["arn:aws:s3:::my-logs", "arn:aws:s3:::my-logs/exports/logferry/*"]
    error_message = "The bucket and the keys below the prefix."
  }
}

run "named_groups" {
  variables {
    all_lambda      = false
    log_group_names = ["/aws/lambda/orders", "/aws/lambda/payments"]
    log_group_tags  = ["team=shop", "exported"]
    spot            = false
    alarm_actions   = []
  }

  assert {
    condition     = { for e in jsondecode(module.task.container_json)[0].environment : e.name => e.value if contains(["LOGFERRY_EXPORT_LOG_GROUP", "LOGFERRY_EXPORT_LOG_GROUP_TAG", "LOGFERRY_EXPORT_ALL_LAMBDA"], e.name) } == { LOGFERRY_EXPORT_LOG_GROUP = "/aws/lambda/orders,/aws/lambda/payments", LOGFERRY_EXPORT_LOG_GROUP_TAG = "team=shop,exported" }
    error_message = "Two groups by name, if they have both tags."
  }

  assert {
    condition     = one(aws_scheduler_schedule.this.target[0].ecs_parameters[0].capacity_provider_strategy).capacity_provider == "FARGATE" && length(aws_cloudwatch_event_rule.failed) == 0
    error_message = "On demand, and nobody to tell."
  }
}

run "no_groups" {
  command = plan

  variables {
    all_lambda = false
  }

  expect_failures = [var.log_group_names]
}

run "wrong_schedule" {
  command = plan

  variables {
    schedule_expression = "every hour"
  }

  expect_failures = [var.schedule_expression]
}
