# The task role of `logferry worker`: the calls that it makes, on the resources that it is given, and no others.
# deploy/tests/terraform/test_permissions.py compares the actions here with the calls in src/.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  suffix     = data.aws_partition.current.dns_suffix

  object_arns = [for source in var.sources : "arn:${local.partition}:s3:::${source.bucket}/${source.prefix}*"]
  bucket_arns = distinct([for source in var.sources : "arn:${local.partition}:s3:::${source.bucket}"])

  dead_letters_prefix = trim(try(var.dead_letters.prefix, ""), "/")
  dead_letter_arns = var.dead_letters == null ? [] : [
    join("/", compact(["arn:${local.partition}:s3:::${var.dead_letters.bucket}", local.dead_letters_prefix, "*"]))
  ]

  via_s3  = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.suffix}" } }
  via_sqs = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.${local.suffix}" } }

  queue = {
    Sid      = "Queue"
    Effect   = "Allow"
    Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    Resource = var.queue_arn
  }

  objects = {
    Sid    = "Objects"
    Effect = "Allow"
    # A notification of a versioned bucket names the version.
    Action   = ["s3:GetObject", "s3:GetObjectVersion"]
    Resource = local.object_arns
  }

  # Without it, S3 answers 403 for a key that is gone, and the worker cannot tell that from a missing permission.
  # A condition on the prefix would not hold there: GetObject brings none.
  missing_objects = {
    Sid      = "MissingObjects"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = local.bucket_arns
  }

  write_dead_letters = [for arn in local.dead_letter_arns : {
    Sid      = "DeadLetters"
    Effect   = "Allow"
    Action   = "s3:PutObject"
    Resource = arn
  }]

  queue_key = [for arn in compact([var.queue_kms_key_arn]) : {
    Sid       = "QueueKey"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = arn
    Condition = local.via_sqs
  }]

  object_keys = length(var.sources_kms_key_arns) == 0 ? [] : [{
    Sid       = "ObjectKeys"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = var.sources_kms_key_arns
    Condition = local.via_s3
  }]

  dead_letters_key = [for arn in compact([try(var.dead_letters.kms_key_arn, null)]) : {
    Sid       = "DeadLettersKey"
    Effect    = "Allow"
    Action    = "kms:GenerateDataKey"
    Resource  = arn
    Condition = local.via_s3
  }]

  domain = [for arn in compact([try(var.opensearch.service, "") == "es" ? var.opensearch.arn : null]) : {
    Sid    = "OpenSearchDomain"
    Effect = "Allow"
    Action = concat(
      ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"],
      var.opensearch_setup ? ["es:ESHttpPut"] : [],
    )
    Resource = "${arn}/*"
  }]

  # The data access policy of the collection says what the role may do there.
  collection = [for arn in compact([try(var.opensearch.service, "") == "aoss" ? var.opensearch.arn : null]) : {
    Sid      = "OpenSearchCollection"
    Effect   = "Allow"
    Action   = "aoss:APIAccessAll"
    Resource = arn
  }]

  statements = concat(
    [local.queue, local.objects, local.missing_objects],
    local.write_dead_letters, local.queue_key, local.object_keys, local.dead_letters_key, local.domain, local.collection,
  )
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "logferry worker"
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
