variable "region" {
  description = "Region of everything here."
  type        = string
  default     = "eu-central-1"
}

variable "name" {
  description = "Prefix of all names."
  type        = string
  default     = "logferry"
}

variable "image" {
  description = "Image of logferry with its version."
  type        = string
}

variable "ecr_repository_arn" {
  description = "Repository of the image, if it is in ECR."
  type        = string
  default     = null
}

variable "log_bucket_name" {
  description = "Bucket to make for the log objects."
  type        = string
}

variable "state_bucket_name" {
  description = "Bucket to make for dead letters and checkpoints of replay."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets with NAT, or with endpoints for S3, SQS, ECR and CloudWatch Logs."
  type        = list(string)
}

variable "opensearch_domain_arn" {
  description = "ARN of the domain of Amazon OpenSearch Service."
  type        = string
}

variable "opensearch_url" {
  description = "Endpoint of the domain: https://…"
  type        = string
}

variable "alarm_email" {
  description = "Address for alarms. Null: the topic has no subscriber."
  type        = string
  default     = null
}

variable "on_call_role_arns" {
  description = "Roles of the people who may look after dead letters."
  type        = list(string)
  default     = []
}
