variable "environment" {
  description = "Environment name"
  type        = string
  default     = "dev"
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Environment = var.environment
  }
}

resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "alerts-${var.environment}" })
}

resource "random_id" "reports" {
  byte_length = 4
}

resource "aws_s3_bucket" "reports" {
  bucket        = "reports-${var.environment}-${random_id.reports.hex}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, {
    Name = "reports-${var.environment}"
  })
}

# Runs the migration each time
resource "terraform_data" "migrate" {
  triggers_replace = timestamp()
}

output "topic_arn" {
  description = "Where alerts go"
  value       = aws_sns_topic.alerts.arn
}
