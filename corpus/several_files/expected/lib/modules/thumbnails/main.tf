variable "environment" {
  description = "Environment name"
  type        = string
}

variable "tags" {
  description = "The tags of the caller"
  type        = map(string)
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  tags = var.tags
}

resource "aws_ecr_repository" "thumbnails" {
  name         = "thumbnails-${var.environment}"
  force_delete = true
  tags = merge(local.tags, var.extra_tags, {
    Name = "thumbnails-${var.environment}"
  })
}

output "repository_url" {
  description = "Where the image is pushed to"
  value       = aws_ecr_repository.thumbnails.repository_url
}
