variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

variable "ami_id" {
  description = "AMI of the instances (null: the newest Amazon Linux 2)"
  type        = string
  default     = null
}

locals {
  tags = { Environment = var.environment }
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

# Runs the nightly reports
resource "aws_launch_template" "reports" {
  name          = "reports-${var.environment}"
  image_id      = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type = "t3.small"

  tags = merge(local.tags, var.extra_tags, { Name = "reports-${var.environment}" })
}

output "launch_template_id" {
  description = "What the scheduler starts"
  value       = aws_launch_template.reports.id
}
