variable "name" {
  description = "Name of the service and of what belongs to it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name: 1 to 50 letters, digits, hyphens and underscores."
  }
}

variable "task_role_arn" {
  description = "Role of the worker: output arn of module worker-role."
  type        = string
}

variable "queue_url" {
  description = "Queue of the worker: LOGFERRY_QUEUE_URL."
  type        = string

  validation {
    condition     = can(regex("^https?://.*[^/]$", var.queue_url))
    error_message = "queue_url: the URL of the queue (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME), without a slash at its end."
  }
}

variable "bucket_names" {
  description = "Buckets, or patterns of them, that a message may name: LOGFERRY_ALLOW_BUCKET. Whoever can send to the queue could else choose what is read."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.bucket_names) > 0 && alltrue([for name in var.bucket_names : can(regex("^[A-Za-z0-9._*-]+$", name))])
    error_message = "bucket_names: at least one name or pattern of letters, digits, dots, hyphens, underscores and *."
  }
}

variable "expected_bucket_owner" {
  description = "Account that must own the buckets: LOGFERRY_EXPECTED_BUCKET_OWNER. Null: this account. Empty: not checked."
  type        = string
  default     = null
}

variable "opensearch_urls" {
  description = "OpenSearch, one node or several of one cluster: LOGFERRY_OPENSEARCH_URL. Without user and password: these belong into secrets."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.opensearch_urls) > 0 && alltrue([for url in var.opensearch_urls : can(regex("^https?://[^@,]+$", url))])
    error_message = "opensearch_urls: at least one http:// or https:// URL, without user:password@ (use opensearch_user and secrets) and without commas."
  }
}

variable "opensearch_user" {
  description = "User for basic authentication: LOGFERRY_OPENSEARCH_USER. Its password comes by secrets: LOGFERRY_OPENSEARCH_PASSWORD."
  type        = string
  default     = null

  validation {
    condition     = try(coalesce(var.opensearch_user), null) == null || contains(keys(var.secrets), "LOGFERRY_OPENSEARCH_PASSWORD")
    error_message = "opensearch_user: give its password as secrets = { LOGFERRY_OPENSEARCH_PASSWORD = ARN }."
  }
}

variable "opensearch_aws_service" {
  description = "es or aoss: signs requests with the task's role (LOGFERRY_OPENSEARCH_AWS_SERVICE). Null or empty: not signed."
  type        = string
  default     = null

  validation {
    condition     = try(coalesce(var.opensearch_aws_service), null) == null || contains(["es", "aoss"], coalesce(var.opensearch_aws_service, "-"))
    error_message = "opensearch_aws_service: es or aoss."
  }

  validation {
    condition     = try(coalesce(var.opensearch_aws_service), null) == null || try(coalesce(var.opensearch_user), null) == null
    error_message = "opensearch_aws_service: signed requests have no user; leave opensearch_user out."
  }
}

variable "index_prefix" {
  description = "Prefix of the indices: LOGFERRY_INDEX_PREFIX. Null or empty: logferry."
  type        = string
  default     = null
}

variable "setup" {
  description = "Whether the worker makes templates and aliases at its start (LOGFERRY_SETUP). false: run `logferry setup` once, and after an update."
  type        = bool
  default     = false
  nullable    = false
}

variable "dead_letters" {
  description = "Store of rejected documents and broken objects: s3://BUCKET/PREFIX or opensearch:INDEX (LOGFERRY_DEAD_LETTERS). Null or empty: they are left to the queue's redrive policy."
  type        = string
  default     = null

  validation {
    condition     = try(coalesce(var.dead_letters), null) == null || can(regex("^(s3://[a-z0-9][a-z0-9.-]+|opensearch:.+)", var.dead_letters))
    error_message = "dead_letters: s3://BUCKET/PREFIX or opensearch:INDEX. A folder (file:///) would end with the task."
  }
}

variable "drain_timeout_seconds" {
  description = "Time for unfinished work after SIGTERM: LOGFERRY_DRAIN_TIMEOUT."
  type        = number
  default     = 25
  nullable    = false

  validation {
    condition     = var.drain_timeout_seconds >= 1
    error_message = "drain_timeout_seconds: at least 1."
  }
}

variable "stop_timeout_seconds" {
  description = "Time between SIGTERM and SIGKILL: at least drain_timeout_seconds + 10, at most 120."
  type        = number
  default     = 45
  nullable    = false
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks, with a way to SQS, S3, OpenSearch, the image and CloudWatch: NAT, endpoints, or public addresses."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids: at least one; two in different zones survive the loss of a zone."
  }
}

variable "assign_public_ip" {
  description = "Whether tasks have public addresses: for public subnets without NAT. Nothing can connect to them either way, except metrics_security_group_ids."
  type        = bool
  default     = false
  nullable    = false
}

variable "opensearch_port" {
  description = "Port of OpenSearch, for the security group."
  type        = number
  default     = 443
  nullable    = false
}

variable "opensearch_cidr_blocks" {
  description = "Networks of OpenSearch, if its port is not 443. Port 443 is open to all: SQS, S3, ECR and CloudWatch have no fixed addresses."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.opensearch_port == 443 || length(var.opensearch_cidr_blocks) > 0
    error_message = "opensearch_cidr_blocks: name the networks that have OpenSearch on port ${var.opensearch_port}; the security group opens port 443 only."
  }
}

variable "security_group_ids" {
  description = "Further security groups of the tasks."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "metrics_security_group_ids" {
  description = "Security groups that may read /metrics, /livez and /readyz on port 9090. Empty: nobody."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "create_cluster" {
  description = "Whether to make an ECS cluster, with Container Insights, which the scaling needs. false: cluster_name is one that exists."
  type        = bool
  default     = true
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the cluster. Null or empty: name."
  type        = string
  default     = null

  validation {
    condition     = var.create_cluster || try(coalesce(var.cluster_name), null) != null
    error_message = "cluster_name: with create_cluster = false, name the cluster that exists."
  }
}

variable "spot" {
  description = "Whether tasks run on Fargate Spot: about 70 % cheaper. A task that AWS takes back gets SIGTERM two minutes before, drains, and loses nothing."
  type        = bool
  default     = false
  nullable    = false
}

variable "on_demand_tasks" {
  description = "With spot, the number of tasks (the first ones) that are not on Spot: they go on when Spot has no capacity."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.on_demand_tasks >= 0 && var.on_demand_tasks <= 1000 && floor(var.on_demand_tasks) == var.on_demand_tasks
    error_message = "on_demand_tasks: a whole number from 0 on."
  }
}

variable "initial_tasks" {
  description = "Tasks at the first apply. Later applies leave the number to the scaling."
  type        = number
  default     = 1
  nullable    = false
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
