variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Environment = var.environment
    ManagedBy   = "terraform"
  }
}

resource "aws_ecr_repository" "jobs" {
  name         = "jobs-${var.environment}"
  force_delete = true

  tags = merge(local.tags, var.extra_tags, {
    Name = "jobs-${var.environment}"
  })
}
