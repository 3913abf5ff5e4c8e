variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = { Environment = var.environment }
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/app/${var.environment}"
  retention_in_days = 14

  tags = merge(local.tags, var.extra_tags, { Name = "app-${var.environment}" })
}

resource "aws_kms_key" "app" {
  description = "The app"

  tags = merge(local.tags, var.extra_tags, { Name = "app-${var.environment}" })
}

# Sends an e-mail when the app logs an error
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors-${var.environment}"
  log_group_name = aws_cloudwatch_log_group.app.name
  pattern        = "ERROR"

  metric_transformation {
    name      = "Errors"
    namespace = "App/${var.environ
