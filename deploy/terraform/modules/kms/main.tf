# One key for queues, objects, dead letters and log groups, with the services that may use it. The roles of the other
# modules get their part by their own policies, each with kms:ViaService.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region

  # Without this statement nobody could change or delete the key: AWS's own default, and the only wildcard action here.
  # It lets IAM policies of this account grant permissions; by itself it grants none to any role.
  account = {
    Sid       = "Account"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  s3 = {
    Sid       = "S3Notifications"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = {
      ArnEquals    = { "aws:SourceArn" = [for name in var.bucket_names : "arn:${local.partition}:s3:::${name}"] }
      StringEquals = { "aws:SourceAccount" = local.account_id }
    }
  }

  eventbridge = {
    Sid       = "EventBridge"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = {
      ArnEquals = {
        "aws:SourceArn" = [
          for name in var.event_rule_names : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}"
        ]
      }
      StringEquals = { "aws:SourceAccount" = local.account_id }
    }
  }

  export_tasks = {
    Sid       = "ExportTasks"
    Effect    = "Allow"
    Principal = { Service = "logs.${local.region}.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = {
      ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:*" }
      StringEquals = { "aws:SourceAccount" = local.account_id }
    }
  }

  log_groups = {
    Sid       = "LogGroups"
    Effect    = "Allow"
    Principal = { Service = "logs.${local.region}.amazonaws.com" }
    Action = [
      "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom", "kms:ReEncryptTo",
    ]
    Resource = "*"
    Condition = {
      ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = [
          for name in var.encrypt_log_groups : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${name}"
        ]
      }
    }
  }

  statements = concat(
    [local.account],
    length(var.bucket_names) == 0 ? [] : [local.s3],
    length(var.event_rule_names) == 0 ? [] : [local.eventbridge],
    var.export_log_groups ? [local.export_tasks] : [],
    length(var.encrypt_log_groups) == 0 ? [] : [local.log_groups],
  )
}

resource "aws_kms_key" "this" {
  description             = "logferry: ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = jsonencode({ Version = "2012-10-17", Statement = local.statements })
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
