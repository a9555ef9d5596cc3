variable "name" {
  description = "Name of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name))
    error_message = "name: 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "kms_key_arn" {
  description = "KMS key of the objects, with a bucket key, which saves most calls to KMS. Null or empty: SSE-S3."
  type        = string
  default     = null
}

variable "expire_days" {
  description = "Days after which objects are deleted. Null: never. The documents in OpenSearch do not depend on the objects; a replay does."
  type        = number
  default     = null

  validation {
    condition     = var.expire_days == null || try(var.expire_days >= 1, false)
    error_message = "expire_days: at least 1."
  }
}

variable "versioned" {
  description = "Whether overwritten and deleted objects are kept for 30 days. Dead letters and checkpoints are rewritten often."
  type        = bool
  default     = false
  nullable    = false
}

variable "policy_statements" {
  description = "Further statements of the bucket's policy, such as output bucket_policy_statements of module export."
  type        = any
  default     = []
  nullable    = false
}

variable "force_destroy" {
  description = "Whether the bucket may be destroyed with its objects. For trials."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
