variable "name" {
  description = "Family of the task definition, and prefix of the log group and of the execution role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name: 1 to 50 letters, digits, hyphens and underscores."
  }
}

variable "command" {
  description = "Command of logferry, such as [\"worker\"]."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.command) > 0
    error_message = "command: at least the name of a command of logferry, such as worker."
  }
}

variable "task_role_arn" {
  description = "Role of the running task."
  type        = string
}

variable "serves" {
  description = "Whether the command serves /livez, /readyz and /metrics on port 9090: worker does, export --once does not. It brings the port and the health check."
  type        = bool
  default     = false
  nullable    = false
}

variable "drain_timeout_seconds" {
  description = "Time that the command takes to end after SIGTERM."
  type        = number
  default     = 25
  nullable    = false
}

variable "stop_timeout_seconds" {
  description = "Time between SIGTERM and SIGKILL."
  type        = number
  default     = 45
  nullable    = false

  validation {
    condition     = var.stop_timeout_seconds >= var.drain_timeout_seconds + 10
    error_message = "stop_timeout_seconds: at least drain_timeout_seconds + 10 (${var.drain_timeout_seconds + 10}). Messages that are unfinished at the end of the drain are released then, which takes a few seconds more."
  }

  validation {
    condition     = var.stop_timeout_seconds <= 120
    error_message = "stop_timeout_seconds: at most 120, the limit of Fargate and the warning time of Fargate Spot."
  }
}

variable "image" {
  description = "Image of logferry, with a tag or, better, a digest."
  type        = string

  validation {
    condition     = can(regex("[:@]", var.image)) && !endswith(var.image, ":latest")
    error_message = "image: name a tag or a digest other than latest, so that a restarted task runs the same version."
  }
}

variable "ecr_repository_arn" {
  description = "Repository of the image, if it is in ECR: the execution role may then pull it. Null or empty: a public image."
  type        = string
  default     = null
}

variable "cpu" {
  description = "CPU units of a task (1024 are one vCPU)."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu: Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 1024
  nullable    = false

  validation {
    condition = contains(lookup({
      256  = [512, 1024, 2048]
      512  = range(1024, 4097, 1024)
      1024 = range(2048, 8193, 1024)
      2048 = range(4096, 16385, 1024)
      4096 = range(8192, 30721, 1024)
    }, tostring(var.cpu), range(16384, 122881, 4096)), var.memory)
    error_message = "memory: Fargate has no task with cpu = ${var.cpu} and memory = ${var.memory}. 256 goes with 512 to 2048, 512 with 1024 to 4096, 1024 with 2048 to 8192, 2048 with 4096 to 16384, 4096 with 8192 to 30720, in steps of 1024."
  }
}

variable "architecture" {
  description = "ARM64 (about a fifth cheaper) or X86_64. The image must have it."
  type        = string
  default     = "ARM64"
  nullable    = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture: ARM64 or X86_64."
  }
}

variable "environment" {
  description = "Further environment variables, such as LOGFERRY_LOG_GROUP_PATTERN. Empty values mean unset. They win over those of the module."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "secrets" {
  description = "Environment variables from Secrets Manager or Parameter Store: name = ARN (for a key of a JSON secret ARN:KEY::), such as LOGFERRY_OPENSEARCH_PASSWORD."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[^:]+:(secretsmanager|ssm):", arn))])
    error_message = "secrets: each value is the ARN of a secret (arn:aws:secretsmanager:…) or parameter (arn:aws:ssm:…)."
  }
}

variable "secrets_kms_key_arns" {
  description = "KMS keys of the secrets. Not needed for AWS's own keys."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the log group keeps the lines of logferry itself."
  type        = number
  default     = 30
  nullable    = false
}

variable "log_kms_key_arn" {
  description = "KMS key of the log group. Null or empty: CloudWatch's own."
  type        = string
  default     = null
}

variable "log_configuration" {
  description = "Another log driver instead of a log group: awsfirelens with its options and secret_options. The metrics from log lines then have no data. Null: awslogs."
  type = object({
    driver         = string
    options        = optional(map(string), {})
    secret_options = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.log_configuration == null || contains(["awsfirelens", "splunk"], try(var.log_configuration.driver, ""))
    error_message = "log_configuration: Fargate has the drivers awsfirelens and splunk, beside awslogs, which is the default."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles that the module makes. Null or empty: none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
