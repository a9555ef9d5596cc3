variable "cluster_name" {
  description = "Cluster of the service: output cluster_name of module service."
  type        = string
}

variable "service_name" {
  description = "Service to scale: output service_name of module service."
  type        = string
}

variable "queue_name" {
  description = "Queue of the worker: output name of module queue."
  type        = string
}

variable "min_tasks" {
  description = "Fewest tasks. 0: an empty queue costs nothing; the first object waits a few minutes for a task, up to 15 more after six quiet hours."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_tasks >= 0 && floor(var.min_tasks) == var.min_tasks
    error_message = "min_tasks: a whole number from 0 on."
  }
}

variable "max_tasks" {
  description = "Most tasks. What OpenSearch can take decides, not the queue."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_tasks >= max(1, var.min_tasks) && floor(var.max_tasks) == var.max_tasks
    error_message = "max_tasks: a whole number, at least 1 and at least min_tasks."
  }
}

variable "backlog_per_task" {
  description = "Messages (visible and in flight) that one task shall have at most: acceptable delay divided by the time that a task takes for an object."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.backlog_per_task > 0
    error_message = "backlog_per_task: above 0."
  }
}

variable "scale_out_cooldown_seconds" {
  description = "Time after a scale-out in which only a larger one is made."
  type        = number
  default     = 60
  nullable    = false
}

variable "scale_in_cooldown_seconds" {
  description = "Time between two scale-ins."
  type        = number
  default     = 300
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
