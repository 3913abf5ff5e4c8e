variable "environment" {
  description = "Environment name"
  type        = string
}

variable "aws_region" {
  description = "AWS region"
  type        = string
  default     = "eu-central-1"
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}
