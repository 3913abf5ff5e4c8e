variable "environment" {
  description = "Environment name"
  type        = string
}

variable "vpc_id" {
  description = "The VPC whose traffic is logged"
  type        = string
}

variable "admin_password" {
  description = "The password of the console"
  type        = string
  sensitive   = true
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = { Environment = var.environment }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "audit" {
  name               = "audit-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume.json

  tags = merge(local.tags, var.extra_tags, { Name = "audit-${var.environment}" })
}

# There is no such policy: its path is service-role/
resource "aws_iam_role_policy_attachment" "audit_logs" {
  role       = aws_iam_role.audit.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_s3_bucket" "audit" {
  bucket        = "audit-${var.environment}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, { Name = "audit-${var.environment}" })
}

resource "aws_s3_bucket_lifecycle_configuration" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    # a year is what the auditors want
    expiration {
      days = 365
    }
  }
}

resource "aws_flow_log" "vpc" {
  vpc_id               = var.vpc_id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.audit.arn # an older provider called it that

  tags = merge(local.tags, var.extra_tags, { Name = "audit-${var.environment}" })
}

resource "aws_eip" "audit" {
  domain = "vpc"

  tags = merge(local.tags, var.extra_tags, { Name = "audit-${var.environment}" })
}

resource "aws_ssm_parameter" "admin_password" {
  name  = "/audit/${var.environment}/admin-password"
  type  = "SecureString"
  value = var.admin_password

  tags = merge(local.tags, var.extra_tags, { Name = "audit-${var.environment}-admin-password" })
}
