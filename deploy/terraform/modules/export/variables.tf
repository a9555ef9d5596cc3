variable "name" {
  description = "Name of the schedule and of what belongs to it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name: 1 to 50 letters, digits, hyphens and underscores."
  }
}

variable "destination" {
  description = "Bucket and prefix for the exported objects: LOGFERRY_EXPORT_DESTINATION. The bucket must be in this region, and its policy must have output bucket_policy_statements."
  type = object({
    bucket      = string
    prefix      = optional(string, "exports")
    kms_key_arn = optional(string)
  })
  nullable = false
}

variable "checkpoints" {
  description = "Bucket and prefix for the checkpoints: LOGFERRY_EXPORT_CHECKPOINTS. Not a prefix whose objects notify the worker's queue."
  type = object({
    bucket      = string
    prefix      = optional(string, "logferry")
    kms_key_arn = optional(string)
  })
  nullable = false
}

variable "all_lambda" {
  description = "Exports all log groups below /aws/lambda/: LOGFERRY_EXPORT_ALL_LAMBDA."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_group_names" {
  description = "Log groups to export, of class STANDARD: LOGFERRY_EXPORT_LOG_GROUP."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.all_lambda || length(var.log_group_names) > 0
    error_message = "log_group_names: name the groups to export, or set all_lambda = true. Tags only filter what these name."
  }
}

variable "log_group_tags" {
  description = "Of these groups, only those that have all these tags, KEY=VALUE or KEY alone: LOGFERRY_EXPORT_LOG_GROUP_TAG."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.log_group_tags : can(regex("^[^,=][^,]*$", tag))])
    error_message = "log_group_tags: KEY=VALUE or KEY, without commas."
  }
}

variable "initial" {
  description = "How far back to begin with a group without a checkpoint: LOGFERRY_EXPORT_INITIAL."
  type        = string
  default     = "24h"
  nullable    = false
}

variable "overlap" {
  description = "How much of the last window the next one exports again: LOGFERRY_EXPORT_OVERLAP."
  type        = string
  default     = "15m"
  nullable    = false
}

variable "lateness" {
  description = "How long before now a window ends: LOGFERRY_EXPORT_LATENESS. CloudWatch can take 12 hours until an event can be exported."
  type        = string
  default     = "12h"
  nullable    = false
}

variable "schedule_expression" {
  description = "When to export what is due: rate(1 hour), cron(0 3 * * ? *). Two exports at once do no harm: checkpoints are written by conditional puts."
  type        = string
  default     = "rate(1 hour)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule_expression))
    error_message = "schedule_expression: rate(1 hour) or cron(0 3 * * ? *)."
  }
}

variable "schedule_timezone" {
  description = "Time zone of a cron expression."
  type        = string
  default     = "UTC"
  nullable    = false
}

variable "missed_hours" {
  description = "Hours without one completed export that raise the alarm. A day's window of many groups can take hours: CloudWatch runs one task at a time."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.missed_hours >= 1 && var.missed_hours <= 24 && floor(var.missed_hours) == var.missed_hours
    error_message = "missed_hours: a whole number from 1 to 24 (an alarm of CloudWatch looks back one day)."
  }
}

variable "alarm_actions" {
  description = "ARNs to notify of an alarm, such as an SNS topic."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "cluster_arn" {
  description = "Cluster that runs the task: output cluster_arn of module service."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the task, with a way to CloudWatch Logs, S3 and the image."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids: at least one."
  }
}

variable "security_group_ids" {
  description = "Security groups of the task: port 443 outwards is enough."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids: at least one, such as output security_group_id of module service."
  }
}

variable "assign_public_ip" {
  description = "Whether the task has a public address: for public subnets without NAT."
  type        = bool
  default     = false
  nullable    = false
}

variable "spot" {
  description = "Whether the task runs on Fargate Spot. One that AWS takes back is continued by the next."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key of the queue for schedules that could not start a task. Null or empty: SSE-SQS."
  type        = string
  default     = null
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
  default     = 256
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu: Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 512
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
