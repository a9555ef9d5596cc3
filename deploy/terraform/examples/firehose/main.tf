# Live, for all log groups of the account at once: one account policy subscribes them to a stream of Firehose.

module "logs" {
  source = "../../modules/bucket"

  name        = var.log_bucket_name
  expire_days = 30
}

module "firehose" {
  source = "../../modules/firehose"

  name                = "logs-to-s3"
  bucket_name         = module.logs.name
  account_policy      = true
  excluded_log_groups = var.worker_log_group_names
}
