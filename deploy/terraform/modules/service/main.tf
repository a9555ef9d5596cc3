# `logferry worker` as an ECS service on Fargate. The number of tasks is the business of module scaling.

data "aws_caller_identity" "current" {}

locals {
  cluster_name = try(coalesce(var.cluster_name), var.name)

  # Null asks for this account; an empty text asks for no check.
  expected_bucket_owner = var.expected_bucket_owner == null ? data.aws_caller_identity.current.account_id : var.expected_bucket_owner

  # A list is given with commas. Empty values mean unset, in module task as in logferry.
  environment = merge({
    LOGFERRY_ALLOW_BUCKET           = join(",", var.bucket_names)
    LOGFERRY_DEAD_LETTERS           = var.dead_letters
    LOGFERRY_DRAIN_TIMEOUT          = "${var.drain_timeout_seconds}s"
    LOGFERRY_EXPECTED_BUCKET_OWNER  = local.expected_bucket_owner
    LOGFERRY_INDEX_PREFIX           = var.index_prefix
    LOGFERRY_OPENSEARCH_AWS_SERVICE = var.opensearch_aws_service
    LOGFERRY_OPENSEARCH_URL         = join(",", var.opensearch_urls)
    LOGFERRY_OPENSEARCH_USER        = var.opensearch_user
    LOGFERRY_QUEUE_URL              = var.queue_url
    LOGFERRY_SETUP                  = var.setup ? "true" : null
  }, var.environment)

  capacity_providers = concat(
    var.spot ? [{ name = "FARGATE_SPOT", base = 0, weight = 1 }] : [{ name = "FARGATE", base = 0, weight = 1 }],
    # Only a base: tasks beyond it all go to Spot.
    var.spot && var.on_demand_tasks > 0 ? [{ name = "FARGATE", base = var.on_demand_tasks, weight = 0 }] : [],
  )
}

module "task" {
  source = "../task"

  name                     = var.name
  command                  = ["worker"]
  serves                   = true
  task_role_arn            = var.task_role_arn
  drain_timeout_seconds    = var.drain_timeout_seconds
  stop_timeout_seconds     = var.stop_timeout_seconds
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

resource "aws_ecs_cluster" "this" {
  count = var.create_cluster ? 1 : 0

  name = local.cluster_name
  tags = var.tags

  # The scaling divides by RunningTaskCount, a metric of Container Insights.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = var.create_cluster ? 1 : 0

  cluster_name       = aws_ecs_cluster.this[0].name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

data "aws_ecs_cluster" "existing" {
  count = var.create_cluster ? 0 : 1

  cluster_name = local.cluster_name

  lifecycle {
    postcondition {
      condition     = anytrue([for setting in self.setting : setting.name == "containerInsights" && contains(["enabled", "enhanced"], setting.value)])
      error_message = "The cluster ${local.cluster_name} has no Container Insights, so the scaling would never see a task: aws ecs update-cluster-settings --cluster ${local.cluster_name} --settings name=containerInsights,value=enabled"
    }
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = var.create_cluster ? aws_ecs_cluster.this[0].arn : data.aws_ecs_cluster.existing[0].arn
  task_definition = module.task.task_definition_arn
  desired_count   = var.initial_tasks

  platform_version              = "LATEST"
  availability_zone_rebalancing = "ENABLED"
  enable_execute_command        = false
  enable_ecs_managed_tags       = true
  propagate_tags                = "SERVICE"
  tags                          = var.tags

  # The new tasks take over before the old ones drain. Two versions at once do no harm: ids are deterministic.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "capacity_provider_strategy" {
    for_each = local.capacity_providers

    content {
      capacity_provider = capacity_provider_strategy.value.name
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat([aws_security_group.this.id], var.security_group_ids)
    assign_public_ip = var.assign_public_ip
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "logferry worker"
  vpc_id      = var.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "SQS, S3, ECR, CloudWatch, and OpenSearch on its usual port"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "opensearch" {
  for_each = toset(var.opensearch_cidr_blocks)

  security_group_id = aws_security_group.this.id
  description       = "OpenSearch"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.opensearch_port
  to_port           = var.opensearch_port
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  count = length(var.metrics_security_group_ids)

  security_group_id            = aws_security_group.this.id
  description                  = "/metrics, /livez and /readyz"
  referenced_security_group_id = var.metrics_security_group_ids[count.index]
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
}
