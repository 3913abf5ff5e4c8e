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

resource "aws_s3_bucket" "artefacts" {
  bucket        = "artefacts-${var.environment}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, { Name = "artefacts-${var.environment}" })
}

resource "aws_s3_bucket_versioning" "artefacts" {
  bucket = aws_s3_bucket.artefacts.id

  versioning_configuration {
    status = "Enabled"
  }
}
