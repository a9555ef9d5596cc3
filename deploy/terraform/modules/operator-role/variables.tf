variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 letters, digits and any of +=,.@_-"
  }
}

variable "queue_arn" {
  description = "Queue of the worker: redrive and replay --to-queue send to it."
  type        = string
}

variable "dead_letter_queue_arn" {
  description = "Dead-letter queue of SQS, which redrive empties."
  type        = string
}

variable "queue_kms_key_arn" {
  description = "KMS key of both queues. Null or empty: SSE-SQS."
  type        = string
  default     = null
}

variable "sources" {
  description = "Where the objects lie: buckets, each with the prefix of its keys. An empty prefix means the whole bucket."
  type = list(object({
    bucket = string
    prefix = optional(string, "")
  }))
  nullable = false

  validation {
    condition     = length(var.sources) > 0 && alltrue([for source in var.sources : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", source.bucket))])
    error_message = "sources: at least one, each with the name of a bucket (not its ARN or URL, and without wildcards)."
  }
}

variable "sources_kms_key_arns" {
  description = "KMS keys that encrypt the objects."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "dead_letters" {
  description = "Store of dead letters: bucket and prefix, and the KMS key of the bucket if it has one. Null: none in S3."
  type = object({
    bucket      = string
    prefix      = optional(string, "dead-letters")
    kms_key_arn = optional(string)
  })
  default = null
}

variable "replay_checkpoints" {
  description = "Bucket and prefix for the checkpoints of replay (--checkpoint s3://BUCKET/KEY). Null: only checkpoints in files."
  type = object({
    bucket      = string
    prefix      = optional(string, "replay")
    kms_key_arn = optional(string)
  })
  default = null
}

variable "opensearch" {
  description = "Domain or collection whose requests are signed: service es with the domain's ARN, or aoss with the collection's. Null: OpenSearch with user and password, or without."
  type = object({
    service = string
    arn     = string
  })
  default = null

  validation {
    condition     = var.opensearch == null || contains(["es", "aoss"], try(var.opensearch.service, ""))
    error_message = "opensearch.service: es (Amazon OpenSearch Service) or aoss (Serverless)."
  }
}

variable "export_checkpoints" {
  description = "Bucket and prefix of the exporter's checkpoints, which coverage reads. Null: coverage of URLs only."
  type = object({
    bucket      = string
    prefix      = optional(string, "logferry")
    kms_key_arn = optional(string)
  })
  default = null
}

variable "trusted_principal_arns" {
  description = "Users and roles that may assume this role, beside ECS tasks of this account. No wildcards."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.trusted_principal_arns : can(regex("^arn:[^:*]+:(iam|sts)::[0-9]{12}:[^*]+$", arn))])
    error_message = "trusted_principal_arns: ARNs of users or roles, without wildcards."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role. Null or empty: none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
