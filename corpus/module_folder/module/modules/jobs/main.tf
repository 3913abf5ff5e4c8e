variable "environment" {
  description = "Environment name"
  type        = string
}

resource "aws_ecr_repository" "jobs" {
  name = "jobs-${var.environment}"
}
