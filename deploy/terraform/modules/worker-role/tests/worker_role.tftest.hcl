mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name      = "logferry-worker"
  queue_arn = "arn:aws:sqs:eu-central-1:123456789012:logs"
  sources   = [{ bucket = "my-logs", prefix = "exports/" }]
}

run "least" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:eu-central-1:123456789012:logs"
      },
      {
        Sid      = "Objects"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["arn:aws:s3:::my-logs/exports/*"]
      },
      {
        Sid      = "MissingObjects"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = ["arn:aws:s3:::my-logs"]
      },
    ]
    error_message = "Queue and objects, and nothing more."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      ArnLike      = { "aws:SourceArn" = "arn:aws:ecs:eu-central-1:123456789012:*" }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "Only ECS tasks of this account and region have the role."
  }
}

run "all" {
  variables {
    queue_kms_key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/queue"
    sources_kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/objects"]
    dead_letters         = { bucket = "my-state", prefix = "/dead/", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/state" }
    opensearch           = { service = "es", arn = "arn:aws:es:eu-central-1:123456789012:domain/logs" }
    opensearch_setup     = true
  }

  assert {
    condition = {
      for s in slice(output.statements, 3, length(output.statements)) :
      s.Sid => { actions = flatten([s.Action]), resources = flatten([s.Resource]), via = try(s.Condition.StringEquals["kms:ViaService"], "") }
      } == {
      DeadLetters      = { actions = ["s3:PutObject"], resources = ["arn:aws:s3:::my-state/dead/*"], via = "" }
      QueueKey         = { actions = ["kms:Decrypt"], resources = ["arn:aws:kms:eu-central-1:123456789012:key/queue"], via = "sqs.eu-central-1.amazonaws.com" }
      ObjectKeys       = { actions = ["kms:Decrypt"], resources = ["arn:aws:kms:eu-central-1:123456789012:key/objects"], via = "s3.eu-central-1.amazonaws.com" }
      DeadLettersKey   = { actions = ["kms:GenerateDataKey"], resources = ["arn:aws:kms:eu-central-1:123456789012:key/state"], via = "s3.eu-central-1.amazonaws.com" }
      OpenSearchDomain = { actions = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"], resources = ["arn:aws:es:eu-central-1:123456789012:domain/logs/*"], via = "" }
    }
    error_message = "Each key through its service only; a domain with its three or four methods."
  }
}

run "serverless" {
  variables {
    opensearch = { service = "aoss", arn = "arn:aws:aoss:eu-central-1:123456789012:collection/abc" }
  }

  assert {
    condition     = output.statements[3].Action == "aoss:APIAccessAll" && output.statements[3].Resource == "arn:aws:aoss:eu-central-1:123456789012:collection/abc"
    error_message = "A collection has one action."
  }
}

run "empty_values_are_unset" {
  variables {
    queue_kms_key_arn        = ""
    permissions_boundary_arn = ""
    sources                  = [{ bucket = "my-logs" }]
    dead_letters             = { bucket = "my-state", prefix = "", kms_key_arn = "" }
  }

  assert {
    condition     = [for s in output.statements : s.Sid] == ["Queue", "Objects", "MissingObjects", "DeadLetters"] && aws_iam_role.this.permissions_boundary == null
    error_message = "An empty key is none."
  }

  assert {
    condition     = output.statements[1].Resource[0] == "arn:aws:s3:::my-logs/*" && output.statements[3].Resource == "arn:aws:s3:::my-state/*"
    error_message = "An empty prefix is the whole bucket."
  }
}

run "bucket_with_wildcard" {
  command = plan

  variables {
    sources = [{ bucket = "logs-*" }]
  }

  expect_failures = [var.sources]
}

run "unknown_service" {
  command = plan

  variables {
    opensearch = { service = "opensearch", arn = "arn:aws:es:eu-central-1:123456789012:domain/logs" }
  }

  expect_failures = [var.opensearch]
}
