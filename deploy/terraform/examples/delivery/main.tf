# Live, without Firehose: functions write to log groups of class DELIVERY; CloudWatch sends the events to the bucket.

module "logs" {
  source = "../../modules/bucket"

  name        = var.log_bucket_name
  expire_days = 30
}

module "delivery" {
  source = "../../modules/delivery"

  name            = "${var.log_bucket_name}-delivery"
  log_group_names = var.log_group_names
  bucket_name     = module.logs.name
}
