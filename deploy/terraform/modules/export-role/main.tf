# The task role of `logferry export`. deploy/tests/terraform/test_permissions.py compares the actions here with the
# calls in src/.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  suffix     = data.aws_partition.current.dns_suffix

  logs_arn       = "arn:${local.partition}:logs:${local.region}:${local.account_id}"
  log_group_arns = length(var.log_group_arns) == 0 ? ["${local.logs_arn}:log-group:/aws/lambda/*"] : var.log_group_arns

  destination_bucket_arn = "arn:${local.partition}:s3:::${var.destination.bucket}"
  checkpoints_bucket_arn = "arn:${local.partition}:s3:::${var.checkpoints.bucket}"
  # The keys that logferry makes begin with PREFIX/logferry/.
  exported_arn    = join("/", compact([local.destination_bucket_arn, trim(var.destination.prefix, "/"), "logferry", "*"]))
  checkpoints_arn = join("/", compact([local.checkpoints_bucket_arn, trim(var.checkpoints.prefix, "/"), "*"]))

  via_s3 = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.suffix}" } }

  # None of these three knows the group before it is called: CloudWatch lists groups and tasks of an account, and
  # cancels a task by its id. log-group:* is the narrowest that CloudWatch's own table of resources allows.
  log_groups_and_tasks = {
    Sid      = "LogGroupsAndTasks"
    Effect   = "Allow"
    Action   = ["logs:CancelExportTask", "logs:DescribeExportTasks", "logs:DescribeLogGroups"]
    Resource = "*"
    Condition = {
      StringEquals = { "aws:RequestedRegion" = local.region }
    }
  }

  create_tasks = {
    Sid      = "CreateTasks"
    Effect   = "Allow"
    Action   = "logs:CreateExportTask"
    Resource = flatten([for arn in local.log_group_arns : [arn, "${arn}:*"]])
  }

  # The only call that wants the ARN without the final :*.
  read_tags = var.reads_tags ? [{
    Sid      = "ReadTags"
    Effect   = "Allow"
    Action   = "logs:ListTagsForResource"
    Resource = local.log_group_arns
  }] : []

  # CreateExportTask wants credentials that may write to the destination; logferry itself writes nothing there.
  destination = {
    Sid      = "Destination"
    Effect   = "Allow"
    Action   = "s3:PutObject"
    Resource = local.exported_arn
  }

  buckets = {
    Sid      = "Buckets"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = distinct([local.destination_bucket_arn, local.checkpoints_bucket_arn])
  }

  checkpoints = {
    Sid      = "Checkpoints"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:PutObject"]
    Resource = local.checkpoints_arn
  }

  checkpoints_key = [for arn in compact([var.checkpoints.kms_key_arn]) : {
    Sid       = "CheckpointsKey"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = arn
    Condition = local.via_s3
  }]

  destination_key = [for arn in compact([var.destination.kms_key_arn]) : {
    Sid       = "DestinationKey"
    Effect    = "Allow"
    Action    = "kms:GenerateDataKey"
    Resource  = arn
    Condition = local.via_s3
  }]

  statements = concat(
    [local.log_groups_and_tasks, local.create_tasks, local.destination, local.buckets, local.checkpoints],
    local.read_tags, local.checkpoints_key, local.destination_key,
  )

  # What the bucket must allow CloudWatch Logs: as `logferry export --print-bucket-policy` prints it. A test compares
  # the two.
  bucket_policy_statements = [
    {
      Sid       = "LogferryExportAcl"
      Effect    = "Allow"
      Principal = { Service = "logs.${local.region}.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = local.destination_bucket_arn
      Condition = {
        StringEquals = { "aws:SourceAccount" = [local.account_id] }
        ArnLike      = { "aws:SourceArn" = ["${local.logs_arn}:log-group:*"] }
      }
    },
    {
      Sid       = "LogferryExportPut"
      Effect    = "Allow"
      Principal = { Service = "logs.${local.region}.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = local.exported_arn
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = [local.account_id]
          "s3:x-amz-acl"      = "bucket-owner-full-control"
        }
        ArnLike = { "aws:SourceArn" = ["${local.logs_arn}:log-group:*"] }
      }
    },
  ]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "logferry export"
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

resource "aws_iam_role_policy" "this" {
  name   = "logferry"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
