variable "name" {
  description = "Name of the role by which CloudWatch Logs writes to the bucket, and of the subscriptions."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "log_group_names" {
  description = "Log groups of class DELIVERY to make. A function writes to one by its logging configuration; several may share one."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.log_group_names) > 0 && alltrue([for name in var.log_group_names : can(regex("^[A-Za-z0-9_/.#-]{1,512}$", name))])
    error_message = "log_group_names: at least one, each of 1 to 512 letters, digits and any of _/.#-"
  }

  validation {
    condition     = alltrue([for name in var.log_group_names : !startswith(name, "/aws/lambda/")])
    error_message = "log_group_names: Lambda makes groups below /aws/lambda/ itself, of class STANDARD, and the class of a group cannot be changed. Choose other names, such as /delivery/orders."
  }
}

variable "bucket_name" {
  description = "Bucket for the events, in the region of the groups."
  type        = string
}

variable "bucket_kms_key_arn" {
  description = "KMS key of the bucket. Null or empty: none."
  type        = string
  default     = null
}

variable "filter_pattern" {
  description = "Filter pattern of the subscriptions. Empty: all events."
  type        = string
  default     = ""
  nullable    = false
}

variable "log_kms_key_arn" {
  description = "KMS key of the log groups. Null or empty: CloudWatch's own."
  type        = string
  default     = null
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
