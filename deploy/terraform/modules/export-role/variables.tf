variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 letters, digits and any of +=,.@_-"
  }
}

variable "destination" {
  description = "Bucket and prefix of the exported objects, as in --destination s3://BUCKET/PREFIX. The bucket must be in this region."
  type = object({
    bucket      = string
    prefix      = optional(string, "")
    kms_key_arn = optional(string)
  })
  nullable = false
}

variable "checkpoints" {
  description = "Bucket and prefix of the checkpoints, as in --checkpoints s3://BUCKET/PREFIX."
  type = object({
    bucket      = string
    prefix      = optional(string, "logferry")
    kms_key_arn = optional(string)
  })
  nullable = false

  validation {
    condition     = var.checkpoints.bucket != var.destination.bucket || !startswith("${trim(var.checkpoints.prefix, "/")}/", "${trim(var.destination.prefix, "/")}/") || trim(var.destination.prefix, "/") == ""
    error_message = "checkpoints: below the destination's prefix each checkpoint would notify the worker's queue. Choose another prefix or bucket."
  }
}

variable "log_group_arns" {
  description = "Log groups that may be exported, as ARNs without the final :*. Empty: all groups below /aws/lambda/ of this account and region."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "reads_tags" {
  description = "Whether groups are selected by tags (--log-group-tag)."
  type        = bool
  default     = false
  nullable    = false
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
