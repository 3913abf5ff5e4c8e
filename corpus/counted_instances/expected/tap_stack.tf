variable "environment" {
  description = "Environment name"
  type        = string
}

variable "vpc_id" {
  description = "The VPC that the web servers run in"
  type        = string
}

variable "private_subnet_ids" {
  description = "Its private subnets"
  type        = list(string)
}

variable "web_count" {
  description = "How many web servers there are"
  type        = number
  default     = 2
}

variable "ami_id" {
  description = "The image of the web servers; the newest Amazon Linux 2 if it is empty"
  type        = string
  default     = ""
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

variable "asg_min_size" {
  description = "Smallest number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

variable "asg_max_size" {
  description = "Largest number of instances in the Auto Scaling group"
  type        = number
  default     = 4
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
}

resource "aws_security_group" "web" {
  name   = "web-${var.environment}"
  vpc_id = var.vpc_id

  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  tags = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })
}

resource "aws_lb_target_group" "web" {
  name     = "web-${var.environment}"
  port     = 80
  protocol = "HTTP"
  vpc_id   = var.vpc_id

  # The page that the servers write at boot
  health_check {
    path = "/health"
  }

  tags = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })
}

# The web servers, spread over the private subnets
resource "aws_launch_template" "web" {
  name_prefix            = "web-${var.environment}-"
  image_id               = var.ami_id != "" ? var.ami_id : data.aws_ami.amazon_linux_2.id
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]

  user_data = base64encode(<<-EOF
    #!/bin/bash
    # every server says who it is
    mkdir -p /var/www/html
    echo ok > /var/www/html/health
    cd /var/www/html && nohup python3 -m http.server 80 &
  EOF
  )

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = 20
      encrypted   = true
    }
  }

  tag_specifications {
    resource_type = "instance"

    tags = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })
  }

  tag_specifications {
    resource_type = "volume"

    tags = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })
  }

  tags = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "web" {
  name_prefix               = "web-${var.environment}-"
  vpc_zone_identifier       = var.private_subnet_ids
  min_size                  = var.asg_min_size
  max_size                  = var.asg_max_size
  desired_capacity          = var.web_count
  target_group_arns         = [aws_lb_target_group.web.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 300

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, var.extra_tags, { Name = "web-${var.environment}" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

output "target_group_arn" {
  description = "What the listener forwards to"
  value       = aws_lb_target_group.web.arn
}
