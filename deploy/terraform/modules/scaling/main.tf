# The number of tasks follows the backlog per task: messages of the queue, visible and in flight, over running tasks.

locals {
  # A worker holds up to 1000 messages in flight, so visible messages alone would look like an idle queue. FILL stands
  # for minutes without a value: SQS reports none for a queue that has been quiet for six hours, Container Insights none
  # for a service without tasks. A division by zero gives no value either, and then nothing scales: at zero tasks the
  # whole backlog is that of the task to come.
  backlog          = "FILL(visible, 0) + FILL(in_flight, 0)"
  backlog_per_task = "IF(FILL(running, 0) > 0, (${local.backlog}) / FILL(running, 0), ${local.backlog})"

  # 1 where there is work and nobody to do it. In flight does not count: without a task, such messages are those of a
  # task that died, and become visible in time.
  work_without_task = "IF(FILL(visible, 0) > 0 AND FILL(running, 0) < 1, 1, 0)"

  queue   = { QueueName = var.queue_name }
  service = { ClusterName = var.cluster_name, ServiceName = var.service_name }

  metrics = {
    visible   = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", stat = "Maximum", dimensions = local.queue }
    in_flight = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesNotVisible", stat = "Maximum", dimensions = local.queue }
    running   = { namespace = "ECS/ContainerInsights", name = "RunningTaskCount", stat = "Average", dimensions = local.service }
  }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${var.service_name}"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
  tags               = var.tags
}

resource "aws_appautoscaling_policy" "backlog_per_task" {
  name               = "${var.service_name}-backlog-per-task"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.backlog_per_task
    scale_out_cooldown = var.scale_out_cooldown_seconds
    scale_in_cooldown  = var.scale_in_cooldown_seconds

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.metrics

        content {
          id          = metrics.key
          label       = metrics.value.name
          return_data = false

          metric_stat {
            stat = metrics.value.stat

            metric {
              namespace   = metrics.value.namespace
              metric_name = metrics.value.name

              dynamic "dimensions" {
                for_each = metrics.value.dimensions

                content {
                  name  = dimensions.key
                  value = dimensions.value
                }
              }
            }
          }
        }
      }

      metrics {
        id          = "backlog_per_task"
        label       = "Backlog per task"
        expression  = local.backlog_per_task
        return_data = true
      }
    }
  }
}

# Target tracking leaves a service at zero until the backlog exceeds the target of one task. Here a single message is
# enough. Of two policies that scale out, the larger number counts; this one never scales in.
resource "aws_appautoscaling_policy" "from_zero" {
  count = var.min_tasks == 0 ? 1 : 0

  name               = "${var.service_name}-from-zero"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    # While the first task starts it does not run yet, and the alarm stays: longer than a start takes.
    cooldown = 180

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "from_zero" {
  count = var.min_tasks == 0 ? 1 : 0

  alarm_name          = "${var.service_name}-from-zero"
  alarm_description   = "Messages are waiting and no task is running: starts the first task. Not a fault."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.from_zero[0].arn]
  tags                = var.tags

  dynamic "metric_query" {
    for_each = { for id, metric in local.metrics : id => metric if id != "in_flight" }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.stat
        period      = 60
      }
    }
  }

  metric_query {
    id          = "work_without_task"
    label       = "Work without a task"
    expression  = local.work_without_task
    return_data = true
  }
}
