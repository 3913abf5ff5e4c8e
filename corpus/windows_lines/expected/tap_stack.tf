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

/* The bucket holds
   what the scanners send. */
resource "aws_s3_bucket" "scans" {
  bucket        = "scans-${var.environment}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, { Name = "scans-${var.environment}" })
}

resource "aws_secretsmanager_secret" "scanner" {
  name        = "scanner-${var.environment}"
  description = <<-EOT
    The scanner's key.
  EOT

  tags = merge(local.tags, var.extra_tags, {
    Name = "scanner-${var.environment}"
  })
}
