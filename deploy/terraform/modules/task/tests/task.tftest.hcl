mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "logferry"
  command       = ["worker"]
  serves        = true
  task_role_arn = "arn:aws:iam::123456789012:role/logferry-worker"
  image         = "example.org/logferry:1.2.3"
}

run "hardened" {
  assert {
    condition = alltrue([
      output.container.readonlyRootFilesystem,
      output.container.user == "65532:65532",
      !output.container.privileged,
      jsonencode(output.container.linuxParameters.capabilities) == jsonencode({ add = [], drop = ["ALL"] }),
    ])
    error_message = "Read-only root, not root, no capabilities."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command == ["CMD", "/logferry", "healthcheck"]
    error_message = "The health check asks whether the worker lives, by its own program: the image has no shell."
  }

  assert {
    condition     = output.container.stopTimeout >= 25 + 10
    error_message = "SIGKILL comes after the drain."
  }

  assert {
    condition     = aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64" && aws_ecs_task_definition.this.requires_compatibilities == toset(["FARGATE"])
    error_message = "Fargate on ARM64."
  }

  assert {
    condition     = output.container.logConfiguration.logDriver == "awslogs" && output.container.logConfiguration.options.mode == "non-blocking"
    error_message = "CloudWatch's trouble does not stop the worker."
  }

  assert {
    condition     = [for s in output.execution_statements : s.Sid] == ["WriteLog"]
    error_message = "Without secrets and ECR the execution role only writes the log."
  }
}

run "environment_and_secrets" {
  variables {
    environment = {
      LOGFERRY_QUEUE_URL           = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
      LOGFERRY_INDEX_PREFIX        = ""
      LOGFERRY_DEAD_LETTERS        = null
      LOGFERRY_OPENSEARCH_PASSWORD = "a secret wins"
    }
    secrets = {
      LOGFERRY_OPENSEARCH_PASSWORD = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:opensearch-AbCdEf:password::"
      LOGFERRY_OPENSEARCH_USER     = "arn:aws:ssm:eu-central-1:123456789012:parameter/opensearch/user"
    }
    secrets_kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
    ecr_repository_arn   = "arn:aws:ecr:eu-central-1:123456789012:repository/logferry"
  }

  assert {
    condition     = [for e in output.container.environment : e.name] == ["AWS_REGION", "LOGFERRY_QUEUE_URL"]
    error_message = "Empty values are unset, and a name does not stand in both lists."
  }

  assert {
    condition     = [for s in output.execution_statements : s.Sid] == ["WriteLog", "LogInToEcr", "PullImage", "ReadSecrets", "ReadParameters", "SecretsKeys"]
    error_message = "The execution role reads what is given."
  }

  assert {
    condition     = output.execution_statements[3].Resource == tolist(["arn:aws:secretsmanager:eu-central-1:123456789012:secret:opensearch-AbCdEf"])
    error_message = "The permission is on the secret, not on its key."
  }
}

run "another_log_driver" {
  variables {
    log_configuration = {
      driver         = "awsfirelens"
      options        = { Name = "opensearch" }
      secret_options = { password = "arn:aws:ssm:eu-central-1:123456789012:parameter/p" }
    }
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 0 && output.log_group_name == null && output.container.logConfiguration.logDriver == "awsfirelens"
    error_message = "No log group of its own."
  }
}

run "once" {
  variables {
    command = ["export", "--once"]
    serves  = false
  }

  assert {
    condition     = !can(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck) && length(output.container.portMappings) == 0
    error_message = "A command that serves nothing has no health check and no port."
  }
}

run "killed_before_the_drain" {
  command = plan

  variables {
    drain_timeout_seconds = 60
  }

  expect_failures = [var.stop_timeout_seconds]
}

run "stop_after_spot_is_gone" {
  command = plan

  variables {
    stop_timeout_seconds = 180
  }

  expect_failures = [var.stop_timeout_seconds]
}

run "image_without_version" {
  command = plan

  variables {
    image = "example.org/logferry:latest"
  }

  expect_failures = [var.image]
}

run "memory_that_fargate_has_not" {
  command = plan

  variables {
    cpu    = 256
    memory = 4096
  }

  expect_failures = [var.memory]
}

run "secret_in_plain_text" {
  command = plan

  variables {
    secrets = { LOGFERRY_OPENSEARCH_PASSWORD = "hunter2" }
  }

  expect_failures = [var.secrets]
}
