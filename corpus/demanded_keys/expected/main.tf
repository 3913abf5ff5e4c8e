# main.tf
variable "environment" {
  description = "Environment name"
  type        = string
}

variable "owner" {
  description = "The team that owns the stack"
  type        = string
  default     = "orders"
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      Owner       = var.owner
      ManagedBy   = "terraform"
      Environment = var.environment # as finance has it
    }
  }
}

provider "aws" {
  alias  = "backup"
  region = "eu-central-1"

  default_tags {
    tags = {
      Environment = var.environment
      Owner       = var.owner
      ManagedBy   = "terraform"
    }
  }
}

# The tags of the provider, and its own
resource "aws_sqs_queue" "jobs" {
  name = "jobs-${var.environment}"

  tags = {
    Tier = "data"
  }
}

# The tags of the provider alone
resource "aws_sns_topic" "alerts" {
  name = "alerts-${var.environment}"
}

# In the other region, whose provider has no default tags
resource "aws_s3_bucket" "copies" {
  provider      = aws.backup
  bucket_prefix = "copies-${var.environment}-"
  force_destroy = true
}

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

variable "ami_id" {
  description = "AMI of the workers; the latest Amazon Linux by default"
  type        = string
  default     = null
}

# Default tags do not reach what a launch template starts
resource "aws_launch_template" "workers" {
  name_prefix   = "workers-${var.environment}-"
  image_id      = coalesce(var.ami_id, data.aws_ssm_parameter.image.value)
  instance_type = "t3.micro"

  tag_specifications {
    resource_type = "instance"

    tags = {
      Environment = var.environment
      Owner       = var.owner
      ManagedBy   = "terraform"
      Name        = "worker-${var.environment}"
    }
  }
}

# Nor Auto Scaling groups
resource "aws_autoscaling_group" "workers" {
  name_prefix        = "workers-${var.environment}-"
  min_size           = 1
  max_size           = 3
  availability_zones = data.aws_availability_zones.available.names

  launch_template {
    id      = aws_launch_template.workers.id
    version = aws_launch_template.workers.latest_version
  }

  tag {
    key                 = "Tier"
    value               = "workers"
    propagate_at_launch = false
  }

  tag {
    key                 = "Environment"
    value               = var.environment
    propagate_at_launch = false
  }

  tag {
    key                 = "Owner"
    value               = var.owner
    propagate_at_launch = false
  }

  tag {
    key                 = "ManagedBy"
    value               = "terraform"
    propagate_at_launch = false
  }
}
