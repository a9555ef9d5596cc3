mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name            = "logferry"
  image           = "example.org/logferry:1.2.3"
  task_role_arn   = "arn:aws:iam::123456789012:role/logferry-worker"
  queue_url       = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
  bucket_names    = ["my-logs", "logs-*"]
  opensearch_urls = ["https://a.example:443", "https://b.example:443"]
  vpc_id          = "vpc-0123456789abcdef0"
  subnet_ids      = ["subnet-1", "subnet-2"]
}

run "defaults" {
  assert {
    condition = { for e in jsondecode(module.task.container_json)[0].environment : e.name => e.value } == {
      AWS_REGION                     = "eu-central-1"
      LOGFERRY_ALLOW_BUCKET          = "my-logs,logs-*"
      LOGFERRY_DRAIN_TIMEOUT         = "25s"
      LOGFERRY_EXPECTED_BUCKET_OWNER = "123456789012"
      LOGFERRY_OPENSEARCH_URL        = "https://a.example:443,https://b.example:443"
      LOGFERRY_QUEUE_URL             = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
    }
    error_message = "The settings of the worker, and no empty ones."
  }

  assert {
    condition     = [for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider] == ["FARGATE"]
    error_message = "Without spot all tasks are on demand."
  }

  assert {
    condition     = [for s in aws_ecs_cluster.this[0].setting : s.value if s.name == "containerInsights"] == ["enabled"]
    error_message = "The scaling needs Container Insights."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.metrics) == 0 && aws_vpc_security_group_egress_rule.https.from_port == 443 && length(aws_vpc_security_group_egress_rule.opensearch) == 0
    error_message = "Nothing comes in; only port 443 goes out."
  }

  assert {
    condition     = !aws_ecs_service.this.network_configuration[0].assign_public_ip && !aws_ecs_service.this.enable_execute_command
    error_message = "No public address, no shell."
  }
}

run "spot" {
  variables {
    spot            = true
    on_demand_tasks = 1
  }

  assert {
    condition = { for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider => "${s.base} ${s.weight}" } == {
      FARGATE_SPOT = "0 1"
      FARGATE      = "1 0"
    }
    error_message = "The first task is on demand, all others are on Spot."
  }
}

run "spot_alone" {
  variables {
    spot = true
  }

  assert {
    condition     = [for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider] == ["FARGATE_SPOT"]
    error_message = "All tasks are on Spot."
  }
}

run "all_settings" {
  variables {
    opensearch_user            = "logferry"
    secrets                    = { LOGFERRY_OPENSEARCH_PASSWORD = "arn:aws:ssm:eu-central-1:123456789012:parameter/p" }
    dead_letters               = "s3://my-state/dead-letters"
    index_prefix               = "team"
    setup                      = true
    expected_bucket_owner      = ""
    drain_timeout_seconds      = 60
    stop_timeout_seconds       = 90
    environment                = { LOGFERRY_LOG_GROUP_PATTERN = "exports/{function}/", LOGFERRY_SETUP = "" }
    opensearch_port            = 9200
    opensearch_cidr_blocks     = ["10.0.0.0/16"]
    metrics_security_group_ids = ["sg-1"]
  }

  assert {
    condition = { for e in jsondecode(module.task.container_json)[0].environment : e.name => e.value } == {
      AWS_REGION                 = "eu-central-1"
      LOGFERRY_ALLOW_BUCKET      = "my-logs,logs-*"
      LOGFERRY_DEAD_LETTERS      = "s3://my-state/dead-letters"
      LOGFERRY_DRAIN_TIMEOUT     = "60s"
      LOGFERRY_INDEX_PREFIX      = "team"
      LOGFERRY_LOG_GROUP_PATTERN = "exports/{function}/"
      LOGFERRY_OPENSEARCH_URL    = "https://a.example:443,https://b.example:443"
      LOGFERRY_OPENSEARCH_USER   = "logferry"
      LOGFERRY_QUEUE_URL         = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
    }
    error_message = "The user's environment wins, also with an empty value."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.opensearch["10.0.0.0/16"].from_port == 9200 && aws_vpc_security_group_ingress_rule.metrics[0].from_port == 9090
    error_message = "OpenSearch's own port, and Prometheus."
  }
}

run "cluster_that_exists" {
  variables {
    create_cluster = false
    cluster_name   = "shared"
  }

  override_data {
    target = data.aws_ecs_cluster.existing
    values = {
      arn     = "arn:aws:ecs:eu-central-1:123456789012:cluster/shared"
      setting = [{ name = "containerInsights", value = "enhanced" }]
    }
  }

  assert {
    condition     = length(aws_ecs_cluster.this) == 0 && aws_ecs_service.this.cluster == "arn:aws:ecs:eu-central-1:123456789012:cluster/shared" && output.cluster_name == "shared"
    error_message = "The service runs in it."
  }
}

run "cluster_without_container_insights" {
  command = plan

  variables {
    create_cluster = false
    cluster_name   = "shared"
  }

  override_data {
    target = data.aws_ecs_cluster.existing
    values = {
      arn     = "arn:aws:ecs:eu-central-1:123456789012:cluster/shared"
      setting = [{ name = "containerInsights", value = "disabled" }]
    }
  }

  expect_failures = [data.aws_ecs_cluster.existing]
}

run "no_cluster" {
  command = plan

  variables {
    create_cluster = false
  }

  override_data {
    target = data.aws_ecs_cluster.existing
    values = {
      setting = [{ name = "containerInsights", value = "enabled" }]
    }
  }

  expect_failures = [var.cluster_name]
}

run "password_in_the_url" {
  command = plan

  variables {
    opensearch_urls = ["https://admin:secret@a.example"]
  }

  expect_failures = [var.opensearch_urls]
}

run "user_without_password" {
  command = plan

  variables {
    opensearch_user = "logferry"
  }

  expect_failures = [var.opensearch_user]
}

run "signed_and_with_user" {
  command = plan

  variables {
    opensearch_user        = "logferry"
    secrets                = { LOGFERRY_OPENSEARCH_PASSWORD = "arn:aws:ssm:eu-central-1:123456789012:parameter/p" }
    opensearch_aws_service = "es"
  }

  expect_failures = [var.opensearch_aws_service]
}

run "queue_url_with_a_slash" {
  command = plan

  variables {
    queue_url = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs/"
  }

  expect_failures = [var.queue_url]
}

run "any_bucket" {
  command = plan

  variables {
    bucket_names = []
  }

  expect_failures = [var.bucket_names]
}

run "dead_letters_in_a_folder" {
  command = plan

  variables {
    dead_letters = "file:///tmp"
  }

  expect_failures = [var.dead_letters]
}

run "closed_port" {
  command = plan

  variables {
    opensearch_port = 9200
  }

  expect_failures = [var.opensearch_cidr_blocks]
}
