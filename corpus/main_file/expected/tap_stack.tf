variable "environment" {
  description = "Environment name"
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment is dev, staging or prod."
  }
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = { Environment = var.environment }
}

# Not formatted by anybody, and none of tapfix's business
resource "aws_s3_bucket" "drop"   {
    bucket= "drop-${var.environment}"
    force_destroy = true
    tags = merge(local.tags, var.extra_tags, { Name = "drop-${var.environment}" })
}

resource "aws_sqs_queue" "work" {
  name = "work-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "work-${var.environment}" })
}

output "queue_url" {
  description = "Where work is sent"
  value       = aws_sqs_queue.work.url
}
