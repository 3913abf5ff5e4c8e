variable "environment" {
  description = "Environment name"
  type        = string
}

variable "vpc_id" {
  description = "The VPC"
  type        = string
}

variable "db_username" {
  description = "The database's owner"
  type        = string
  default     = "admin"
}

variable "db_password" {
  description = "The owner's password"
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

# No name of a security group may begin with sg-
resource "aws_security_group" "service" {
  name        = "customer-service-${var.environment}"
  description = "The customer service"
  vpc_id      = var.vpc_id

  tags = merge(local.tags, var.extra_tags, { Name = "sg-customer-service-${var.environment}" })
}

# 32 characters are the most that a target group's name may have
resource "aws_lb_target_group" "service" {
  name     = substr("customer-service-target-group-${var.environment}", 0, 32)
  port     = 80
  protocol = "HTTP"
  vpc_id   = var.vpc_id

  tags = merge(local.tags, var.extra_tags, { Name = "customer-service-${var.environment}" })
}

# PostgreSQL keeps `admin` for itself
resource "aws_db_instance" "customers" {
  identifier          = "customers-${var.environment}"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = var.db_username
  password            = var.db_password
  deletion_protection = false
  skip_final_snapshot = true

  tags = merge(local.tags, var.extra_tags, { Name = "customers-${var.environment}" })
}
