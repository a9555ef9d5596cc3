variable "name" {
  description = "Name of the stream, and prefix of its roles and log group."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name: 1 to 50 letters, digits, hyphens and underscores."
  }
}

variable "bucket_name" {
  description = "Bucket for the events."
  type        = string
}

variable "prefix" {
  description = "Prefix of the keys; Firehose adds YYYY/MM/DD/HH/ in UTC."
  type        = string
  default     = "firehose/"
  nullable    = false

  validation {
    condition     = var.prefix == "" || endswith(var.prefix, "/")
    error_message = "prefix: end it with a slash."
  }
}

variable "error_prefix" {
  description = "Prefix of records that Firehose could not process. Below prefix they notify the queue too: the worker reads them from Firehose's report."
  type        = string
  default     = "firehose-errors/"
  nullable    = false
}

variable "bucket_kms_key_arn" {
  description = "KMS key of the bucket. Null or empty: none."
  type        = string
  default     = null
}

variable "stream_kms_key_arn" {
  description = "KMS key of the stream's buffer. Null or empty: a key of Firehose."
  type        = string
  default     = null
}

variable "buffer_megabytes" {
  description = "Size of the buffer: the largest object, before compression. Fewer and larger objects are cheaper."
  type        = number
  default     = 64
  nullable    = false

  validation {
    condition     = var.buffer_megabytes >= 1 && var.buffer_megabytes <= 128
    error_message = "buffer_megabytes: between 1 and 128."
  }
}

variable "buffer_seconds" {
  description = "Longest time in the buffer: the delay of the logs."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.buffer_seconds >= 0 && var.buffer_seconds <= 900
    error_message = "buffer_seconds: between 0 and 900."
  }
}

variable "log_group_names" {
  description = "Log groups to subscribe, one by one. Use either this or account_policy."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "account_policy" {
  description = "Subscribes all log groups of the account and region but excluded_log_groups. CloudWatch allows one such policy in an account and region."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.account_policy != (length(var.log_group_names) > 0)
    error_message = "account_policy: give either account_policy = true or log_group_names. With both, each event would come twice, with neither none."
  }
}

variable "excluded_log_groups" {
  description = "Log groups that the account policy leaves out, beside the one of Firehose's errors: at least those of logferry itself."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = !var.account_policy || length(var.excluded_log_groups) > 0
    error_message = "excluded_log_groups: name at least the log groups of logferry (/logferry/NAME). Otherwise the worker's own lines come back to it for ever."
  }
}

variable "filter_pattern" {
  description = "Filter pattern of the subscriptions. Empty: all events."
  type        = string
  default     = ""
  nullable    = false
}

variable "system_fields" {
  description = "Fields that CloudWatch adds to each event, @aws.account and @aws.region, for a central account. Not with account_policy."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for field in var.system_fields : contains(["@aws.account", "@aws.region"], field)])
    error_message = "system_fields: @aws.account and @aws.region."
  }
}

variable "log_retention_days" {
  description = "Days that the log group keeps the errors of Firehose."
  type        = number
  default     = 30
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles. Null or empty: none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
