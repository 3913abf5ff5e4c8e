variable "aws_region" {
  description = "AWS region"
  type        = string
  default     = "us-east-1"
}

variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

variable "db_password" {
  description = "Password of the database's owner"
  type        = string
  sensitive   = true
}

variable "subnet_ids" {
  description = "The private subnets"
  type        = list(string)
  default     = []
}

variable "keep_database" {
  description = "Whether the database is protected"
  type        = bool
  default     = false
}

locals {
  tags = {
    Environment = var.environment
  }
}

# The ledger. Nobody may delete it by accident.
resource "aws_db_instance" "ledger" {
  identifier          = "ledger-${var.environment}"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "ledger_owner"
  password            = var.db_password
  storage_encrypted   = true
  deletion_protection = var.keep_database
  skip_final_snapshot = true

  tags = merge(local.tags, var.extra_tags, { Name = "ledger-${var.environment}" })
}

resource "aws_s3_bucket" "statements" {
  bucket        = "ledger-statements-${var.environment}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, { Name = "ledger-statements-${var.environment}" })
}

resource "aws_lb" "api" {
  name                       = "ledger-${var.environment}"
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  enable_deletion_protection = false # only where it matters

  tags = merge(local.tags, var.extra_tags, { Name = "ledger-${var.environment}" })
}

resource "aws_secretsmanager_secret" "api_key" {
  name = "ledger/${var.environment}/api-key"

  tags = merge(local.tags, var.extra_tags, { Name = "ledger-${var.environment}-api-key" })
}

resource "aws_ecr_repository" "api" {
  name         = "ledger-${var.environment}"
  force_delete = true

  tags = merge(local.tags, var.extra_tags, { Name = "ledger-${var.environment}" })
}
