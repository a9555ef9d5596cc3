mock_provider "aws" {
  source = "../../mocks"

  override_data {
    target = module.service.data.aws_ecs_cluster.existing
    values = {
      arn     = "arn:aws:ecs:eu-central-1:123456789012:cluster/shared"
      setting = [{ name = "containerInsights", value = "enabled" }]
    }
  }
}

run "apply" {
  variables {
    image                          = "example.org/logferry:1.2.3"
    bucket_name                    = "my-logs"
    cluster_name                   = "shared"
    vpc_id                         = "vpc-0123456789abcdef0"
    subnet_ids                     = ["subnet-1", "subnet-2"]
    opensearch_url                 = "https://search.example.org"
    opensearch_password_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:opensearch-AbCdEf"
  }

  assert {
    condition     = output.event_rule_arn != null && output.queue_url != ""
    error_message = "Everything is joined."
  }

  assert {
    condition     = contains(module.alarms.alarm_names, "logferry-undelivered-events")
    error_message = "Events that EventBridge cannot deliver raise an alarm."
  }
}
