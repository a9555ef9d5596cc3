output "logging_configuration" {
  description = "What a function needs, as a block logging_config of aws_lambda_function or by the CLI."
  value = {
    log_format = "JSON"
    log_group  = module.delivery.log_group_names[0]
    cli        = "aws lambda update-function-configuration --function-name NAME --logging-config LogFormat=JSON,LogGroup=${module.delivery.log_group_names[0]}"
  }
}
