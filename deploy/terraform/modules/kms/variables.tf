variable "name" {
  description = "Alias of the key, without alias/."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9/_-]{1,200}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "name: letters, digits, slashes, hyphens and underscores; aws/ is reserved."
  }
}

variable "bucket_names" {
  description = "Buckets whose notifications go to an encrypted queue."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "event_rule_names" {
  description = "EventBridge rules that send to an encrypted queue."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "export_log_groups" {
  description = "Whether export tasks of CloudWatch Logs write objects under this key."
  type        = bool
  default     = false
  nullable    = false
}

variable "encrypt_log_groups" {
  description = "Log groups (names, or names that end with *) that are encrypted with this key."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "deletion_window_days" {
  description = "Days between the deletion of the key and its end."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days: between 7 and 30."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
