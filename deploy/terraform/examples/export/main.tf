# All log groups of Lambda come to the bucket once an hour, by export tasks.

module "logs" {
  source = "../../modules/bucket"

  name              = var.log_bucket_name
  expire_days       = 30
  policy_statements = module.export.bucket_policy_statements
}

module "state" {
  source = "../../modules/bucket"

  name      = var.state_bucket_name
  versioned = true
}

module "export" {
  source = "../../modules/export"

  name               = "logferry-export"
  image              = var.image
  all_lambda         = true
  destination        = { bucket = var.log_bucket_name, prefix = "exports" }
  checkpoints        = { bucket = var.state_bucket_name, prefix = "export" }
  cluster_arn        = var.cluster_arn
  subnet_ids         = var.subnet_ids
  security_group_ids = var.security_group_ids
  alarm_actions      = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
}
