# Log groups → Firehose → bucket (docs/getting-logs-to-s3.md). Firehose writes the events as they come: no
# transformation and no format conversion; logferry undoes the gzip of the envelopes and that of the objects.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket_name}"
  via_s3     = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${data.aws_partition.current.dns_suffix}" } }

  stream_kms_key_arn = try(coalesce(var.stream_kms_key_arn), null)

  # Firehose also asks for what ends a broken upload.
  write_statements = concat(
    [
      {
        Sid      = "Bucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = local.bucket_arn
      },
      {
        Sid      = "Objects"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = distinct(["${local.bucket_arn}/${var.prefix}*", "${local.bucket_arn}/${var.error_prefix}*"])
      },
      {
        Sid      = "Errors"
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${aws_cloudwatch_log_group.errors.arn}:log-stream:${aws_cloudwatch_log_stream.errors.name}"
      },
    ],
    [for arn in compact([var.bucket_kms_key_arn]) : {
      Sid       = "Key"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = arn
      Condition = local.via_s3
    }],
  )

  put_statements = [{
    Sid      = "Put"
    Effect   = "Allow"
    Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    Resource = aws_kinesis_firehose_delivery_stream.this.arn
  }]
}

resource "aws_cloudwatch_log_group" "errors" {
  #checkov:skip=CKV_AWS_338:The errors of Firehose serve for days, not for a year; log_retention_days says for how many.
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts every group, and the errors hold no log lines.
  name              = "/logferry/${var.name}-errors"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "errors" {
  name           = "S3Delivery"
  log_group_name = aws_cloudwatch_log_group.errors.name
}

resource "aws_iam_role" "stream" {
  name                 = "${var.name}-stream"
  description          = "Firehose writes to ${var.bucket_name}"
  permissions_boundary = try(coalesce(var.permissions_boundary_arn), null)
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "stream" {
  name   = "logferry"
  role   = aws_iam_role.stream.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.write_statements })
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  #checkov:skip=CKV_AWS_241:The buffer is encrypted with a key of Firehose; stream_kms_key_arn names a key of one's own.
  name        = var.name
  destination = "extended_s3"
  tags        = var.tags

  server_side_encryption {
    enabled  = true
    key_type = local.stream_kms_key_arn == null ? "AWS_OWNED_CMK" : "CUSTOMER_MANAGED_CMK"
    key_arn  = local.stream_kms_key_arn
  }

  extended_s3_configuration {
    bucket_arn          = local.bucket_arn
    role_arn            = aws_iam_role.stream.arn
    prefix              = var.prefix
    error_output_prefix = var.error_prefix
    buffering_size      = var.buffer_megabytes
    buffering_interval  = var.buffer_seconds
    # The envelopes are gzip already: a second time would only cost time.
    compression_format = "UNCOMPRESSED"
    kms_key_arn        = try(coalesce(var.bucket_kms_key_arn), null)

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.errors.name
      log_stream_name = aws_cloudwatch_log_stream.errors.name
    }
  }

  depends_on = [aws_iam_role_policy.stream]
}

resource "aws_iam_role" "subscription" {
  name                 = "${var.name}-subscription"
  description          = "CloudWatch Logs puts events into the stream ${var.name}"
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

resource "aws_iam_role_policy" "subscription" {
  name   = "logferry"
  role   = aws_iam_role.subscription.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.put_statements })
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  for_each = toset(var.log_group_names)

  name               = var.name
  log_group_name     = each.value
  filter_pattern     = var.filter_pattern
  destination_arn    = aws_kinesis_firehose_delivery_stream.this.arn
  role_arn           = aws_iam_role.subscription.arn
  emit_system_fields = length(var.system_fields) == 0 ? null : var.system_fields

  # CloudWatch tries the destination when it is told of it.
  depends_on = [aws_iam_role_policy.subscription]
}

resource "aws_cloudwatch_log_account_policy" "this" {
  count = var.account_policy ? 1 : 0

  policy_name = var.name
  policy_type = "SUBSCRIPTION_FILTER_POLICY"
  scope       = "ALL"

  policy_document = jsonencode({
    DestinationArn = aws_kinesis_firehose_delivery_stream.this.arn
    RoleArn        = aws_iam_role.subscription.arn
    FilterPattern  = var.filter_pattern
    Distribution   = "Random"
  })

  # The groups of Firehose's errors and of logferry itself are left out: their lines would come back for ever.
  selection_criteria = "LogGroupName NOT IN ${jsonencode(distinct(concat(["/logferry/${var.name}-errors"], var.excluded_log_groups)))}"

  depends_on = [aws_iam_role_policy.subscription]
}
