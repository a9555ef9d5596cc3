# A bucket that exists, whose notifications somebody else manages: EventBridge brings the events to the queue. The
# worker runs in a cluster that exists and signs in with user and password.

module "queue" {
  source = "../../modules/queue"

  name             = var.name
  event_rule_names = [var.name]
}

module "notification" {
  source = "../../modules/notification"

  name        = var.name
  via         = "eventbridge"
  bucket_name = var.bucket_name
  queue_arn   = module.queue.arn
  prefixes    = ["exports/", "firehose/"]

  # The owner of the bucket switches EventBridge on, for example with
  #   resource "aws_s3_bucket_notification" "logs" { bucket = …, eventbridge = true }
  manage_bucket_notification = false
}

module "worker_role" {
  source = "../../modules/worker-role"

  name      = "${var.name}-worker"
  queue_arn = module.queue.arn
  sources = [
    { bucket = var.bucket_name, prefix = "exports/" },
    { bucket = var.bucket_name, prefix = "firehose/" },
  ]
}

module "service" {
  source = "../../modules/service"

  name            = var.name
  image           = var.image
  task_role_arn   = module.worker_role.arn
  create_cluster  = false
  cluster_name    = var.cluster_name
  queue_url       = module.queue.url
  bucket_names    = [var.bucket_name]
  opensearch_urls = [var.opensearch_url]
  opensearch_user = var.opensearch_user
  secrets         = { LOGFERRY_OPENSEARCH_PASSWORD = var.opensearch_password_secret_arn }
  vpc_id          = var.vpc_id
  subnet_ids      = var.subnet_ids
}

module "scaling" {
  source = "../../modules/scaling"

  cluster_name = module.service.cluster_name
  service_name = module.service.service_name
  queue_name   = module.queue.name
}

module "alarms" {
  source = "../../modules/alarms"

  name                   = var.name
  queue_name             = module.queue.name
  dead_letter_queue_name = module.queue.dead_letter_queue_name
  undelivered_queue_name = module.notification.undelivered_queue_name
  worker_log_group_name  = module.service.log_group_name
}
