mock_provider "aws" {
  source = "../../mocks"
}

run "apply" {
  variables {
    image                 = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/logferry:1.2.3"
    ecr_repository_arn    = "arn:aws:ecr:eu-central-1:123456789012:repository/logferry"
    log_bucket_name       = "my-logs"
    state_bucket_name     = "my-state"
    vpc_id                = "vpc-0123456789abcdef0"
    subnet_ids            = ["subnet-1", "subnet-2"]
    opensearch_domain_arn = "arn:aws:es:eu-central-1:123456789012:domain/logs"
    opensearch_url        = "https://vpc-logs.eu-central-1.es.amazonaws.com"
    alarm_email           = "on-call@example.org"
    on_call_role_arns     = ["arn:aws:iam::123456789012:role/on-call"]
  }

  assert {
    condition     = output.log_group_name == "/logferry/logferry" && output.queue_url != ""
    error_message = "Everything is joined."
  }

  assert {
    condition     = toset(module.alarms.alarm_names) == toset(["logferry-oldest-message", "logferry-lag", "logferry-dead-letter-queue", "logferry-dead-letters"])
    error_message = "All alarms exist."
  }
}
