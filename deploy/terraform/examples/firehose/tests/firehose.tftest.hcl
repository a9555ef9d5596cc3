mock_provider "aws" {
  source = "../../mocks"
}

run "apply" {
  variables {
    log_bucket_name = "my-logs"
  }

  assert {
    condition     = output.stream_arn != ""
    error_message = "The stream exists."
  }
}
