variable "name" {
  description = "Prefix of the alarms, and namespace of the metrics from log lines: logferry/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,100}$", var.name))
    error_message = "name: 1 to 100 letters, digits, hyphens and underscores."
  }
}

variable "queue_name" {
  description = "Queue of the worker."
  type        = string
}

variable "dead_letter_queue_name" {
  description = "Dead-letter queue of SQS."
  type        = string
}

variable "undelivered_queue_name" {
  description = "Queue with events that EventBridge could not deliver (module notification). Null or empty: none."
  type        = string
  default     = null
}

variable "worker_log_group_name" {
  description = "Log group of the worker: its lines of settled objects count dead letters. Null or empty: no alarm on the store of dead letters."
  type        = string
  default     = null
}

variable "metrics_from_logs" {
  description = "Whether worker_log_group_name is given. It is a switch of its own, since the name may be known only after an apply."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.metrics_from_logs || try(coalesce(var.worker_log_group_name), null) != null
    error_message = "metrics_from_logs: give worker_log_group_name, or set metrics_from_logs = false (with another log driver than awslogs)."
  }
}

variable "oldest_message_seconds" {
  description = "Age of the oldest message that raises the alarm."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.oldest_message_seconds >= 60
    error_message = "oldest_message_seconds: at least 60, the resolution of SQS's metrics."
  }
}

variable "drain_seconds" {
  description = "Lag that raises the alarm: the time in which the workers, at their present rate, would empty the queue."
  type        = number
  default     = 1800
  nullable    = false

  validation {
    condition     = var.drain_seconds >= 60 && var.drain_seconds < 86400
    error_message = "drain_seconds: between 60 and 86399. 86400 stands for a queue that nobody empties."
  }
}

variable "evaluation_minutes" {
  description = "Minutes that age and lag must last."
  type        = number
  default     = 10
  nullable    = false
}

variable "alarm_actions" {
  description = "ARNs to notify of an alarm, such as an SNS topic."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "ok_actions" {
  description = "ARNs to notify when an alarm ends."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
