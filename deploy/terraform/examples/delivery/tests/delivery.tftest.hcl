mock_provider "aws" {
  source = "../../mocks"
}

run "apply" {
  variables {
    log_bucket_name = "my-logs"
  }

  assert {
    condition     = output.logging_configuration.log_group == "/delivery/lambda"
    error_message = "A function can be told of the group."
  }
}
