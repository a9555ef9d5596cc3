variable "name" {
  description = "Name of the queue. The dead-letter queue is called NAME-dead."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.name))
    error_message = "name: 1 to 75 letters, digits, hyphens and underscores. S3 cannot notify a FIFO queue, so a name with .fifo is refused too."
  }
}

variable "bucket_names" {
  description = "Buckets that may notify the queue directly."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "bucket_account_id" {
  description = "Account that owns the buckets. Null or empty: the account of the queue."
  type        = string
  default     = null

  validation {
    condition     = try(coalesce(var.bucket_account_id), null) == null || can(regex("^[0-9]{12}$", var.bucket_account_id))
    error_message = "bucket_account_id: an account has twelve digits."
  }
}

variable "event_rule_names" {
  description = "EventBridge rules (of the default bus, in this account and region) that may send to the queue."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "object_seconds" {
  description = "Longest usual time from the delivery of a message until its objects are settled. It is the measure of visibility_timeout_seconds."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.object_seconds > 0
    error_message = "object_seconds: give a time above 0 seconds."
  }
}

variable "visibility_timeout_seconds" {
  description = "Visibility timeout. The worker extends it at a third of its length; after a crash, a message comes back when it ends."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200
    error_message = "visibility_timeout_seconds: between 30 (with less, a slow extension loses messages) and 43200 (the limit of SQS)."
  }

  validation {
    condition     = var.visibility_timeout_seconds >= 6 * var.object_seconds
    error_message = "visibility_timeout_seconds: at least six times object_seconds (${6 * var.object_seconds} with object_seconds = ${var.object_seconds}), so that a message is not delivered to a second worker while the first still works on it."
  }
}

variable "retention_seconds" {
  description = "How long the queue keeps a message. It bounds how long OpenSearch may be away without a loss of messages."
  type        = number
  default     = 604800
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 86400 && var.retention_seconds < 1209600
    error_message = "retention_seconds: between 86400 (a day) and 1209599. A message keeps its age in the dead-letter queue, whose retention must be longer and is 1209600 (14 days) at most."
  }
}

variable "dead_letter_retention_seconds" {
  description = "How long the dead-letter queue keeps a message, counted from its first sending."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds <= 1209600
    error_message = "dead_letter_retention_seconds: at most 1209600 (14 days, the limit of SQS)."
  }

  validation {
    condition     = var.dead_letter_retention_seconds > var.retention_seconds
    error_message = "dead_letter_retention_seconds: longer than retention_seconds (${var.retention_seconds}). A message keeps its age when SQS moves it, so it would expire on its arrival."
  }
}

variable "max_receive_count" {
  description = "Deliveries of a message before SQS moves it to the dead-letter queue."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count: a whole number from 3 to 1000. The worker gives a message back while its bucket is paused, and each delivery counts."
  }
}

variable "kms_key_arn" {
  description = "KMS key of both queues. Null or empty: SSE-SQS, keys of SQS at no cost. The key's policy must allow S3 or EventBridge to use it: module kms."
  type        = string
  default     = null

  validation {
    condition     = try(coalesce(var.kms_key_arn), null) == null || can(regex("^arn:[^:]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a key (arn:aws:kms:…). An alias, and AWS's own key alias/aws/sqs, cannot be used: their policy does not allow S3."
  }
}

variable "kms_data_key_reuse_period_seconds" {
  description = "How long SQS reuses a data key before it calls KMS again. Longer is cheaper."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.kms_data_key_reuse_period_seconds >= 60 && var.kms_data_key_reuse_period_seconds <= 86400
    error_message = "kms_data_key_reuse_period_seconds: between 60 and 86400."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
