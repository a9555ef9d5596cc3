# Bucket → queue → worker on Fargate Spot → a domain of Amazon OpenSearch Service; one key for all, from zero to ten
# tasks by the backlog per task, alarms, and a role for the people on call.

module "key" {
  source = "../../modules/kms"

  name               = var.name
  bucket_names       = [var.log_bucket_name]
  encrypt_log_groups = ["/logferry/${var.name}"]
}

module "logs" {
  source = "../../modules/bucket"

  name        = var.log_bucket_name
  kms_key_arn = module.key.key_arn
  expire_days = 90
}

# Dead letters have a bucket of their own: in the bucket of the logs they would notify the queue.
module "state" {
  source = "../../modules/bucket"

  name        = var.state_bucket_name
  kms_key_arn = module.key.key_arn
  versioned   = true
}

module "queue" {
  source = "../../modules/queue"

  name         = var.name
  bucket_names = [var.log_bucket_name]
  kms_key_arn  = module.key.key_arn
}

module "notification" {
  source = "../../modules/notification"

  name        = var.name
  bucket_name = module.logs.name
  queue_arn   = module.queue.arn
}

module "worker_role" {
  source = "../../modules/worker-role"

  name                 = "${var.name}-worker"
  queue_arn            = module.queue.arn
  queue_kms_key_arn    = module.key.key_arn
  sources              = [{ bucket = var.log_bucket_name }]
  sources_kms_key_arns = [module.key.key_arn]
  dead_letters         = { bucket = var.state_bucket_name, kms_key_arn = module.key.key_arn }
  opensearch           = { service = "es", arn = var.opensearch_domain_arn }
  opensearch_setup     = true
}

module "service" {
  source = "../../modules/service"

  name                   = var.name
  image                  = var.image
  ecr_repository_arn     = var.ecr_repository_arn
  task_role_arn          = module.worker_role.arn
  queue_url              = module.queue.url
  bucket_names           = [var.log_bucket_name]
  opensearch_urls        = [var.opensearch_url]
  opensearch_aws_service = "es"
  setup                  = true
  dead_letters           = "s3://${module.state.name}/dead-letters"
  vpc_id                 = var.vpc_id
  subnet_ids             = var.subnet_ids
  spot                   = true
  log_kms_key_arn        = module.key.key_arn
}

module "scaling" {
  source = "../../modules/scaling"

  cluster_name = module.service.cluster_name
  service_name = module.service.service_name
  queue_name   = module.queue.name
  min_tasks    = 0
  max_tasks    = 10
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish to a topic with AWS's own key; the names of alarms are no secret.
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

module "alarms" {
  source = "../../modules/alarms"

  name                   = var.name
  queue_name             = module.queue.name
  dead_letter_queue_name = module.queue.dead_letter_queue_name
  worker_log_group_name  = module.service.log_group_name
  alarm_actions          = [aws_sns_topic.alarms.arn]
  ok_actions             = [aws_sns_topic.alarms.arn]
}

module "operator_role" {
  source = "../../modules/operator-role"

  name                   = "${var.name}-operator"
  queue_arn              = module.queue.arn
  dead_letter_queue_arn  = module.queue.dead_letter_queue_arn
  queue_kms_key_arn      = module.key.key_arn
  sources                = [{ bucket = var.log_bucket_name }]
  sources_kms_key_arns   = [module.key.key_arn]
  dead_letters           = { bucket = var.state_bucket_name, kms_key_arn = module.key.key_arn }
  replay_checkpoints     = { bucket = var.state_bucket_name, kms_key_arn = module.key.key_arn }
  opensearch             = { service = "es", arn = var.opensearch_domain_arn }
  trusted_principal_arns = var.on_call_role_arns
}
