variable "region" {
  description = "Region of everything here."
  type        = string
  default     = "eu-central-1"
}

variable "image" {
  description = "Image of logferry with its version."
  type        = string
}

variable "log_bucket_name" {
  description = "Bucket to make for the exported objects. Its notifications are the business of example complete or eventbridge."
  type        = string
}

variable "state_bucket_name" {
  description = "Bucket to make for the checkpoints."
  type        = string
}

variable "cluster_arn" {
  description = "ECS cluster with the capacity providers of Fargate."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the task."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the task, with port 443 outwards."
  type        = list(string)
}

variable "alarm_topic_arn" {
  description = "SNS topic for alarms, whose policy lets cloudwatch.amazonaws.com and events.amazonaws.com publish. Null: none."
  type        = string
  default     = null
}
