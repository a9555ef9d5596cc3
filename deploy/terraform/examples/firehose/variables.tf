variable "region" {
  description = "Region of everything here."
  type        = string
  default     = "eu-central-1"
}

variable "log_bucket_name" {
  description = "Bucket to make for the events. Its notifications are the business of example complete or eventbridge."
  type        = string
}

variable "worker_log_group_names" {
  description = "Log groups of logferry itself, which must not be subscribed."
  type        = list(string)
  default     = ["/logferry/logferry", "/logferry/logferry-export"]
}
