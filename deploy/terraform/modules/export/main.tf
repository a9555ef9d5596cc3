# `logferry export --once` by EventBridge Scheduler: log groups come to the bucket by export tasks, without gaps.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region

  kms_key_arn = try(coalesce(var.kms_key_arn), null)
  namespace   = "logferry/${var.name}"
  logs_arn    = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"

  # With all_lambda and names, both.
  log_group_arns = concat(
    var.all_lambda ? ["${local.logs_arn}:/aws/lambda/*"] : [],
    [for name in var.log_group_names : "${local.logs_arn}:${name}"],
  )

  environment = merge({
    LOGFERRY_EXPORT_ALL_LAMBDA    = var.all_lambda ? "true" : null
    LOGFERRY_EXPORT_CHECKPOINTS   = "s3://${join("/", compact([var.checkpoints.bucket, trim(var.checkpoints.prefix, "/")]))}"
    LOGFERRY_EXPORT_DESTINATION   = "s3://${join("/", compact([var.destination.bucket, trim(var.destination.prefix, "/")]))}"
    LOGFERRY_EXPORT_INITIAL       = var.initial
    LOGFERRY_EXPORT_LATENESS      = var.lateness
    LOGFERRY_EXPORT_LOG_GROUP     = join(",", var.log_group_names)
    LOGFERRY_EXPORT_LOG_GROUP_TAG = join(",", var.log_group_tags)
    LOGFERRY_EXPORT_OVERLAP       = var.overlap
  }, var.environment)
}

module "role" {
  source = "../export-role"

  name                     = var.name
  destination              = var.destination
  checkpoints              = var.checkpoints
  log_group_arns           = local.log_group_arns
  reads_tags               = length(var.log_group_tags) > 0
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

module "task" {
  source = "../task"

  name                     = var.name
  command                  = ["export", "--once"]
  task_role_arn            = module.role.arn
  image                    = var.image
  ecr_repository_arn       = var.ecr_repository_arn
  cpu                      = var.cpu
  memory                   = var.memory
  architecture             = var.architecture
  environment              = local.environment
  secrets                  = var.secrets
  secrets_kms_key_arns     = var.secrets_kms_key_arns
  log_retention_days       = var.log_retention_days
  log_kms_key_arn          = var.log_kms_key_arn
  log_configuration        = var.log_configuration
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# A group of its own: Scheduler names it to the role as the source of its calls.
resource "aws_scheduler_schedule_group" "this" {
  name = var.name
  tags = var.tags
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:The schedule holds names and ARNs, no log lines; AWS encrypts it with a key of its own.
  name                         = var.name
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "logferry export --once"
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = var.schedule_timezone

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 5
  }

  target {
    arn      = var.cluster_arn
    role_arn = aws_iam_role.schedule.arn

    ecs_parameters {
      task_definition_arn = module.task.task_definition_arn
      task_count          = 1
      platform_version    = "LATEST"

      capacity_provider_strategy {
        capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
        weight            = 1
      }

      network_configuration {
        subnets          = var.subnet_ids
        security_groups  = var.security_group_ids
        assign_public_ip = var.assign_public_ip
      }
    }

    # The next hour tries anyway.
    retry_policy {
      maximum_event_age_in_seconds = 1800
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.unstarted.arn
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

# Schedules that could not start a task, with the reason.
resource "aws_sqs_queue" "unstarted" {
  name                              = "${var.name}-unstarted"
  message_retention_seconds         = 1209600
  sqs_managed_sse_enabled           = local.kms_key_arn == null ? true : null
  kms_master_key_id                 = local.kms_key_arn
  kms_data_key_reuse_period_seconds = local.kms_key_arn == null ? null : 3600
  tags                              = var.tags
}

locals {
  schedule_statements = concat(
    [
      {
        Sid       = "RunTask"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = module.task.task_definition_arn
        Condition = { ArnEquals = { "ecs:cluster" = var.cluster_arn } }
      },
      {
        Sid       = "PassRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [module.role.arn, module.task.execution_role_arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "TellOfFailure"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.unstarted.arn
      },
    ],
    [for arn in compact([var.kms_key_arn]) : {
      Sid       = "Key"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = arn
      Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.${data.aws_partition.current.dns_suffix}" } }
    }],
  )
}

resource "aws_iam_role" "schedule" {
  name                 = "${var.name}-schedule"
  description          = "EventBridge Scheduler starts logferry export"
  permissions_boundary = try(coalesce(var.permissions_boundary_arn), null)
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = aws_scheduler_schedule_group.this.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name   = "logferry"
  role   = aws_iam_role.schedule.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.schedule_statements })
}

resource "aws_cloudwatch_metric_alarm" "unstarted" {
  alarm_name          = "${var.name}-unstarted"
  alarm_description   = "EventBridge Scheduler could not start logferry export: the messages of ${var.name}-unstarted say why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.unstarted.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  tags                = var.tags
}

# The exporter writes this line at its end, with or without failed groups. A test holds it against
# src/commands/export.rs.
resource "aws_cloudwatch_log_metric_filter" "completed" {
  count = var.log_configuration == null ? 1 : 0

  name           = "${var.name}-completed"
  log_group_name = module.task.log_group_name
  pattern        = "{ $.message = \"export ends\" }"

  metric_transformation {
    namespace = local.namespace
    name      = "Completed"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "missed" {
  count = var.log_configuration == null ? 1 : 0

  alarm_name          = "${var.name}-missed"
  alarm_description   = "No logferry export has come to its end for ${var.missed_hours} hours. Log group ${module.task.log_group_name} says why."
  namespace           = local.namespace
  metric_name         = "Completed"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.missed_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_actions
  tags                = var.tags
}

# An exit code other than 0: some groups were not exported. Their windows stay due.
resource "aws_cloudwatch_event_rule" "failed" {
  count = length(var.alarm_actions) == 0 ? 0 : 1

  name        = "${var.name}-failed"
  description = "logferry export ended with an exit code other than 0"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn        = [var.cluster_arn]
      taskDefinitionArn = [{ prefix = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:task-definition/${var.name}:" }]
      lastStatus        = ["STOPPED"]
      containers        = { exitCode = [{ anything-but = 0 }] }
    }
  })
}

# The topic's policy must let events.amazonaws.com publish.
resource "aws_cloudwatch_event_target" "failed" {
  count = length(var.alarm_actions)

  rule      = aws_cloudwatch_event_rule.failed[0].name
  target_id = "alarm-${count.index}"
  arn       = var.alarm_actions[count.index]
}
