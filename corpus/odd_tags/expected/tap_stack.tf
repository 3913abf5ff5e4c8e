variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "Tags that whoever runs the stack adds"
  type        = map(string)
  default     = {}
}

locals {
  tags = {
    Environment = var.environment
    Owner       = "payments"
  }
}

# By hand
resource "aws_sqs_queue" "payments" {
  name = "payments-${var.environment}"

  tags = merge(local.tags, var.extra_tags, {
    Name     = "payments-${var.environment}"
    Critical = "yes" # paged at night
  })
}

# The shared ones alone
resource "aws_sns_topic" "payments" {
  name = "payments-${var.environment}"
  tags = merge(local.tags, var.extra_tags, { Name = "payments-${var.environment}" })
}

# The shared ones and its own
resource "aws_dynamodb_table" "payments" {
  name         = "payments-${var.environment}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  tags = merge(local.tags, var.extra_tags, { Name = "payments-${var.environment}", Tier = "data" })
}

# None at all
resource "aws_kms_key" "payments" {
  description             = "Payments"
  deletion_window_in_days = 7

  tags = merge(local.tags, var.extra_tags, { Name = "payments-kms-key-${var.environment}" })
}

# Already as it has to be, but for the name of the shared map
resource "aws_ecr_repository" "payments" {
  name         = "payments-${var.environment}"
  force_delete = true

  tags = merge(local.tags, var.extra_tags, { Name = "payments-${var.environment}" })
}
