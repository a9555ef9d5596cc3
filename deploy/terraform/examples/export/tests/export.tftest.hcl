mock_provider "aws" {
  source = "../../mocks"
}

variables {
  image              = "example.org/logferry:1.2.3"
  log_bucket_name    = "my-logs"
  state_bucket_name  = "my-state"
  cluster_arn        = "arn:aws:ecs:eu-central-1:123456789012:cluster/logferry"
  subnet_ids         = ["subnet-1"]
  security_group_ids = ["sg-1"]
}

run "apply" {
  assert {
    condition     = output.log_group_name == "/logferry/logferry-export" && startswith(output.first_run, "aws ecs run-task")
    error_message = "Everything is joined."
  }
}

run "with_a_topic" {
  variables {
    alarm_topic_arn = "arn:aws:sns:eu-central-1:123456789012:on-call"
  }
}
