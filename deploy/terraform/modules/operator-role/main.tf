# The role of a person, or of a task that a person starts, who mends and replays: `logferry dead-letters` (list, show,
# replay, drop, redrive), `logferry replay` and `logferry coverage`. The worker never has these permissions.
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

  bucket_arns = distinct([
    for bucket in compact(concat(
      [for source in var.sources : source.bucket],
      [
        try(var.dead_letters.bucket, null), try(var.replay_checkpoints.bucket, null),
        try(var.export_checkpoints.bucket, null),
      ],
    )) : "arn:${local.partition}:s3:::${bucket}"
  ])

  dead_letter_arns = var.dead_letters == null ? [] : [
    join("/", compact(["arn:${local.partition}:s3:::${var.dead_letters.bucket}", trim(var.dead_letters.prefix, "/"), "*"]))
  ]

  checkpoint_arns = var.replay_checkpoints == null ? [] : [
    join("/", compact([
      "arn:${local.partition}:s3:::${var.replay_checkpoints.bucket}", trim(var.replay_checkpoints.prefix, "/"), "*",
    ]))
  ]

  export_checkpoint_arns = var.export_checkpoints == null ? [] : [
    join("/", compact([
      "arn:${local.partition}:s3:::${var.export_checkpoints.bucket}", trim(var.export_checkpoints.prefix, "/"), "*",
    ]))
  ]

  via_s3  = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.suffix}" } }
  via_sqs = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.${local.suffix}" } }

  queues = {
    Sid      = "Queues"
    Effect   = "Allow"
    Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues"]
    Resource = [var.queue_arn, var.dead_letter_queue_arn]
  }

  redrive = {
    Sid    = "Redrive"
    Effect = "Allow"
    Action = [
      "sqs:CancelMessageMoveTask", "sqs:DeleteMessage", "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage",
      "sqs:StartMessageMoveTask",
    ]
    Resource = var.dead_letter_queue_arn
  }

  send = {
    Sid      = "Send"
    Effect   = "Allow"
    Action   = "sqs:SendMessage"
    Resource = var.queue_arn
  }

  objects = {
    Sid      = "Objects"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:GetObjectVersion"]
    Resource = local.object_arns
  }

  list = {
    Sid      = "List"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = local.bucket_arns
  }

  letters = [for arn in local.dead_letter_arns : {
    Sid      = "DeadLetters"
    Effect   = "Allow"
    Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    Resource = arn
  }]

  checkpoints = [for arn in local.checkpoint_arns : {
    Sid      = "ReplayCheckpoints"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:PutObject"]
    Resource = arn
  }]

  export_checkpoints = [for arn in local.export_checkpoint_arns : {
    Sid      = "ExportCheckpoints"
    Effect   = "Allow"
    Action   = "s3:GetObject"
    Resource = arn
  }]

  queue_key = [for arn in compact([var.queue_kms_key_arn]) : {
    Sid       = "QueueKey"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
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

  export_checkpoints_key = [for arn in compact([try(var.export_checkpoints.kms_key_arn, null)]) : {
    Sid       = "ExportCheckpointsKey"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = arn
    Condition = local.via_s3
  }]

  written_keys = [
    for arn in distinct(compact([try(var.dead_letters.kms_key_arn, null), try(var.replay_checkpoints.kms_key_arn, null)])) : {
      Sid       = "WrittenKey${substr(md5(arn), 0, 8)}"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = arn
      Condition = local.via_s3
    }
  ]

  domain = [for arn in compact([try(var.opensearch.service, "") == "es" ? var.opensearch.arn : null]) : {
    Sid      = "OpenSearchDomain"
    Effect   = "Allow"
    Action   = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"]
    Resource = "${arn}/*"
  }]

  collection = [for arn in compact([try(var.opensearch.service, "") == "aoss" ? var.opensearch.arn : null]) : {
    Sid      = "OpenSearchCollection"
    Effect   = "Allow"
    Action   = "aoss:APIAccessAll"
    Resource = arn
  }]

  statements = concat(
    [local.queues, local.redrive, local.send, local.objects, local.list],
    local.letters, local.checkpoints, local.export_checkpoints, local.export_checkpoints_key, local.queue_key, local.object_keys, local.written_keys, local.domain, local.collection,
  )

  by_tasks = {
    Effect    = "Allow"
    Principal = { Service = "ecs-tasks.amazonaws.com" }
    Action    = "sts:AssumeRole"
    Condition = {
      ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:*" }
      StringEquals = { "aws:SourceAccount" = local.account_id }
    }
  }

  by_people = {
    Effect    = "Allow"
    Principal = { AWS = var.trusted_principal_arns }
    Action    = "sts:AssumeRole"
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "logferry dead-letters, redrive and replay"
  permissions_boundary = try(coalesce(var.permissions_boundary_arn), null)
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.by_tasks], length(var.trusted_principal_arns) == 0 ? [] : [local.by_people])
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "logferry"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
