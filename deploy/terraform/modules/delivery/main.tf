# Log groups of class DELIVERY: CloudWatch sends their events straight to the bucket (docs/getting-logs-to-s3.md).

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket_name}"

  # AWS does not document the keys, so no prefix can narrow this.
  write = {
    Sid      = "Write"
    Effect   = "Allow"
    Action   = "s3:PutObject"
    Resource = "${local.bucket_arn}/*"
  }

  key = [for arn in compact([var.bucket_kms_key_arn]) : {
    Sid       = "Key"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = arn
    Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${data.aws_partition.current.dns_suffix}" } }
  }]

  statements = concat([local.write], local.key)
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:CloudWatch refuses a retention for this class, and keeps its events for a day or two.
  #checkov:skip=CKV_AWS_66:CloudWatch refuses a retention for this class.
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts every group; log_kms_key_arn names a key of one's own.
  for_each = toset(var.log_group_names)

  name            = each.value
  log_group_class = "DELIVERY"
  kms_key_id      = try(coalesce(var.log_kms_key_arn), null)
  tags            = var.tags

  lifecycle {
    # CloudWatch sets it itself.
    ignore_changes = [retention_in_days]
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "CloudWatch Logs writes events to ${var.bucket_name}"
  permissions_boundary = try(coalesce(var.permissions_boundary_arn), null)
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "logferry"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  for_each = aws_cloudwatch_log_group.this

  name            = var.name
  log_group_name  = each.value.name
  filter_pattern  = var.filter_pattern
  destination_arn = local.bucket_arn
  role_arn        = aws_iam_role.this.arn

  # CloudWatch tries the destination when it is told of it.
  depends_on = [aws_iam_role_policy.this]
}
