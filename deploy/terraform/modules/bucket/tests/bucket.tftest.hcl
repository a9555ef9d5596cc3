mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "my-logs"
}

run "defaults" {
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256" && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "Private and encrypted."
  }

  assert {
    condition     = length(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration) == 0 && length(aws_s3_bucket_versioning.this) == 0
    error_message = "Objects do not expire by default."
  }

  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid] == ["NoPlainHttp"]
    error_message = "Nobody reads without TLS."
  }
}

run "all" {
  variables {
    kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/1"
    expire_days       = 90
    versioned         = true
    policy_statements = [{ Sid = "One", Effect = "Allow" }, { Sid = "Two", Effect = "Allow", Condition = { Bool = {} } }]
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn
    error_message = "The key, with a bucket key."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration[0].days == 90 && aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Enabled"
    error_message = "Expiry and versions."
  }

  assert {
    condition     = [for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Sid] == ["NoPlainHttp", "One", "Two"]
    error_message = "Further statements are added."
  }
}

run "expires_at_once" {
  command = plan

  variables {
    expire_days = 0
  }

  expect_failures = [var.expire_days]
}

run "bucket_by_url" {
  command = plan

  variables {
    name = "s3://my-logs"
  }

  expect_failures = [var.name]
}
