# A hardened task definition for one command of logferry, with its log group and its execution role: the role by which
# ECS pulls the image, reads the secrets and writes the log.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  suffix     = data.aws_partition.current.dns_suffix

  own_log_group = var.log_configuration == null

  log_configuration = local.own_log_group ? {
    logDriver = "awslogs"
    options = {
      awslogs-group         = "/logferry/${var.name}"
      awslogs-region        = local.region
      awslogs-stream-prefix = "logferry"
      # CloudWatch's trouble must not stop the worker: lines are dropped instead.
      mode            = "non-blocking"
      max-buffer-size = "4m"
    }
    secretOptions = []
    } : {
    logDriver     = var.log_configuration.driver
    options       = var.log_configuration.options
    secretOptions = [for name, arn in var.log_configuration.secret_options : { name = name, valueFrom = arn }]
  }

  # An empty value means unset. A secret of the same name wins: ECS refuses a name that stands in both lists.
  environment = [
    for name, value in merge({ AWS_REGION = local.region }, var.environment) : { name = name, value = value }
    if value != null && value != "" && !contains(keys(var.secrets), name)
  ]

  secret_arns = distinct(concat(
    values(var.secrets),
    try(values(var.log_configuration.secret_options), []),
  ))
  # ECS appends :key:stage:version to the ARN of a secret (seven parts).
  secrets_manager_arns = distinct([
    for arn in local.secret_arns : join(":", slice(split(":", arn), 0, 7)) if can(regex(":secretsmanager:", arn))
  ])
  parameter_arns = [for arn in local.secret_arns : arn if can(regex(":ssm:", arn))]

  container = {
    name      = "logferry"
    image     = var.image
    essential = true
    command   = var.command

    environment = local.environment
    secrets     = [for name, arn in var.secrets : { name = name, valueFrom = arn }]

    user                   = "65532:65532"
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = { capabilities = { add = [], drop = ["ALL"] } }

    stopTimeout      = var.stop_timeout_seconds
    logConfiguration = local.log_configuration
    portMappings     = var.serves ? [{ containerPort = 9090, hostPort = 9090, protocol = "tcp", name = "http" }] : []
    mountPoints      = []
    volumesFrom      = []
    systemControls   = []
  }

  # It asks /livez, and not /readyz as with --ready: a worker that waits for OpenSearch is not ready, and a new one
  # would not be either.
  health_check = {
    command     = ["CMD", "/logferry", "healthcheck"]
    interval    = 30
    timeout     = 5
    retries     = 3
    startPeriod = 30
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = var.task_role_arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = jsonencode([merge(local.container, var.serves ? { healthCheck = local.health_check } : {})])
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  depends_on = [aws_iam_role_policy.execution, aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:A year of a worker's own lines serves nobody; log_retention_days says how long they are kept.
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts every group; log_kms_key_arn names a key of one's own.
  count = local.own_log_group ? 1 : 0

  name              = "/logferry/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(coalesce(var.log_kms_key_arn), null)
  tags              = var.tags
}

locals {
  write_log = local.own_log_group ? [{
    Sid      = "WriteLog"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.this[0].arn}:log-stream:logferry/*"
  }] : []

  # The token is for the whole registry: ECR knows no narrower resource.
  log_in = [for arn in compact([var.ecr_repository_arn]) : {
    Sid      = "LogInToEcr"
    Effect   = "Allow"
    Action   = "ecr:GetAuthorizationToken"
    Resource = "*"
  }]

  pull = [for arn in compact([var.ecr_repository_arn]) : {
    Sid      = "PullImage"
    Effect   = "Allow"
    Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    Resource = arn
  }]

  read_secrets = length(local.secrets_manager_arns) == 0 ? [] : [{
    Sid      = "ReadSecrets"
    Effect   = "Allow"
    Action   = "secretsmanager:GetSecretValue"
    Resource = local.secrets_manager_arns
  }]

  read_parameters = length(local.parameter_arns) == 0 ? [] : [{
    Sid      = "ReadParameters"
    Effect   = "Allow"
    Action   = "ssm:GetParameters"
    Resource = local.parameter_arns
  }]

  secrets_keys = length(var.secrets_kms_key_arns) == 0 ? [] : [{
    Sid      = "SecretsKeys"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = var.secrets_kms_key_arns
    Condition = {
      StringEquals = {
        "kms:ViaService" = ["secretsmanager.${local.region}.${local.suffix}", "ssm.${local.region}.${local.suffix}"]
      }
    }
  }]

  execution_statements = concat(
    local.write_log, local.log_in, local.pull, local.read_secrets, local.read_parameters, local.secrets_keys,
  )
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "ECS starts logferry by this role"
  permissions_boundary = try(coalesce(var.permissions_boundary_arn), null)
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:*" }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

# A role without any statement is right for a public image, another log driver and no secrets. The conditions stand in
# turn and not joined by "or": the ARN of a repository may be known only after an apply.
resource "aws_iam_role_policy" "execution" {
  count = local.own_log_group ? 1 : length(local.secret_arns) > 0 ? 1 : var.ecr_repository_arn == null ? 0 : 1

  name   = "logferry"
  role   = aws_iam_role.execution.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution_statements })
}
