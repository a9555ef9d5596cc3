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

variable "bucket_name" {
  description = "Bucket that exists and has log objects below exports/ and firehose/."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster that exists, with Container Insights and the capacity providers of Fargate."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "opensearch_url" {
  description = "OpenSearch: https://… on port 443."
  type        = string
}

variable "opensearch_user" {
  description = "User of OpenSearch."
  type        = string
  default     = "logferry"
}

variable "opensearch_password_secret_arn" {
  description = "Secret of Secrets Manager that holds the password."
  type        = string
}
