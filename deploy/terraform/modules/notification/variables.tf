variable "name" {
  description = "Name of the EventBridge rule, and prefix of the queue for events that it could not deliver. Unused with via = \"s3\"."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "bucket_name" {
  description = "Bucket whose new objects are announced."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name: the name of a bucket (3 to 63 lower-case letters, digits, dots and hyphens), not its ARN or URL."
  }
}

variable "queue_arn" {
  description = "Queue of the worker: output arn of module queue."
  type        = string
}

variable "via" {
  description = "s3: the bucket notifies the queue. eventbridge: through a rule of EventBridge, for buckets whose notifications somebody else manages, or with several consumers."
  type        = string
  default     = "s3"
  nullable    = false

  validation {
    condition     = contains(["s3", "eventbridge"], var.via)
    error_message = "via: s3 or eventbridge."
  }
}

variable "prefixes" {
  description = "Only keys that begin with one of these. Empty: all keys."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue(flatten([
      for i, one in var.prefixes : [for j, other in var.prefixes : i == j || !startswith(one, other)]
    ]))
    error_message = "prefixes: one begins with another. S3 refuses rules that overlap; keep the shorter one."
  }
}

variable "suffix" {
  description = "Only keys that end with this. Null or empty: all keys."
  type        = string
  default     = null
}

variable "manage_bucket_notification" {
  description = "Whether this module owns the notification configuration of the bucket. A bucket has one configuration: what others set there is overwritten. false: for via = \"eventbridge\" where EventBridge is switched on elsewhere."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.manage_bucket_notification || var.via == "eventbridge"
    error_message = "manage_bucket_notification: false only goes with via = \"eventbridge\". Direct notifications are the bucket's configuration: add a queue block with output queue_configuration where it is managed."
  }
}

variable "kms_key_arn" {
  description = "KMS key of the queue for undelivered events. Null or empty: SSE-SQS."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
