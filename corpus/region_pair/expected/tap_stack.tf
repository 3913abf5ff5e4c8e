terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "aws_region" {
  description = "The region that the stack is deployed to"
  type        = string
  default     = "us-east-1"
}

variable "project" {
  description = "Prefix of all names"
  type        = string
  default     = "orders"
}

locals {
  tags = {
    Project   = var.project
    ManagedBy = "terraform"
  }

  vpc_cidr = var.vpc_cidr
}

provider "aws" {
  region = var.aws_region
}

# --- Shared -----------------------------------------------------------------

# One role for the flow logs of both regions
resource "aws_iam_role" "flow_logs" {
  name = "${var.project}-flow-logs-${var.environment}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
    }]
  })
  tags = merge(local.tags, var.extra_tags, { Name = "${var.project}-flow-logs" })
}

variable "extra_tags" {
  description = "Tags that whoever runs the stack adds"
  type        = map(string)
  default     = {}
}

variable "environment" {
  description = "Environment to deploy (dev, staging, prod)"
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment must be one of: dev, staging, prod."
  }
}

variable "vpc_cidr" {
  description = "vpc_cidr of the environment"
  type        = string
}

resource "aws_vpc" "vpc" {
  cidr_block           = local.vpc_cidr
  enable_dns_hostnames = true # needed by the endpoints

  tags = merge(local.tags, var.extra_tags, { Name = "${var.project}-vpc-${var.environment}" })
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.vpc.id
  cidr_block        = cidrsubnet(local.vpc_cidr, 8, count.index)
  availability_zone = element(["${var.aws_region}a", "${var.aws_region}b"], count.index)

  tags = merge(local.tags, var.extra_tags, { Name = "${var.project}-private-${count.index + 1}-${var.environment}" })
}

resource "aws_sqs_queue" "orders" {
  name                       = "${var.project}-queue-${var.environment}"
  visibility_timeout_seconds = 60

  tags = merge(local.tags, var.extra_tags, { Name = "${var.project}-queue-${var.environment}" })
}

# --- Outputs ----------------------------------------------------------------

output "vpc_id" {
  description = "The VPC"
  value       = aws_vpc.vpc.id
}

output "flow_logs_role_arn" {
  description = "The role of the flow logs"
  value       = aws_iam_role.flow_logs.arn
}
